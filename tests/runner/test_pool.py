"""Which proxy a run goes through, and which ones it has set aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobtracker_core.contract.errors import Transient
from jobtracker_core.runner.pool import MOST_SUSPECTS, RunProxies
from jobtracker_core.storage import proxies
from jobtracker_core.storage.engine import Database

Begin = Callable[[int], RunProxies]


@pytest.fixture
def told() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def begin(db: Database, told: list[tuple[str, Any]]) -> Begin:
    """Make a pool of so many proxies, numbered from 1, and a run's view of it."""

    def begin(count: int) -> RunProxies:
        for number in range(1, count + 1):
            proxies.add(db, f"http://p{number}.example:80", pool="home", label=f"p{number}")
        pool = proxies.find_pool(db, "home")
        return RunProxies(db, pool, lambda event, fields: told.append((event, fields["proxy"])))

    return begin


def aside(db: Database) -> list[str]:
    return [p.label for p in proxies.list_proxies(db) if p.quarantined_until is not None]


def fail(run: RunProxies, cause: Any) -> str:
    """Have the present proxy fail; return the next one."""
    return run.take(failed=run.take().id, cause=cause).label


def test_it_stays_with_one_and_a_second_run_takes_another(db: Database, begin: Begin) -> None:
    run = begin(2)
    assert [run.take().label for _ in range(3)] == ["p1"] * 3
    other = RunProxies(db, proxies.find_pool(db, "home"), lambda *_: None)
    assert other.take().label == "p2"


def test_a_failure_that_was_told_twice_costs_one(db: Database, begin: Begin) -> None:
    run = begin(3)
    first = run.take().id
    assert run.take(failed=first).label == "p2"
    assert run.take(failed=first).label == "p2"
    assert aside(db) == ["p1"]


@pytest.mark.parametrize("cause", ["proxy", "blocked"])
def test_its_own_failure_sets_it_aside_at_once(db: Database, begin: Begin, told, cause) -> None:
    run = begin(2)
    assert fail(run, cause) == "p2"
    assert aside(db) == ["p1"]
    assert told == [("proxy set aside", "p1")]


@pytest.mark.fault(
    "F27",
    done="Twin: the quarantine of dead proxies was taken away.",
    holds="The dead ones came again and again.",
)
def test_without_that_the_dead_ones_would_come_again_and_again(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxies, "set_aside", lambda *_, **__: None)
    run = begin(2)
    assert [fail(run, "proxy") for _ in range(4)] == ["p2", "p1", "p2", "p1"]


@pytest.mark.parametrize("cause", ["timeout", "network", "tls"])
def test_a_suspect_is_set_aside_once_a_page_came_through_another(
    db: Database, begin: Begin, told, cause
) -> None:
    run = begin(3)
    assert [fail(run, cause), fail(run, cause)] == ["p2", "p3"]
    assert aside(db) == []
    run.prove()
    assert aside(db) == ["p1", "p2"]
    run.prove()
    assert told == [("no answer through a proxy", f"p{n}") for n in (1, 2)] + [
        ("proxy set aside", f"p{n}") for n in (1, 2)
    ]


def test_without_any_answer_it_is_the_site(db: Database, begin: Begin) -> None:
    run = begin(2)
    fail(run, "network")
    with pytest.raises(Transient, match="the site may be down") as caught:
        fail(run, "timeout")
    assert caught.value.error_class == "timeout"
    assert aside(db) == []
    assert run.take().label == "p1"  # the next request begins anew


def test_a_long_row_of_suspects_ends_it(begin: Begin) -> None:
    run = begin(MOST_SUSPECTS + 3)
    for _ in range(MOST_SUSPECTS - 1):
        fail(run, "timeout")
    with pytest.raises(Transient, match=f"{MOST_SUSPECTS} proxies in a row"):
        fail(run, "timeout")


def test_where_one_failed_for_certain_the_pool_is_to_blame(db: Database, begin: Begin) -> None:
    run = begin(2)
    fail(run, "proxy")
    with pytest.raises(Transient, match="those that are left gave no answer") as caught:
        fail(run, "timeout")
    assert caught.value.error_class == "proxy"
    assert aside(db) == ["p1"]


def test_when_all_are_set_aside_it_says_until_when(db: Database, begin: Begin) -> None:
    run = begin(2)
    fail(run, "blocked")
    with pytest.raises(Transient, match=r"first of them until \d{4}-.* UTC"):
        fail(run, "proxy")
    with pytest.raises(Transient, match="all are set aside"):
        run.take()


def test_a_success_is_noted_once_and_ends_earlier_failures(
    db: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(1)
    noted: list[int] = []
    note = proxies.note_success

    def noting(db: Database, number: int) -> None:
        noted.append(number)
        note(db, number)

    monkeypatch.setattr(proxies, "note_success", noting)
    run.take()
    for _ in range(3):
        run.prove()
    assert len(noted) == 1
    [status] = proxies.list_proxies(db)
    assert status.last_ok_at is not None
