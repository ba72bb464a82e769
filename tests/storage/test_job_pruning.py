"""Closed jobs that nobody touched are forgotten on demand; what a person touched never is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.contract.host import Record
from jobtracker_core.storage import (
    applications,
    audit,
    dismissals,
    edits,
    job_pruning,
    retention,
    tags,
    timeline,
    upsert,
)
from jobtracker_core.storage import jobs as job_storage
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.retention import Retention
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.turns import Turns
from queueing import put, turn_on


def prune(
    db: Database,
    *,
    closed_days: float | None,
    audit_days: float | None = None,
    dry_run: bool = False,
) -> int:
    """Return how many jobs go, or would go."""
    rules = Retention(
        runs=timedelta(days=90),
        events=timedelta(days=30),
        audit=None if audit_days is None else timedelta(days=audit_days),
        closed_jobs=None if closed_days is None else timedelta(days=closed_days),
    )
    who = audit.Actor(kind="local", name="tests")
    turns = Turns(pause=lambda _: None)
    return retention.prune(db, rules, actor=who, turns=turns, dry_run=dry_run).jobs


class Board:
    """Jobs that a run has brought and closed."""

    def __init__(self, db: Database, make_record: Callable[..., Record]) -> None:
        self.db = db
        turn_on(db)
        self._make = make_record
        self._run = put(db)

    def job(self, key: str, *, by_run: bool = True) -> int:
        with self.db.write() as conn:
            upsert.write_page(
                conn,
                source="site",
                kind="list",
                records=[self._make(key)],
                run_id=self._run if by_run else None,
                now=self.db.now(conn),
            )
            mine = jobs.c.source_id == key
            conn.execute(sa.update(jobs).where(mine).values(closed_at=self.db.now(conn)))
            return int(conn.execute(sa.select(jobs.c.id).where(mine)).scalar_one())

    def touch(self, table: str, **values: object) -> None:
        with self.db.write() as conn:
            of_values = sa.table(table, *map(sa.column, values))
            conn.execute(sa.insert(of_values).values(values))

    @property
    def left(self) -> list[str]:
        with self.db.read() as conn:
            return sorted(conn.execute(sa.select(jobs.c.source_id)).scalars())


TOUCHED = ["added", "applied", "dismissed", "edited", "event", "hidden", "note", "seen", "tag"]


@pytest.fixture
def board(frozen: FrozenTime, make_record: Callable[..., Record]) -> Board:
    """One job for each way of touching one, and one that nobody touched."""
    board, at = Board(frozen.db, make_record), frozen.at
    ids = {key: board.job(key, by_run=key != "added") for key in [*TOUCHED, "untouched"]}
    made = {"created_at": at, "updated_at": at}
    board.touch(
        "applications",
        uid="a",
        job_id=ids["applied"],
        title="t",
        status="rejected",
        moved_at=at,
        version=1,
        **made,
    )
    board.touch(
        "events",
        uid="e",
        job_id=ids["event"],
        kind="note",
        title="t",
        starts_at=at,
        timezone="UTC",
        version=1,
        all_day=False,
        **made,
    )
    board.touch("job_notes", job_id=ids["note"], text="t", version=1, **made)
    tags.add(frozen.db, "job", ids["tag"], ["k"])
    board.touch("dismissals", source="site", source_id="hidden", title="t", dismissed_at=at)
    board.job("seen", by_run=False)
    for key, values in (("edited", {"edited": ["title"]}), ("dismissed", {"dismissed_at": at})):
        with frozen.db.write() as conn:
            conn.execute(sa.update(jobs).where(jobs.c.id == ids[key]).values(values))
    return board


def test_what_was_touched_stays_also_when_all_of_it_is_taken_back(
    board: Board, frozen: FrozenTime, make_record: Callable[..., Record]
) -> None:
    db = frozen.db
    ways = ["an edit", "a tag", "all tags", "a dead tag", "a note", "a dismissal", "an event"]
    ways += ["an event that moved", "an application", "an upsert"]
    ids = {way: board.job(way) for way in ways}
    other = board.job("other", by_run=False)

    edits.edit(db, ids["an edit"], make_record("an edit", title="Mine"), fields=["title"])
    edits.edit(db, ids["an edit"], make_record("an edit"), fields=[], release=["title"])
    for way in ("a tag", "all tags", "a dead tag"):
        tags.add(db, "job", ids[way], [way])
    tags.take_off(db, "job", ids["a tag"], ["a tag"])
    tags.put(db, "job", ids["all tags"], [])
    tags.delete(db, next(tag.id for tag in tags.list_all(db) if tag.name == "a dead tag"))
    tags.write_note(db, ids["a note"], "mine")
    tags.write_note(db, ids["a note"], None)
    dismissals.dismiss(db, ids["a dismissal"])
    dismissals.restore_job(db, ids["a dismissal"])
    for way in ("an event", "an event that moved"):
        draft = timeline.EventDraft(job_id=ids[way], kind="note", starts_at=frozen.at)
        event = timeline.create(db, draft, starts_at=frozen.at)
        if way == "an event":
            timeline.delete(db, event.id)
        else:
            timeline.update(db, event.id, timeline.EventChanges(job_id=other))
    applied = applications.create(
        db, applications.ApplicationDraft(job_id=ids["an application"], title="t")
    )
    applications.delete(db, applied.id)
    edits.upsert(db, "site", make_record("an upsert"))
    board.job("an upsert")  # a run sees it once more

    # What takes nothing away is no touch.
    edits.edit(db, board.job("nothing"), make_record("nothing"), fields=[], release=["title"])
    tags.take_off(db, "job", board.job("nothing"), ["a tag"])
    tags.write_note(db, board.job("nothing"), None)

    edited = {way: job_storage.get(db, number).job.edited for way, number in ids.items()}
    assert edited == dict.fromkeys(ways, ())
    frozen.advance(days=200)
    assert prune(db, closed_days=1) == 2
    assert board.left == sorted([*TOUCHED, *ways, "other"])


def test_no_job_goes_by_itself(board: Board, frozen: FrozenTime) -> None:
    frozen.advance(days=10_000)
    assert prune(frozen.db, closed_days=None, audit_days=1) == 0
    assert board.left == sorted([*TOUCHED, "untouched"])


def test_of_closed_jobs_those_go_that_nobody_touched(board: Board, frozen: FrozenTime) -> None:
    frozen.advance(days=99)
    assert prune(frozen.db, closed_days=100) == 0
    frozen.advance(days=2)
    board.job("young")
    with frozen.db.write() as conn:
        conn.execute(sa.update(jobs).where(jobs.c.source_id == "young").values(closed_at=None))
    assert prune(frozen.db, closed_days=100, dry_run=True) == 1
    assert "untouched" in board.left
    assert prune(frozen.db, closed_days=100) == 1
    assert board.left == sorted([*TOUCHED, "young"])


def test_a_job_that_is_touched_between_the_look_and_the_deletion_stays(
    board: Board, frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen.advance(days=200)
    delete = job_pruning._delete

    def touched_before(db: Database, numbers: list[int], *rest: Any) -> int:
        (number,) = numbers
        tags.add(db, "job", number, ["k"])
        return delete(db, numbers, *rest)

    monkeypatch.setattr(job_pruning, "_delete", touched_before)
    assert prune(frozen.db, closed_days=1) == 0
    assert "untouched" in board.left
