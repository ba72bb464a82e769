"""When jobs were last seen: all that an unchanged posting touches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage import bulk
from jobtracker_core.storage.statements import locked_ids, packed
from jobtracker_core.storage.tables import job_sightings as sightings
from jobtracker_core.storage.types import UtcDateTime


def see_again(
    conn: Connection, job_ids: Sequence[int], *, at: datetime, run_id: int | None, again: bool
) -> None:
    """Note that a run saw known jobs; `again` is whether that counts as one time more.

    A clock that was set back takes no sighting back.
    """
    if not job_ids:
        return
    if conn.dialect.name == "sqlite":
        # By itself each takes half the time that it takes among many.
        stamp = bulk.storable(conn)[0](at)
        rows = [(stamp, run_id, int(again), number) for number in job_ids]
        conn.exec_driver_sql(_SEE_AGAIN, rows)
        return
    values = {"b_at": at, "b_run_id": run_id, "b_again": int(again)}
    conn.execute(_see_again(), {**values, "ids": packed("postgresql", job_ids)})


_SEE_AGAIN: Final = (
    "UPDATE job_sightings SET last_seen_at = max(last_seen_at, ?), last_run_id = ?,"
    " times_seen = times_seen + ? WHERE job_id = ?"
)


# Made once: it runs for every page.
@cache
def _see_again() -> sa.Update:
    at, before = sa.bindparam("b_at", type_=UtcDateTime()), sightings.c.last_seen_at
    return (
        sa.update(sightings)
        .where(sightings.c.job_id.in_(locked_ids("postgresql", sightings.c.job_id)))
        .values(
            last_seen_at=sa.case((before < at, at), else_=before),
            last_run_id=sa.bindparam("b_run_id"),
            times_seen=sightings.c.times_seen + sa.bindparam("b_again", type_=sa.Integer()),
        )
    )
