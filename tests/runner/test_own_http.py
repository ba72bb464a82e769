"""Collectors that do their own HTTP: the core waits for their turn and hears of their refusals."""

from __future__ import annotations

from typing import Any

import pytest

from jobtracker_core import Blocked, Private, RateLimited, Transient
from jobtracker_core.contract.host import Grant, Proxy
from jobtracker_core.contract.run import RunState
from jobtracker_core.runner.dry import DryHost

OWN = frozenset({"own_http", "details", "resume"})
SECRET = "canary-user:canary-word"


class Listening(DryHost):
    """Keeps what the core asks and tells; has two proxies if it is to."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Any] = []
        self.pool: list[Proxy] = []
        self.grants: list[Grant] = []

    def acquire(self, key: str, **_rate: Any) -> Grant:
        self.said.append(key)
        return self.grants.pop(0) if self.grants else Grant()

    def slow_down(self, key: str, *, cause: Any, retry_after: float | None = None) -> None:
        self.said.append((key, cause, retry_after))

    def proxy(self, *, failed: int | None = None, cause: Any = "proxy") -> Proxy | None:
        if failed is not None:
            self.said.append((failed, cause))
            self.pool = [one for one in self.pool if one.id != failed]
        return self.pool[0] if self.pool else None


@pytest.fixture
def kit(kit):
    kit.host = Listening()
    return kit


@pytest.fixture
def pool(kit) -> None:
    kit.host.pool = [
        Proxy(id=n, label=f"p{n}", url=f"http://{SECRET}@p{n}.example:80") for n in (1, 2)
    ]


def test_it_waits_before_every_page_and_every_detail(kit) -> None:
    result = kit.run(kit.paged(5), lambda ref, ctx: kit.posting(int(ref.source_id)), features=OWN)
    assert result.outcome.state is RunState.SUCCEEDED
    # Two pages, a look for a third one, five details.
    assert kit.host.said == ["site:board.example"] * 8
    assert (result.counts.http_requests, result.counts.details) == (8, 5)


def test_others_wait_in_their_client(kit) -> None:
    kit.run(kit.paged(5), lambda ref, ctx: kit.posting(int(ref.source_id)))
    assert kit.host.said == []


def test_a_site_that_is_left_alone_is_not_asked(kit) -> None:
    kit.host.grants = [Grant(wait=900, cooling=True)]
    asked: list[str | None] = []
    result = kit.run(kit.paged(5, seen=asked), features=OWN - {"details"})
    assert (result.outcome.state, result.outcome.error_class) == (RunState.PARTIAL, "http_429")
    assert result.outcome.keep_cursor
    assert asked == []
    assert kit.host.said == ["site:board.example"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RateLimited(retry_after=9), ("site:board.example", "http_429", 9)),
        (Blocked("a wall"), ("site:board.example", "blocked", None)),
    ],
)
def test_its_refusal_slows_everybody_down(kit, error, told) -> None:
    kit.run(lambda *_: kit.fail(error), features=OWN - {"details"})
    assert kit.host.said == ["site:board.example", told]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Transient("no way through", error_class="proxy"), (1, "proxy")),
        (Blocked("a wall"), (1, "blocked")),
    ],
)
def test_a_failure_of_its_proxy_is_told_of_that_proxy(kit, pool, error, told) -> None:
    def pages(query, ctx, cursor):
        assert ctx.proxy_url() == f"http://{SECRET}@p1.example:80"
        yield from kit.fail(error)

    kit.run(pages, features=OWN - {"details"})
    assert kit.host.said == ["site:board.example", told]


def test_details_go_on_through_the_next_proxy(kit, pool) -> None:
    through: list[str | None] = []

    def details(ref, ctx):
        through.append(ctx.proxy_url())
        if len(through) == 1:
            raise Transient("no way through", error_class="proxy")
        return kit.posting(int(ref.source_id))

    result = kit.run(kit.paged(2), details, features=OWN)
    assert [url and url[-13:] for url in through] == ["p1.example:80", "p2.example:80"]
    assert (1, "proxy") in kit.host.said
    assert (result.counts.details, result.counts.details_failed) == (1, 1)


def test_a_collector_that_took_no_proxy_blames_none(kit, pool) -> None:
    kit.run(lambda *_: kit.fail(Blocked("a wall")), features=OWN - {"details"})
    assert kit.host.said == ["site:board.example", ("site:board.example", "blocked", None)]


@pytest.mark.parametrize("error", [Transient, ValueError])
def test_what_a_library_quotes_of_the_proxy_is_hidden(kit, pool, error) -> None:
    def pages(query, ctx, cursor):
        yield from kit.fail(error(f"cannot connect to {ctx.proxy_url()} (user canary-word)"))

    result = kit.run(pages, features=OWN - {"details"}, private=Private())
    told = str(result)
    assert "cannot connect to" in told
    assert "canary" not in told
