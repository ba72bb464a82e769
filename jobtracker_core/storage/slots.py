"""How many runs a site bears at once: slots, of which the unique index decides who has which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import sites
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.statements import insert_or_ignore, insert_or_replace, one_of
from jobtracker_core.storage.tables import RUNNING
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.wakeup import announce

ATTEMPTS = 8
"""Tries for a slot before giving up: each one lost is one that somebody else has got."""


class Site(Struct, frozen=True, kw_only=True):
    """What is stored about a site.

    Attributes:
        key: Its name, such as a host.
        max_parallel: Runs that it bears at once, over all machines.
        set_by_operator: An operator said so; else the limit follows the plugins.
        running: Runs that are alive now.
    """

    key: str
    max_parallel: int
    set_by_operator: bool
    running: int


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


def follow(db: Database, limits: Mapping[str, int]) -> None:
    """Set the limits of sites to what their plugins say; those that an operator set stay."""
    with db.read() as conn:
        there = {
            row.key: row
            for row in conn.execute(
                sa.select(sites).where(one_of(conn, sites.c.key, sorted(limits)))
            )
        }
    differing = {
        site: limit
        for site, limit in sorted(limits.items())
        if site in there and not there[site].set_by_operator and there[site].max_parallel != limit
    }
    if differing:
        with db.write() as conn:
            for site, limit in differing.items():
                follow_one(conn, site, limit)
            announce(conn)


def follow_one(conn: Connection, site: str, max_parallel: int) -> None:
    """Do the same for one site, making its row if it has none."""
    ensure_site(conn, site, max_parallel)
    conn.execute(
        sa.update(sites)
        .where(
            sites.c.key == site,
            sites.c.set_by_operator.is_(False),
            sites.c.max_parallel != max_parallel,
        )
        .values(max_parallel=max_parallel)
    )


def list_sites(db: Database) -> tuple[Site, ...]:
    """Return the sites that something is stored about, by name."""
    running = (
        sa.select(sa.func.count())
        .where(RUNNING, runs.c.concurrency_key == sites.c.key)
        .scalar_subquery()
    )
    with db.read() as conn:
        found = sa.select(sites, running.label("running")).order_by(sites.c.key)
        return tuple(to_struct(row, Site) for row in conn.execute(found).mappings())


def leave_to_plugins(db: Database, site: str, max_parallel: int) -> None:
    """Take back what an operator set: the limit follows the plugins again, which say this."""
    with db.write() as conn:
        conn.execute(sa.update(sites).where(sites.c.key == site).values(set_by_operator=False))
        follow_one(conn, site, max_parallel)
        announce(conn)


def set_limit(db: Database, site: str, max_parallel: int) -> None:
    """Set how many runs of a site may be alive at once, over all machines. From 1 to 64.

    From then on it does not mind what the plugins say.
    """
    if not 1 <= max_parallel <= 64:  # noqa: PLR2004  (as the table has it)
        raise ValueError(f"a site bears 1 to 64 runs at once, not {max_parallel}")
    with db.write() as conn:
        conn.execute(
            insert_or_replace(conn, sites, "key"),
            {"key": site, "max_parallel": max_parallel, "set_by_operator": True},
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
