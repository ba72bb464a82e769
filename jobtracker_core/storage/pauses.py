"""Collectors that fail in a row are paused, so that a broken site is not asked on and on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Row

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import events
from jobtracker_core.storage.tables import collectors

FAILURES = 5
"""Failed runs in a row after which a collector is paused: for an hour, then twice as long."""

LAYOUT_FAILURES = 3
"""Unreadable answers in a row after which a plugin counts as too old."""

FIRST = timedelta(hours=1)
LONGEST = timedelta(hours=24)

NOT_ITS_OWN = ("backfill", "api")
"""Triggers of runs that say nothing of how the site treats this installation today: they read old
answers, or pages that were read elsewhere."""

_NOT_ITS_FAULT: frozenset[ErrorClass] = frozenset(
    {"lease_lost", "drained", "cancelled", "db", "validation"}
)
"""Causes that say nothing of the site or of the collector's settings."""

_LAYOUT: frozenset[ErrorClass] = frozenset({"parse", "decode"})


class Ended(Struct, frozen=True, kw_only=True):
    """What of a run's end counts here.

    Attributes:
        poison: It cost all its attempts their workers.
    """

    run_id: int
    collector_id: int
    state: RunState
    error_class: ErrorClass | None
    error_message: str | None
    pages: int
    plugin_version: str | None
    poison: bool = False


def is_good(run: Ended) -> bool:
    """Say whether a run shows that the collector works."""
    if run.state is RunState.PARTIAL:
        return run.pages > 0
    return run.state is RunState.SUCCEEDED


def is_bad(run: Ended) -> bool:
    """Say whether a run shows that the site or the collector's settings are broken.

    Neither good nor bad are runs that were stopped, that are suspect, or that failed for reasons
    of ours or of the query.
    """
    if run.poison:
        return True
    if run.state is RunState.PARTIAL:
        return run.pages == 0 and run.error_class == "blocked"
    return run.state is RunState.FAILED and run.error_class not in _NOT_ITS_FAULT


def length(failures: int) -> timedelta:
    """Return how long a collector is paused after so many failures in a row."""
    doublings = min(max(failures - FAILURES, 0), 10)
    return min(timedelta(seconds=FIRST.total_seconds() * 2.0**doublings), LONGEST)


def note_run(conn: Connection, run: Ended, *, at: datetime) -> None:
    """Keep account of an ended run, in its transaction; pause its collector where it is time.

    A success ends a pause. What fails during one (runs started by hand, or begun before) neither
    ends nor prolongs it.
    """
    row = conn.execute(
        sa.select(collectors).where(collectors.c.id == run.collector_id).with_for_update()
    ).one()
    values: dict[str, Any] = {"last_run_at": at}
    if is_good(run):
        values |= unpaused()
    elif is_bad(run) and not _is_paused(row, run, at):
        values |= _failed(row, run, at)
    conn.execute(sa.update(collectors).where(collectors.c.id == run.collector_id).values(**values))
    if "pause_reason" in values and values["pause_reason"] is not None:
        told = {"collector": row.name, "reason": values["pause_reason"]}
        if values["paused_until"] is not None:
            told["until"] = values["paused_until"].isoformat()
        events.note(conn, run.run_id, "collector_paused", told, at=at, level="warning")


def unpaused() -> dict[str, Any]:
    """Return the columns of a collector that works."""
    return {
        "paused_until": None,
        "paused_version": None,
        "pause_reason": None,
        "consecutive_failures": 0,
        "layout_failures": 0,
    }


def _is_paused(row: Row[Any], run: Ended, at: datetime) -> bool:
    if row.paused_version is not None and row.paused_version == run.plugin_version:
        return True
    return row.paused_until is not None and row.paused_until > at


def _failed(row: Row[Any], run: Ended, at: datetime) -> dict[str, Any]:
    failures = row.consecutive_failures + 1
    # Another version of the plugin begins anew.
    layout = row.layout_failures if row.paused_version is None else 0
    if run.error_class in _LAYOUT:
        layout += 1
    values: dict[str, Any] = {
        "consecutive_failures": failures,
        "layout_failures": layout,
        "paused_version": None,
    }
    why = f"{run.error_class}: {run.error_message or 'no message'}"
    if layout >= LAYOUT_FAILURES and run.plugin_version is not None:
        return values | {
            "paused_until": None,
            "paused_version": run.plugin_version,
            "pause_reason": f"version {run.plugin_version} of the plugin could not read the "
            f"site's answers {layout} times in a row; update it. The last: {why}",
        }
    if failures >= FAILURES:
        return values | {
            "paused_until": at + length(failures),
            "pause_reason": f"{failures} runs in a row failed. The last: {why}",
        }
    return values
