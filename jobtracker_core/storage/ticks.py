"""The tick of a search becomes a row, once, however many schedulers there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection

from jobtracker_core.storage import events, searches
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.queue import Wanted, insert, insert_missed
from jobtracker_core.storage.queue_tables import searches as table
from jobtracker_core.storage.searches import Search


class Tick(Struct, frozen=True, kw_only=True):
    """What is to be done for a due search; `runner.schedule.plan` computes it.

    Attributes:
        at: The newest tick that has come.
        next_at: The one after it.
        begins_at: When its run may begin: the tick and the search's stagger.
        expires_at: When it is missed: the end of the misfire window.
        passed_over: Earlier ticks that came since the last one dealt with; none of them runs.
        late: The window of the newest is over too.
    """

    at: datetime
    next_at: datetime | None
    begins_at: datetime
    expires_at: datetime
    passed_over: int = 0
    late: bool = False


class Ticked(Struct, frozen=True, kw_only=True):
    """What became of a tick.

    Attributes:
        run_id: Its run; for `skipped` the run that was in its way.
        outcome: `same`: it had a run already, from before a clock went back.
    """

    run_id: int
    outcome: Literal["made", "skipped", "missed", "same"]


def tick(db: Database, search: Search, due: Tick) -> Ticked | None:
    """Deal with a search's tick: move its watermark and insert the run, in one transaction.

    Returns:
        None if another scheduler was first, or the search was changed meanwhile.
    """
    with db.write() as conn:
        now_it_is = _advance(conn, search, due)
        if now_it_is is None:
            return None
        moment = now(conn)
        wanted = structs.replace(
            searches.run_of(now_it_is, "schedule"),
            tick_at=due.at,
            scheduled_for=due.begins_at,
            expires_at=due.expires_at,
            dedup_key=f"tick:{search.id}:{due.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        ticked = _late(conn, wanted, moment) if due.late else _in_time(conn, wanted, moment)
        if ticked.outcome == "skipped":
            _count(conn, search.id, skipped=1)
            events.note(conn, ticked.run_id, "tick_skipped", {"tick": due.at}, at=moment)
        missed = due.passed_over + (ticked.outcome == "missed")
        if missed:
            _count(conn, search.id, missed=missed)
            told = {"count": missed, "newest": due.at, "began": not due.late}
            events.note(conn, ticked.run_id, "ticks_missed", told, at=moment, level="warning")
    return ticked


def _advance(conn: Connection, search: Search, due: Tick) -> Search | None:
    """Move the watermark if it is where it was seen; return the search as it is now."""
    moved = conn.execute(
        sa.update(table)
        .where(
            table.c.id == search.id,
            table.c.enabled,
            # A plan made from a schedule that was edited meanwhile is void.
            table.c.next_tick_at == search.next_tick_at,
            sa.or_(table.c.last_tick_at.is_(None), table.c.last_tick_at < due.at),
        )
        .values(last_tick_at=due.at, next_tick_at=due.next_at)
    )
    return searches.read(conn, search.id) if moved.rowcount else None


def _in_time(conn: Connection, wanted: Wanted, moment: datetime) -> Ticked:
    made = insert(conn, wanted, at=moment)
    outcome: Literal["made", "skipped", "same"] = (
        "skipped" if made.outcome == "overlap" else made.outcome
    )
    return Ticked(run_id=made.run_id, outcome=outcome)


def _late(conn: Connection, wanted: Wanted, moment: datetime) -> Ticked:
    """Keep a row for the newest tick although it does not run: what was missed is to be seen."""
    made = insert_missed(conn, wanted, at=moment)
    return Ticked(run_id=made.run_id, outcome="missed" if made.outcome == "made" else "same")


def _count(conn: Connection, search_id: int, *, missed: int = 0, skipped: int = 0) -> None:
    conn.execute(
        sa.update(table)
        .where(table.c.id == search_id)
        .values(
            missed_ticks=table.c.missed_ticks + missed,
            skipped_ticks=table.c.skipped_ticks + skipped,
        )
    )


def turn_back(db: Database, search: Search, *, next_tick_at: datetime | None) -> bool:
    """Begin at the present again after a clock was ahead; False if another scheduler was first.

    No tick runs twice by that: its run is there already.
    """
    with db.write() as conn:
        moved = conn.execute(
            sa.update(table)
            .where(table.c.id == search.id, table.c.last_tick_at == search.last_tick_at)
            .values(last_tick_at=now(conn), next_tick_at=next_tick_at)
        )
    return moved.rowcount == 1
