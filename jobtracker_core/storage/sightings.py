"""When jobs were last seen: all that an unchanged posting touches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from jobtracker_core.storage import bulk


def see_again(
    conn: Connection, job_ids: Sequence[int], *, at: datetime, run_id: int | None, again: bool
) -> None:
    """Note that a run saw known jobs; `again` is whether that counts as one time more.

    A clock that was set back takes no sighting back.
    """
    if not job_ids:
        return
    dialect = conn.dialect.name
    stamp = bulk.storable(conn)[0](at)
    if dialect == "sqlite":
        # By itself each takes half the time that it takes among many.
        rows = [(stamp, run_id, int(again), number) for number in job_ids]
        conn.exec_driver_sql(_SEE_AGAIN[dialect], rows)
        return
    given = (stamp, run_id, int(again), list(job_ids))
    if len(job_ids) == 1:
        conn.exec_driver_sql(_SEE_AGAIN[dialect], given)
        return
    conn.exec_driver_sql(_BY_NUMBER.format("off"))
    conn.exec_driver_sql(_SEE_AGAIN[dialect], given)
    conn.exec_driver_sql(_BY_NUMBER.format("on"))


_SEE_AGAIN: Final = {
    "postgresql": (
        "UPDATE job_sightings SET last_seen_at = greatest(last_seen_at, %s), last_run_id = %s,"
        " times_seen = times_seen + %s WHERE job_id = ANY(%b::bigint[])"
    ),
    "sqlite": (
        "UPDATE job_sightings SET last_seen_at = max(last_seen_at, ?), last_run_id = ?,"
        " times_seen = times_seen + ? WHERE job_id = ?"
    ),
}

# An index is walked in the order of the numbers, and no other plan is left: so two writers cannot
# deadlock. To lock the rows in a statement before takes three times as long, and more of the log.
_BY_NUMBER: Final = (
    "SELECT set_config('enable_seqscan', '{0}', true), set_config('enable_bitmapscan', '{0}', true)"
)
