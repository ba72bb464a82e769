"""Collectors that fail in a row rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import (
    collectors,
    endings,
    events,
    pauses,
    probes,
    queue,
    runs,
    tables,
)
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.sweep import sweep
from queueing import ME, PLUGIN, SERVING, put, take, turn_on, wanted


class Site:
    """A collector whose runs end as they are told to."""

    def __init__(self, frozen: FrozenTime) -> None:
        self.frozen, self.db = frozen, frozen.db
        self.serving = SERVING
        turn_on(self.db)

    def run(
        self, state: RunState, cause: Any = None, *, pages: int = 0, requests: int = 1, **facts: Any
    ) -> int:
        run_id = put(self.db, max_attempts=1, **facts)
        claim = take(self.db, serving=self.serving)
        assert claim.run_id == run_id
        counts = Counts(pages=pages, http_requests=requests)
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

    def probe(self, state: RunState, cause: Any = None, **facts: Any) -> int:
        return self.run(state, cause, trigger="probe", **facts)

    def wait(self) -> timedelta:
        """Let the pause pass; returns how long that took."""
        until = self.row.paused_until
        assert until is not None
        left = until - self.frozen.at
        self.frozen.advance(seconds=left.total_seconds())
        return left


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
    event, _ = events.list_events(site.db, last)
    assert (event.kind, event.level) == ("collector_paused", "warning")


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


def test_a_probe_that_fails_doubles_the_pause_up_to_a_day(site: Site) -> None:
    site.fail(5)
    lengths = []
    for _ in range(6):
        lengths.append(site.wait() / timedelta(hours=1))
        site.probe(RunState.FAILED, "http_5xx")
    assert lengths == [1, 2, 4, 8, 16, 24]
    assert len(site.told()) == 1, "one notice for all of it"
    assert pauses.length(10**9) == timedelta(hours=24)


def test_a_probe_that_succeeds_ends_the_pause(site: Site) -> None:
    waiting = put(site.db, trigger="schedule", priority=9)
    site.fail(5)
    site.wait()
    assert queue.claim(site.db, ME, serving=SERVING) is None
    site.probe(RunState.SUCCEEDED)
    row = site.row
    assert (row.paused_until, row.pause_reason, row.consecutive_failures) == (None, None, 0)
    assert take(site.db).run_id == waiting
    assert len(site.told()) == 1


@pytest.mark.parametrize(
    ("state", "cause", "hours"),
    [
        (RunState.PARTIAL, "http_429", 2),
        (RunState.PARTIAL, "blocked", 2),
        (RunState.FAILED, "empty", 2),
        (RunState.FAILED, "db", 1),
        (RunState.CANCELLED, "cancelled", 1),
    ],
)
def test_a_pause_goes_on_after_whatever_is_no_success(
    site: Site, state: RunState, cause: Any, hours: int
) -> None:
    site.fail(5)
    site.wait()
    run_id = site.probe(state, cause)
    assert site.wait() == timedelta(hours=hours)
    assert "pause_goes_on" in [event.kind for event in events.list_events(site.db, run_id)]
    assert len(site.told()) == 1


def test_a_probe_that_cannot_be_begun_prolongs_the_pause(site: Site) -> None:
    """Cancelled before a worker had it, or in one that shuts down, or whose worker was killed."""
    site.fail(5)
    site.wait()
    endings.request_cancel(site.db, put(site.db, trigger="probe"))
    assert site.wait() == timedelta(hours=1)
    run_id = put(site.db, trigger="probe")
    claim = take(site.db)
    endings.request_cancel(site.db, run_id)
    assert runs.requeue(site.db, claim, outcome="drained") is RunState.CANCELLED
    assert site.wait() == timedelta(hours=1)
    put(site.db, trigger="probe", max_attempts=1)
    take(site.db)
    site.frozen.advance(minutes=2)
    (rescued,) = sweep(site.db).rescued
    assert rescued.state == "failed"
    assert site.wait() == timedelta(hours=1)
    assert len(site.told()) == 1


def test_a_probe_that_cannot_read_the_answers_waits_for_another_version(site: Site) -> None:
    site.fail(3)
    site.fail(2, "parse")
    site.wait()
    site.probe(RunState.FAILED, "parse")
    row = site.row
    assert (row.paused_version, row.paused_until) == ("1.0", None)
    assert len(site.told()) == 2, "to update is another thing to do than to wait"


def test_hearing_that_others_were_refused_is_no_failure(site: Site) -> None:
    for _ in range(6):
        site.run(RunState.PARTIAL, "blocked", requests=0)
    assert site.row.consecutive_failures == 0


def test_one_probe_at_a_time_and_only_of_what_is_due(site: Site) -> None:
    probe = wanted(trigger="probe", singleton_key="probe:site")
    assert probes.due(site.db) == ()
    assert probes.begin(site.db, probe) is None
    site.fail(5)
    assert probes.due(site.db) == ()
    assert probes.begin(site.db, probe) is None
    site.wait()
    assert probes.due(site.db) == ("site",)
    made = probes.begin(site.db, probe)
    assert made is not None
    assert probes.due(site.db) == ()
    assert probes.begin(site.db, probe) is None
    runs.finish(site.db, take(site.db), state=RunState.FAILED, error_class="network")
    assert probes.due(site.db) == ()
    site.wait()
    collectors.set_enabled(site.db, "site", False)
    assert probes.due(site.db) == ()
    with pytest.raises(ValueError, match="a key"):
        probes.begin(site.db, wanted(trigger="probe"))


def test_a_pause_begun_by_a_clock_that_was_ahead_is_over(site: Site) -> None:
    site.frozen.advance(days=4000)
    site.fail(5)
    site.frozen.advance(days=-4000)
    assert probes.due(site.db) == ("site",)
    assert probes.begin(site.db, wanted(trigger="probe", singleton_key="probe:site")) is not None


PROBES = """
from jobtracker_core.storage import engine, probes
from jobtracker_core.storage.queue import Wanted
db = engine.open_database(url)
go()
made = probes.begin(
    db,
    Wanted(
        collector="site", trigger="probe", query={}, query_hash=None, site="example.org",
        singleton_key="probe:site",
    ),
)
print(made is not None)
"""


def test_of_several_workers_one_probes(
    db: Database, db_url: str, processes: Callable[..., list[str]]
) -> None:
    turn_on(db)
    with db.write() as conn:
        past = db.now(conn) - timedelta(seconds=1)
        conn.execute(sa.update(tables.collectors).values(paused_until=past))
    assert sorted(processes(PROBES, db_url, 4)) == ["False", "False", "False", "True"]
    assert len(runs.list_runs(db)) == 1


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
