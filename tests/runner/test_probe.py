"""A probe asks the collector whether its site answers, stores nothing, and says how that went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from jobtracker_core import Blocked, Limits, Page, Probe, RunState, Transient
from jobtracker_core.runner.execute import Result, execute


@pytest.fixture
def probe(kit) -> Callable[..., Result]:
    def run(collector: Any) -> Result:
        task = msgspec.structs.replace(kit.task(collector, query=kit.canary), probe=True)
        return execute(task, kit.host, transport=kit.no_transport, clock=kit.clock)

    return run


def saying(kit, answer: Callable[[], Any], **changes: Any) -> Any:
    board = kit.scripted(kit.paged(3), **changes)
    board.probe = lambda _self, _ctx: answer()
    return board


def test_the_usual_probe_reads_a_page_and_stores_nothing(kit, probe) -> None:
    seen: list[str | None] = []
    result = probe(kit.scripted(kit.paged(8, seen=seen)))
    assert (result.outcome.state, result.outcome.message) == (
        RunState.SUCCEEDED,
        "3 postings on the first page",
    )
    assert seen == ["0"]
    assert kit.host.batches == []
    assert result.counts.pages == 0


def test_nothing_on_the_page_of_the_canary_is_a_failure(kit, probe) -> None:
    result = probe(kit.scripted(kit.one(Page(postings=()))))
    outcome = result.outcome
    assert (outcome.state, outcome.error_class) == (RunState.FAILED, "empty")
    assert outcome.message == "the site does not answer as it should: no postings at all"


@pytest.mark.parametrize(
    ("error", "state", "error_class"),
    [
        (Transient("down", error_class="network"), RunState.FAILED, "network"),
        (Blocked("challenge"), RunState.PARTIAL, "blocked"),
        (KeyError("x"), RunState.FAILED, "internal"),
    ],
)
def test_what_goes_wrong_is_told_as_in_any_run(kit, probe, error, state, error_class) -> None:
    def fail() -> None:
        raise error

    outcome = probe(saying(kit, fail)).outcome
    assert (outcome.state, outcome.error_class) == (state, error_class)


@pytest.mark.parametrize("answer", [None, "yes", True, Probe(ok="x", found=1, message="m")])  # type: ignore[arg-type]
def test_an_answer_that_is_none_is_a_bug_of_the_plugin(kit, probe, answer) -> None:
    outcome = probe(saying(kit, lambda: answer)).outcome
    assert (outcome.state, outcome.error_class) == (RunState.FAILED, "internal")


def test_the_time_of_a_run_is_its_own_before_the_collectors(kit) -> None:
    def pages(_query, ctx, _cursor):
        yield Page(postings=(kit.posting(1),), cursor="1")
        ctx.pause(120)
        yield Page(postings=(kit.posting(2),))

    board = kit.scripted(pages, limits=Limits(max_minutes=1))
    ends = {}
    for seconds in (None, 600, 30):
        task = msgspec.structs.replace(kit.task(board), max_seconds=seconds)
        result = execute(task, kit.host, transport=kit.no_transport, clock=kit.clock)
        ends[seconds] = (result.outcome.state, result.outcome.error_class)
    assert ends == {
        None: (RunState.PARTIAL, "runtime_limit"),
        600: (RunState.SUCCEEDED, None),
        30: (RunState.PARTIAL, "runtime_limit"),
    }
