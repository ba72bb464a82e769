"""Collectors that fail in a row are paused, so that a broken site is not asked on and on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Row

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts, RunState
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
        requests: How often it asked the site.
        poison: It cost all its attempts their workers.
        probe: It was to see whether a pause can end.
    """

    run_id: int
    collector_id: int
    state: RunState
    error_class: ErrorClass | None
    error_message: str | None
    pages: int
    requests: int
    plugin_version: str | None
    poison: bool = False
    probe: bool = False

    @classmethod
    def of(
        cls,
        row: Row[Any],
        state: RunState,
        done: Counts,
        *,
        error_class: ErrorClass | None,
        error_message: str | None,
        poison: bool = False,
    ) -> Ended:
        """Make it of a run's row and of what its end has brought."""
        return cls(
            run_id=row.id,
            collector_id=row.collector_id,
            state=state,
            error_class=error_class,
            error_message=error_message,
            pages=done.pages,
            requests=done.http_requests,
            plugin_version=row.plugin_version,
            poison=poison,
            probe=row.trigger == "probe",
        )


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
        # Without a request it only heard that others had been refused.
        return run.pages == 0 and run.error_class == "blocked" and run.requests > 0
    return run.state is RunState.FAILED and run.error_class not in _NOT_ITS_FAULT


def length(failures: int) -> timedelta:
    """Return how long a collector is paused after so many failures in a row."""
    doublings = min(max(failures - FAILURES, 0), 10)
    return min(timedelta(seconds=FIRST.total_seconds() * 2.0**doublings), LONGEST)


def note_run(conn: Connection, run: Ended, *, at: datetime) -> None:
    """Keep account of an ended run, in its transaction; pause its collector where it is time.

    A pause lasts until a run succeeds: its probe, or one that was started by hand. What else fails
    during one neither ends nor prolongs it; a probe that does not succeed prolongs it, without
    another notice.
    """
    row = conn.execute(
        sa.select(collectors).where(collectors.c.id == run.collector_id).with_for_update()
    ).one()
    values: dict[str, Any] = {"last_run_at": at}
    prolonged = run.probe and row.paused_until is not None
    if is_good(run):
        values |= unpaused()
    elif prolonged:
        values |= _prolonged(row, run, at)
    elif is_bad(run) and not _is_paused(row, run):
        values |= _failed(row, run, at)
    conn.execute(sa.update(collectors).where(collectors.c.id == run.collector_id).values(**values))
    if values.get("pause_reason") is not None:
        _tell(conn, row.name, run, values, at=at, prolonged=prolonged)


def _tell(
    conn: Connection,
    name: str,
    run: Ended,
    values: Mapping[str, Any],
    *,
    at: datetime,
    prolonged: bool,
) -> None:
    told = {"collector": name, "reason": values["pause_reason"]}
    if values["paused_until"] is not None:
        told["until"] = values["paused_until"].isoformat()
    # That the plugin is too old is another thing to do than waiting, and so is told.
    if prolonged and values.get("paused_version") is None:
        events.note(conn, run.run_id, "pause_goes_on", told, at=at)
    else:
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


def _is_paused(row: Row[Any], run: Ended) -> bool:
    if row.paused_version is not None and row.paused_version == run.plugin_version:
        return True
    return row.paused_until is not None


def _prolonged(row: Row[Any], run: Ended, at: datetime) -> dict[str, Any]:
    if run.error_class in _NOT_ITS_FAULT or run.state is RunState.CANCELLED:
        # It says nothing of the site: the same once more.
        until = at + length(row.consecutive_failures)
        return {"paused_until": until, "pause_reason": row.pause_reason}
    return _failed(row, run, at)


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
