"""The queue against a small model of it, in any order that hypothesis can think of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from frozen import FrozenTime
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.runner import pump as pumps
from jobtracker_core.runner import schedule as schedules
from jobtracker_core.storage import (
    endings,
    pauses,
    probes,
    pruning,
    queue,
    runs,
    search,
    searches,
    slots,
    upsert,
)
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import LeaseLost
from jobtracker_core.storage.queue_tables import collector_run_attempts
from jobtracker_core.storage.searches import Schedule
from jobtracker_core.storage.sweep import sweep
from jobtracker_core.storage.tables import collector_runs, collectors, metadata
from queueing import SERVING, draft, turn_on, wanted

LEASE = timedelta(seconds=60)
LIMIT = 2
HOUR = Schedule(kind="interval", every_s=3600, misfire_window_s=1800)


@dataclass
class Run:
    """What the model knows of a run."""

    trigger: str
    due: datetime
    max_attempts: int
    priority: int
    dedup: str | None = None
    singleton: str | None = None
    expires: datetime | None = None
    state: str = "pending"
    attempt: int = 0
    fence: int = 0
    lease: datetime | None = None
    begun: bool = False
    cancel: bool = False
    rescues: int = 0
    new: int = 0

    @property
    def active(self) -> bool:
        return self.state in {"pending", "running"}

    def leave(self, state: str, due: datetime | None = None) -> None:
        self.state, self.lease = state, None
        self.due = due or self.due


@dataclass
class Model:
    """The whole queue: one site, one collector, one search."""

    now: datetime
    next_tick: datetime
    known: dict[int, Run] = field(default_factory=dict)
    failures: int = 0
    paused_until: datetime | None = None
    missed: int = 0
    skipped: int = 0

    def next(self) -> int | None:
        """Return the run that a claim must give."""
        if sum(run.state == "running" for run in self.known.values()) >= LIMIT:
            return None
        paused = self.paused_until is not None
        ready = [
            (run.priority, run.due, number)
            for number, run in self.known.items()
            if run.state == "pending"
            and run.due <= self.now
            and (run.begun or run.expires is None or run.expires > self.now)
            and not (paused and run.trigger in {"schedule", "backfill"})
        ]
        return min(ready)[2] if ready else None

    def holds(self, claim: runs.Claim, *, late: bool = False) -> bool:
        """Say whether a claim is good; `late`: the lease may be over."""
        run = self.known[claim.run_id]
        if run.state != "running" or run.fence != claim.fence or run.lease is None:
            return False
        return late or run.lease > self.now

    def lose(self, run: Run) -> None:
        """Take a run from a dead worker."""
        run.rescues += 1
        if run.cancel:
            run.leave("cancelled")
            self.prolong(run)
        elif run.attempt < run.max_attempts:
            pause = 0 if run.attempt <= 1 else 30 * 2 ** (run.attempt - 2)
            run.leave("pending", self.now + timedelta(seconds=pause))
        else:
            run.leave("failed")
            self.prolong(run)
            if run.max_attempts > 1 and run.rescues >= run.max_attempts:
                self._poison()

    def prolong(self, run: Run) -> None:
        """Go on with a pause after a probe that said nothing of the site."""
        if run.trigger == "probe" and self.paused_until is not None:
            self.paused_until = self.now + pauses.length(self.failures)

    def _poison(self) -> None:
        if self.paused_until is not None:
            return
        self.failures += 1
        if self.failures >= pauses.FAILURES:
            self.paused_until = self.now + pauses.length(self.failures)


class Machine(RuleBasedStateMachine):
    """Does the same to the queue and to the model."""

    frozen: FrozenTime

    def __init__(self) -> None:
        super().__init__()
        db = self.frozen.db
        with db.write() as conn:
            for table in reversed(metadata.sorted_tables):
                conn.execute(sa.delete(table))
        turn_on(db)
        self.posted = self.pruned = 0
        start = self.frozen.at
        schedule = Schedule(
            **{name: getattr(HOUR, name) for name in HOUR.__struct_fields__} | {"anchor_at": start}
        )
        ahead = schedules.next_tick(schedule, start)
        assert ahead is not None
        self.search = searches.create(
            db, draft(schedule=schedule, max_attempts=2), next_tick_at=ahead
        )
        slots.set_limit(db, "example.org", LIMIT)
        self.model = Model(now=start, next_tick=ahead)
        self.claims: list[runs.Claim] = []

    @property
    def db(self) -> Database:
        return self.frozen.db

    def _pick(self, number: int) -> runs.Claim | None:
        """Return a claim that some worker has, the newest most often; alive or long lost."""
        return self.claims[-1 - number % len(self.claims)] if self.claims else None

    @rule(
        dedup=st.sampled_from([None, None, "k1", "k2"]),
        of_search=st.booleans(),
        attempts=st.integers(1, 3),
        delay=st.sampled_from([0, 0, 0, 45]),
        trigger=st.sampled_from(["manual", "backfill"]),
    )
    def enqueue(
        self, dedup: str | None, of_search: bool, attempts: int, delay: int, trigger: Any
    ) -> None:
        singleton = f"search:{self.search.id}" if of_search else None
        due = self.model.now + timedelta(seconds=delay)
        got = queue.enqueue(
            self.db,
            wanted(
                trigger=trigger,
                dedup_key=dedup,
                singleton_key=singleton,
                max_attempts=attempts,
                scheduled_for=due,
            ),
        )
        known = self.model.known
        same = [n for n, run in known.items() if dedup is not None and run.dedup == dedup]
        busy = [
            n for n, run in known.items() if singleton and run.singleton == singleton and run.active
        ]
        if same:
            assert got == queue.Enqueued(run_id=same[0], outcome="same")
        elif busy:
            assert got == queue.Enqueued(run_id=busy[0], outcome="overlap")
        else:
            assert got.outcome == "made"
            assert got.run_id not in known
            known[got.run_id] = Run(
                trigger=trigger,
                due=due,
                max_attempts=attempts,
                priority=queue.PRIORITY[trigger],
                dedup=dedup,
                singleton=singleton,
            )

    @rule(worker=st.integers(1, 3))
    def claim(self, worker: int) -> None:
        expected = self.model.next()
        got = queue.claim(
            self.db, f"h:b:1:{worker}:w", serving=SERVING, lease_s=LEASE.total_seconds()
        )
        assert (got and got.run_id) == expected
        if got is None:
            return
        run = self.model.known[got.run_id]
        run.state, run.lease, run.begun = "running", self.model.now + LEASE, True
        run.attempt += 1
        run.fence += 1
        assert got.fence == run.fence
        self.claims.append(got)

    @rule(number=st.integers(0, 3))
    def beat(self, number: int) -> None:
        claim = self._pick(number)
        if claim is None:
            return
        if not self.model.holds(claim):
            with pytest.raises(LeaseLost):
                runs.beat(self.db, claim)
            return
        run = self.model.known[claim.run_id]
        assert runs.beat(self.db, claim, lease_s=LEASE.total_seconds()) is run.cancel
        run.lease = self.model.now + LEASE

    @rule(number=st.integers(0, 3), postings=st.integers(1, 3))
    def deliver(self, number: int, postings: int) -> None:
        claim = self._pick(number)
        if claim is None:
            return
        if not self.model.holds(claim):
            with pytest.raises(LeaseLost):
                self._page(claim, postings)
            return
        self._page(claim, postings)
        run = self.model.known[claim.run_id]
        run.lease = self.model.now + LEASE
        run.new += postings
        self.posted += postings

    def _page(self, claim: runs.Claim, postings: int) -> None:
        records = [
            Record(
                source_id=str(self.posted + n),
                url="https://example.org/1",
                title="t",
                content_hash=bytes(16),
            )
            for n in range(postings)
        ]
        with self.db.write() as conn:
            written = upsert.write_page(
                conn,
                source="site",
                kind="list",
                records=records,
                run_id=claim.run_id,
                now=self.db.now(conn),
            )
            counts = Counts(new=len(written.new), pages=1)
            runs.checkpoint(conn, claim, counts=counts, lease_s=LEASE.total_seconds())

    @rule(
        number=st.integers(0, 3),
        end=st.sampled_from(
            [("succeeded", None), ("failed", "db"), ("failed", "validation"), ("suspect", None)]
        ),
    )
    def finish(self, number: int, end: tuple[str, Any]) -> None:
        claim = self._pick(number)
        if claim is None:
            return
        state, cause = end
        good = self.model.holds(claim, late=True)
        got = runs.finish(self.db, claim, state=RunState(state), error_class=cause)
        if not good:
            assert got is None
            return
        run = self.model.known[claim.run_id]
        if cause == "db" and run.attempt < run.max_attempts:
            state = "cancelled" if run.cancel else "pending"
        assert got == state
        run.leave(state)
        if state == "pending":
            # How long it rests is left to chance, within bounds.
            run.due = runs.get(self.db, claim.run_id).scheduled_for
            assert timedelta(seconds=15) <= run.due - self.model.now <= timedelta(minutes=2)
        if state == "succeeded" and run.trigger != "backfill":
            self.model.failures, self.model.paused_until = 0, None
        elif state != "pending":
            self.model.prolong(run)

    @rule(number=st.integers(0, 3), delay=st.sampled_from([0, 30]))
    def requeue(self, number: int, delay: int) -> None:
        claim = self._pick(number)
        if claim is None:
            return
        good = self.model.holds(claim, late=True)
        got = runs.requeue(self.db, claim, outcome="drained", delay_s=delay)
        if not good:
            assert got is None
            return
        run = self.model.known[claim.run_id]
        if run.cancel:
            run.leave("cancelled")
            self.model.prolong(run)
        else:
            run.leave("pending", self.model.now + timedelta(seconds=delay))
            run.attempt -= 1
        assert got == run.state

    @rule(number=st.integers(0, 3))
    def crash(self, number: int) -> None:
        claim = self._pick(number)
        if claim is not None:
            self.claims.remove(claim)

    @rule(number=st.integers(0, 9))
    def cancel(self, number: int) -> None:
        if not self.model.known:
            return
        run_id = sorted(self.model.known)[-1 - number % len(self.model.known)]
        run = self.model.known[run_id]
        got = endings.request_cancel(self.db, run_id)
        if run.state == "pending":
            run.leave("cancelled")
            self.model.prolong(run)
        elif run.state == "running":
            run.cancel = True
        assert got == run.state

    @rule()
    def pause(self) -> None:
        """As five failures would, which hypothesis seldom finds in a row."""
        until = self.model.now + pauses.length(pauses.FAILURES)
        self.model.failures, self.model.paused_until = pauses.FAILURES, until
        with self.db.write() as conn:
            conn.execute(
                sa.update(collectors).values(
                    consecutive_failures=pauses.FAILURES, paused_until=until, pause_reason="r"
                )
            )

    @rule()
    def probe(self) -> None:
        model = self.model
        singleton = "probe:site"
        busy = any(run.singleton == singleton and run.active for run in model.known.values())
        over = model.paused_until is not None and model.paused_until <= model.now
        assert probes.due(self.db) == (("site",) if over and not busy else ())
        asked = wanted(trigger="probe", singleton_key=singleton, max_attempts=1)
        made = probes.begin(self.db, asked)
        assert (made is not None) == (over and not busy)
        if made is not None:
            model.known[made.run_id] = Run(
                trigger="probe",
                due=model.now,
                max_attempts=1,
                priority=queue.PRIORITY["probe"],
                singleton=singleton,
            )

    @rule(days=st.sampled_from([1, 30]))
    def prune(self, days: int) -> None:
        gone = pruning.prune(self.db, keep=timedelta(days=days))
        with self.db.read() as conn:
            left = set(conn.execute(sa.select(collector_runs.c.id)).scalars())
        pruned = self.model.known.keys() - left
        assert len(pruned) == gone.runs
        for number in pruned:
            run = self.model.known.pop(number)
            assert not run.active
            self.pruned += run.new
        self.claims = [claim for claim in self.claims if claim.run_id in left]

    @rule()
    def sweep(self) -> None:
        swept = sweep(self.db)
        lost = [
            n
            for n, run in self.model.known.items()
            if run.lease is not None and run.lease <= self.model.now
        ]
        for run_id in sorted(lost):
            self.model.lose(self.model.known[run_id])
        assert [(one.run_id, one.state) for one in swept.rescued] == [
            (n, self.model.known[n].state) for n in sorted(lost)
        ]
        late = [
            n
            for n, run in self.model.known.items()
            if run.state == "pending"
            and not run.begun
            and run.expires is not None
            and run.expires <= self.model.now
        ]
        assert sorted(swept.missed) == sorted(late)
        for run_id in late:
            self.model.known[run_id].leave("missed")
            self.model.missed += 1

    @rule()
    def tick(self) -> None:
        done = pumps.pump(self.db)
        model = self.model
        if model.next_tick > model.now:
            assert done.ticked == {}
            return
        passed = (model.now - model.next_tick) // timedelta(hours=1)
        at = model.next_tick + passed * timedelta(hours=1)
        model.next_tick = at + timedelta(hours=1)
        model.missed += passed
        expires = at + timedelta(minutes=30)
        singleton = f"search:{self.search.id}"
        busy = [n for n, run in model.known.items() if run.singleton == singleton and run.active]
        got = done.ticked[self.search.id]
        if expires > model.now and busy:
            assert (got.outcome, got.run_id) == ("skipped", busy[0])
            model.skipped += 1
            return
        late = expires <= model.now
        assert got.outcome == ("missed" if late else "made")
        model.missed += late
        model.known[got.run_id] = Run(
            trigger="schedule",
            due=at,
            max_attempts=2,
            priority=5,
            dedup=f"tick:{self.search.id}:{at:%Y-%m-%dT%H:%M:%SZ}",
            singleton=singleton,
            expires=expires,
            state="missed" if late else "pending",
        )

    @rule(seconds=st.sampled_from([1, 20, 20, 61, 61, 1000, 3600, 90_000]))
    def advance(self, seconds: int) -> None:
        self.model.now = self.frozen.advance(seconds=seconds)

    @invariant()
    def the_queue_is_what_the_model_says(self) -> None:
        c = collector_runs.c
        with self.db.read() as conn:
            rows = conn.execute(
                sa.select(
                    c.id,
                    c.state,
                    c.attempt,
                    c.fence,
                    c.scheduled_for,
                    c.jobs_new,
                    c.rescue_count,
                    c.lease_expires_at,
                )
            ).all()
            opened = conn.execute(
                sa.select(collector_run_attempts.c.run_id, collector_run_attempts.c.fence).where(
                    collector_run_attempts.c.ended_at.is_(None)
                )
            ).all()
        assert {row.id: tuple(row[1:]) for row in rows} == {
            number: (run.state, run.attempt, run.fence, run.due, run.new, run.rescues, run.lease)
            for number, run in self.model.known.items()
        }
        # An attempt is open exactly as long as its run is running, under the same fence.
        assert sorted(map(tuple, opened)) == sorted(
            (n, run.fence) for n, run in self.model.known.items() if run.state == "running"
        )

    def teardown(self) -> None:
        assert (
            search.count_jobs(self.db)
            == self.posted
            == self.pruned + sum(run.new for run in self.model.known.values())
        )
        with self.db.read() as conn:
            until = conn.execute(sa.select(collectors.c.paused_until)).scalar()
        assert until == self.model.paused_until
        row = searches.get(self.db, self.search.id)
        assert (row.missed_ticks, row.skipped_ticks) == (self.model.missed, self.model.skipped)


def _run(frozen: FrozenTime, examples: int, steps: int) -> None:
    class Bound(Machine):
        pass

    Bound.frozen = frozen
    run_state_machine_as_test(
        Bound, settings=settings(max_examples=examples, stateful_step_count=steps)
    )


def test_some_orders(frozen: FrozenTime) -> None:
    _run(frozen, 12, 30)


@pytest.mark.fault(
    "F1",
    done="Claims, heartbeats, pages, ends, losses and clock steps came in random orders.",
    holds="The queue did what a model of it does.",
)
@pytest.mark.full
@pytest.mark.timeout(900)
def test_many_orders(frozen: FrozenTime) -> None:
    _run(frozen, 300, 50)
