"""What happened in a run, line by line, for whoever looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, to_builtins
from sqlalchemy import Connection

from jobtracker_core.storage.claims import Claim, hold
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import run_events
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.texts import clean
from jobtracker_core.storage.types import LARGEST_ID

Level = Literal["info", "warning", "error"]
TEXT_CHARACTERS = 2_000


class Event(Struct, frozen=True, kw_only=True):
    """One line of a run's story. `kind` is a few words in snake case; `data` what belongs to it."""

    id: int
    run_id: int
    at: datetime
    kind: str
    level: Level
    data: dict[str, Any]


def append(
    db: Database,
    claim: Claim,
    kind: str,
    data: Mapping[str, object] | None = None,
    *,
    level: Level = "info",
) -> None:
    """Add a line to a run that this worker has. Long texts are cut.

    Raises:
        LeaseLost: The claim does not hold any more; nothing was written.
    """
    with db.write(shown=False) as conn:
        note(conn, claim.run_id, kind, data, at=hold(conn, claim), level=level)


def note(
    conn: Connection,
    run_id: int,
    kind: str,
    data: Mapping[str, object] | None = None,
    *,
    at: datetime,
    level: Level = "info",
) -> None:
    """Add a line within a transaction that has the right to: a claim's, the sweep's, a tick's."""
    said = _clean(to_builtins(dict(data or {}), enc_hook=str))
    conn.execute(
        sa.insert(run_events),
        {"run_id": run_id, "at": at, "kind": kind, "level": level, "data": said},
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, TEXT_CHARACTERS)
    if isinstance(value, dict):
        return {_clean(str(key)): _clean(entry) for key, entry in value.items()}
    return [_clean(entry) for entry in value] if isinstance(value, list) else value


def list_events(
    db: Database, run_id: int, *, after: int = 0, limit: int = 200, kind: str | None = None
) -> tuple[Event, ...]:
    """Return a run's lines in their order, or those of one kind.

    `after` is the number of the last one known.
    """
    statement = (
        sa.select(run_events)
        .where(run_events.c.run_id == run_id, run_events.c.id > min(after, LARGEST_ID))
        .order_by(run_events.c.id)
        .limit(limit)
    )
    if kind is not None:
        statement = statement.where(run_events.c.kind == kind)
    with db.read() as conn:
        return tuple(to_struct(row, Event) for row in conn.execute(statement).mappings())


def before_newest(db: Database, run_id: int, count: int) -> int:
    """Return a number that a run's newest lines come after: so many of them, or all there are."""
    found = (
        sa.select(run_events.c.id)
        .where(run_events.c.run_id == run_id)
        .order_by(run_events.c.id.desc())
        .offset(count)
        .limit(1)
    )
    with db.read() as conn:
        number: int | None = conn.execute(found).scalar()
    return number or 0
