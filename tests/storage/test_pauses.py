"""Collectors that fail in a row rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from frozen import FrozenTime
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import collectors, events, pauses, queue, runs
from queueing import ME, PLUGIN, SERVING, put, take, turn_on


class Site:
    """A collector whose runs end as they are told to."""

    def __init__(self, frozen: FrozenTime) -> None:
        self.frozen, self.db = frozen, frozen.db
        self.serving = SERVING
        turn_on(self.db)

    def run(self, state: RunState, cause: Any = None, *, pages: int = 0, **facts: Any) -> int:
        run_id = put(self.db, max_attempts=1, **facts)
        claim = take(self.db, serving=self.serving)
        assert claim.run_id == run_id
        counts = Counts(pages=pages)
        runs.finish(
            self.db, claim, state=state, error_class=cause, error_message="it broke", counts=counts
        )
        return run_id

    def fail(self, times: int = 1, cause: str = "http_5xx") -> int:
        return [self.run(RunState.FAILED, cause) for _ in range(times)][-1]

    @property
    def row(self) -> collectors.Collector:
        return collectors.get(self.db, "site")

    def told(self) -> list[dict[str, Any]]:
        return [
            event.data
            for run in runs.list_runs(self.db)
            for event in events.list_events(self.db, run.id)
            if event.kind == "collector_paused"
        ]


@pytest.fixture
def site(frozen: FrozenTime) -> Site:
    return Site(frozen)


def test_five_failures_in_a_row_pause(site: Site) -> None:
    site.fail(4)
    assert (site.row.consecutive_failures, site.row.paused_until) == (4, None)
    last = site.fail()
    until = site.frozen.at + timedelta(hours=1)
    assert (site.row.consecutive_failures, site.row.paused_until) == (5, until)
    assert site.row.pause_reason == "5 runs in a row failed. The last: http_5xx: it broke"
    told = {"collector": "site", "reason": site.row.pause_reason, "until": until.isoformat()}
    assert site.told() == [told]
    (event,) = events.list_events(site.db, last)
    assert event.level == "warning"


def test_a_success_forgets_failures_and_ends_a_pause(site: Site) -> None:
    site.fail(4)
    site.run(RunState.SUCCEEDED)
    site.fail(4)
    site.run(RunState.PARTIAL, "http_429", pages=3)
    site.fail(5)
    assert site.row.paused_until is not None
    site.run(RunState.SUCCEEDED)
    row = site.row
    assert (row.paused_until, row.pause_reason, row.consecutive_failures) == (None, None, 0)


def test_the_probe_that_fails_doubles_the_pause_up_to_a_day(site: Site) -> None:
    site.fail(5)
    lengths = []
    for _ in range(6):
        until = site.row.paused_until
        assert until is not None
        lengths.append((until - site.frozen.at) / timedelta(hours=1))
        site.frozen.advance(seconds=(until - site.frozen.at).total_seconds())
        site.fail()
    assert lengths == [1, 2, 4, 8, 16, 24]
    assert len(site.told()) == 7, "one notice for each pause"
    assert pauses.length(10**9) == timedelta(hours=24)


def test_failures_by_hand_neither_prolong_nor_end_a_pause(site: Site) -> None:
    site.fail(5)
    before = site.row
    site.frozen.advance(minutes=5)
    site.fail(3)
    after = site.row
    assert (after.paused_until, after.consecutive_failures) == (before.paused_until, 5)
    assert len(site.told()) == 1


@pytest.mark.parametrize(
    ("state", "cause", "pages", "failures"),
    [
        (RunState.FAILED, "validation", 0, 3),
        (RunState.FAILED, "db", 0, 3),
        (RunState.CANCELLED, "cancelled", 0, 3),
        (RunState.SUSPECT, None, 5, 3),
        (RunState.PARTIAL, "http_429", 0, 3),
        (RunState.PARTIAL, "blocked", 0, 4),
        (RunState.PARTIAL, "blocked", 1, 0),
        (RunState.FAILED, "config", 0, 4),
        (RunState.FAILED, "internal", 0, 4),
        (RunState.SUCCEEDED, None, 0, 0),
    ],
)
def test_what_counts(site: Site, state: RunState, cause: Any, pages: int, failures: int) -> None:
    site.fail(3)
    site.run(state, cause, pages=pages)
    assert site.row.consecutive_failures == failures
    assert site.row.last_run_at == site.frozen.at


def test_old_answers_say_nothing(site: Site) -> None:
    for _ in range(6):
        site.run(RunState.FAILED, "parse", trigger="backfill")
    assert (site.row.consecutive_failures, site.row.last_run_at) == (0, None)


def test_attempts_with_more_to_come_do_not_count(site: Site) -> None:
    put(site.db, max_attempts=2)
    runs.finish(site.db, take(site.db), state=RunState.FAILED, error_class="network")
    assert site.row.consecutive_failures == 0


def test_three_unreadable_answers_pause_until_there_is_another_version(site: Site) -> None:
    site.fail(1, "parse")
    site.fail(1, "http_5xx")
    site.fail(1, "decode")
    assert site.row.paused_version is None
    site.fail(1, "parse")
    row = site.row
    assert (row.paused_version, row.paused_until, row.layout_failures) == ("1.0", None, 3)
    assert "version 1.0 of the plugin could not read" in (row.pause_reason or "")
    assert len(site.told()) == 1
    site.fail(1, "parse")
    assert len(site.told()) == 1
    put(site.db, trigger="schedule")
    site.frozen.advance(days=30)
    assert queue.claim(site.db, ME, serving=SERVING) is None
    newer = {"site": msgspec.structs.replace(PLUGIN, version="1.1")}
    runs.finish(site.db, take(site.db, serving=newer), state=RunState.FAILED, error_class="parse")
    row = site.row
    assert (row.paused_version, row.layout_failures) == (None, 1), "a new version begins anew"
    site.serving = newer
    site.run(RunState.SUCCEEDED)
    assert (site.row.pause_reason, site.row.layout_failures) == (None, 0)


def test_turning_on_ends_either_pause(site: Site) -> None:
    site.fail(3, "parse")
    row = collectors.set_enabled(site.db, "site", True)
    assert (row.paused_version, row.pause_reason, row.layout_failures) == (None, None, 0)
