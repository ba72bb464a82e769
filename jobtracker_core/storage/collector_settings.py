"""Settings of collectors that were set here, and not in a file or the environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage.collectors import Collector, ensure_one, read
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Stale
from jobtracker_core.storage.pauses import unpaused
from jobtracker_core.storage.rates import end_cooling
from jobtracker_core.storage.secrets import reveal, seal
from jobtracker_core.storage.statements import one_of, reserve_ids
from jobtracker_core.storage.tables import collector_secrets, collectors
from jobtracker_core.storage.wakeup import announce


class CollectorChange(Struct, frozen=True, kw_only=True):
    """What is to be changed of a collector.

    Attributes:
        enabled: None leaves it as it is.
        settings: Settings that get another value.
        secrets: The same of those that are stored encrypted, and never shown.
        dropped: Settings that go, so that what else says something of them holds.
        rate_key: The site's, whose cooling ends where the collector is turned on.
    """

    enabled: bool | None = None
    settings: Mapping[str, Any] = {}
    secrets: Mapping[str, str] = {}
    dropped: Collection[str] = ()
    rate_key: str | None = None


def stored_settings(db: Database, name: str) -> dict[str, Any]:
    """Return what is set for a collector, secrets in the clear; nothing if it has no row.

    Raises MissingKey and WrongKey.
    """
    with db.read() as conn:
        row = conn.execute(
            sa.select(collectors.c.id, collectors.c.settings).where(collectors.c.name == name)
        ).first()
        if row is None:
            return {}
        sealed = conn.execute(
            sa.select(collector_secrets).where(collector_secrets.c.collector_id == row.id)
        ).all()
    opened = {
        one.name: reveal(db, one.sealed, table=collector_secrets, column="sealed", row=one.id)
        for one in sealed
    }
    found: dict[str, Any] = row.settings | opened
    return found


def update(
    db: Database, name: str, change: CollectorChange, *, expected_version: int | None = None
) -> Collector:
    """Change a collector, making its row if it has none (version 0).

    Raises Stale if it is not of the version that is expected; MissingKey and WrongKey where there
    are secrets.
    """
    with db.write() as conn:
        before = _lock(conn, name, expected_version)
        moment = now(conn)
        settings = {k: v for k, v in before.settings.items() if k not in change.dropped}
        values: dict[str, Any] = {"settings": settings | dict(change.settings)}
        if change.enabled is not None:
            values["enabled"] = change.enabled
        if change.enabled:
            values |= unpaused()
        conn.execute(
            sa.update(collectors)
            .where(collectors.c.id == before.id)
            .values(**values, updated_at=moment)
        )
        gone = [*change.dropped, *change.secrets]
        conn.execute(
            sa.delete(collector_secrets).where(
                collector_secrets.c.collector_id == before.id,
                one_of(conn, collector_secrets.c.name, gone),
            )
        )
        for field, text in sorted(change.secrets.items()):
            _keep(db, conn, before.id, field, text)
        if change.enabled and change.rate_key is not None:
            end_cooling(conn, change.rate_key)
        announce(conn)
        return read(conn, name)


def _lock(conn: Connection, name: str, expected_version: int | None) -> Collector:
    row = sa.select(collectors.c.id).where(collectors.c.name == name).with_for_update()
    is_new = conn.execute(row).first() is None
    if is_new:
        ensure_one(conn, name, now(conn))
        conn.execute(row)
    found = read(conn, name)
    current = 0 if is_new else found.version
    if expected_version is not None and expected_version != current:
        raise Stale(f"collector {name}", expected=expected_version, current=current)
    return found


def _keep(db: Database, conn: Connection, collector_id: int, field: str, text: str) -> None:
    [number] = reserve_ids(conn, collector_secrets, 1)
    sealed = seal(db, conn, text, table=collector_secrets, column="sealed", row=number)
    conn.execute(
        sa.insert(collector_secrets),
        {"id": number, "collector_id": collector_id, "name": field, "sealed": sealed},
    )
