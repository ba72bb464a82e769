"""How many runs a site bears at once: slots, of which the unique index decides who has which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import sites
from jobtracker_core.storage.statements import insert_or_ignore, insert_or_replace
from jobtracker_core.storage.tables import RUNNING
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.wakeup import announce

ATTEMPTS = 8
"""Tries for a slot before giving up: each one lost is one that somebody else has got."""


class SlotTaken(Exception):  # noqa: N818  (never leaves storage)
    """Another process took the slot between looking and writing."""


@contextmanager
def taking_a_slot() -> Iterator[None]:
    """Raise SlotTaken if the index says that somebody has the slot."""
    try:
        yield
    except IntegrityError as error:
        # The index decides who has a slot; that it was free a moment ago was only a hint.
        if "slot" in str(error.orig):
            raise SlotTaken from error
        raise


def ensure_site(conn: Connection, site: str, max_parallel: int) -> None:
    """Make a site's row if it has none; a limit that stands there is left as it is."""
    conn.execute(insert_or_ignore(conn, sites, "key"), {"key": site, "max_parallel": max_parallel})


def limit_of(conn: Connection, site: str) -> int:
    """Return how many runs of a site may be alive at once; one where nothing is said."""
    found: int | None = conn.execute(
        sa.select(sites.c.max_parallel).where(sites.c.key == site)
    ).scalar()
    return found or 1


def set_limit(db: Database, site: str, max_parallel: int) -> None:
    """Set how many runs of a site may be alive at once, over all machines. From 1 to 64."""
    if not 1 <= max_parallel <= 64:  # noqa: PLR2004  (as the table has it)
        raise ValueError(f"a site bears 1 to 64 runs at once, not {max_parallel}")
    with db.write() as conn:
        conn.execute(
            insert_or_replace(conn, sites, "key"), {"key": site, "max_parallel": max_parallel}
        )
        announce(conn)


def free_slot(conn: Connection, site: str, limit: int) -> int | None:
    """Return the lowest slot that looks free; None if as many runs are alive as may be."""
    taken = set(
        conn.execute(
            sa.select(runs.c.slot).where(RUNNING, runs.c.concurrency_key == site)
        ).scalars()
    )
    # Runs in slots above a limit that was lowered count too.
    if len(taken) >= limit:
        return None
    return next(slot for slot in range(1, limit + 1) if slot not in taken)
