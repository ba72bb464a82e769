"""Collectors as the operator sees them: on or off, and how they have been doing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.pauses import unpaused
from jobtracker_core.storage.rates import end_cooling
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.statements import insert_or_ignore
from jobtracker_core.storage.tables import collectors
from jobtracker_core.storage.wakeup import announce


class Collector(Struct, frozen=True, kw_only=True):
    """A collector's row.

    Attributes:
        enabled: Whether the operator has turned it on; off at first.
        settings: Those that were set here; secrets are not among them.
        consecutive_failures: Runs that failed since the last one that did not.
        layout_failures: Those of them that could not read the site's answers.
        paused_version: The plugin's version that is too old for the site; another one may run.
    """

    id: int
    name: str
    enabled: bool
    paused_until: datetime | None
    pause_reason: str | None
    consecutive_failures: int
    layout_failures: int
    paused_version: str | None
    last_run_at: datetime | None
    created_at: datetime
    updated_at: datetime
    settings: dict[str, Any]

    @property
    def version(self) -> int:
        """Grows with each change of an operator's, not with runs."""
        return round(self.updated_at.timestamp() * 1_000_000)


def ensure(db: Database, names: Iterable[str]) -> None:
    """Make the rows of collectors that have none yet, turned off."""
    wanted = sorted(set(names))
    if wanted:
        with db.write(shown=False) as conn:
            _insert(conn, wanted, now(conn))


def ensure_one(conn: Connection, name: str, at: datetime) -> int:
    """Return a collector's number, making its row if it has none."""
    number = sa.select(collectors.c.id).where(collectors.c.name == name)
    found: int | None = conn.execute(number).scalar()
    if found is None:
        _insert(conn, [name], at)
        found = conn.execute(number).scalar_one()
    return found


def get(db: Database, name: str) -> Collector:
    """Return a collector.

    Raises:
        NotFound: It has no row.
    """
    with db.read() as conn:
        return read(conn, name)


def list_all(db: Database) -> tuple[Collector, ...]:
    """Return all collectors by name, those whose plugin is gone included."""
    with db.read() as conn:
        rows = conn.execute(sa.select(collectors).order_by(collectors.c.name)).mappings()
        return tuple(_to_collector(row) for row in rows)


def settings_of(db: Database, name: str) -> dict[str, Any]:
    """Return the settings that were set here, without secrets; nothing if it has no row."""
    with db.read() as conn:
        found: dict[str, Any] | None = conn.execute(
            sa.select(collectors.c.settings).where(collectors.c.name == name)
        ).scalar()
    return found or {}


def set_enabled(
    db: Database,
    name: str,
    enabled: bool,  # noqa: FBT001  (its value)
    *,
    rate_key: str | None = None,
) -> Collector:
    """Turn a collector on or off; on also ends a pause and forgets its failures.

    It ends the cooling of its site too, which is the one under `rate_key`.

    Raises:
        NotFound: It has no row.
    """
    values: dict[str, object] = {"enabled": enabled}
    if enabled:
        values |= unpaused()
    with db.write() as conn:
        conn.execute(
            sa.update(collectors)
            .where(collectors.c.name == name)
            .values(**values, updated_at=now(conn))
        )
        if enabled and rate_key is not None:
            end_cooling(conn, rate_key)
        announce(conn)
        return read(conn, name)


def _insert(conn: Connection, names: list[str], at: datetime) -> None:
    conn.execute(
        insert_or_ignore(conn, collectors, "name"),
        [{"name": name, "created_at": at, "updated_at": at} for name in names],
    )


def read(conn: Connection, name: str) -> Collector:
    """Do the same within a transaction."""
    row = conn.execute(sa.select(collectors).where(collectors.c.name == name)).mappings().first()
    if row is None:
        raise NotFound(
            f"there is no collector {name!r}", "List the collectors to see what is installed."
        )
    return _to_collector(row)


def _to_collector(row: sa.RowMapping) -> Collector:
    return to_struct(row, Collector)
