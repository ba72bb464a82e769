"""Searches: queries that are kept, with when they run and within what limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jobtracker_core.storage import slots
from jobtracker_core.storage.claims import Trigger
from jobtracker_core.storage.collectors import ensure_one
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate, NotFound, Stale
from jobtracker_core.storage.queue import NO_LIMITS, Enqueued, Limits, Wanted, insert
from jobtracker_core.storage.queue_tables import searches
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.tables import PENDING, collectors
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.types import LARGEST_ID

Kind = Literal["cron", "interval", "manual"]
Overlap = Literal["skip", "queue"]

AHEAD = timedelta(minutes=1)
"""A last tick so far in the future was made by a clock that went wrong and came back."""


class Schedule(Struct, frozen=True, kw_only=True):
    """When a search runs by itself; see `runner.schedule` for what it means.

    Attributes:
        cron: Five fields, for the kind `cron`.
        every_s: Seconds between two runs, counted from `anchor_at`, for the kind `interval`.
        timezone: The place whose clock the cron line goes by.
        stagger_s: A run begins up to so many seconds after its tick, always as many.
        misfire_window_s: A run that nobody has begun so long after its tick is missed.
    """

    kind: Kind = "manual"
    cron: str | None = None
    every_s: int | None = None
    anchor_at: datetime | None = None
    timezone: str = "UTC"
    stagger_s: int = 0
    misfire_window_s: int = 3600


BY_HAND_ONLY = Schedule()


class SearchDraft(Struct, frozen=True, kw_only=True):
    """A search as it is to be stored. It is stored as it stands: check it before.

    Attributes:
        site: What its runs are counted by; `max_parallel` is used if nothing is stored about it.
        overlap: Whether a tick is skipped while a run of this search is pending or running.
        proxy_pool: The name of a pool; None is no proxy.
    """

    name: str
    collector: str
    site: str
    max_parallel: int = 1
    query: Mapping[str, Any]
    query_hash: str | None
    schedule: Schedule = BY_HAND_ONLY
    enabled: bool = True
    overlap: Overlap = "skip"
    priority: int = 5
    max_attempts: int = 3
    limits: Limits = NO_LIMITS
    proxy_pool: str | None = None


class Search(Struct, frozen=True, kw_only=True):
    """A stored search.

    Attributes:
        enabled: Whether its schedule runs; it can always be started by hand.
        last_tick_at: The newest tick that was dealt with.
        next_tick_at: When it runs next by itself; None if it does not.
        missed_ticks: Ticks for which no run began in time.
        skipped_ticks: Ticks at which a run was still going on.
    """

    id: int
    name: str
    collector: str
    site: str
    query: dict[str, Any]
    query_hash: str | None
    schedule: Schedule
    enabled: bool
    overlap: Overlap
    priority: int
    max_attempts: int
    limits: Limits
    proxy_pool: str | None
    last_tick_at: datetime | None
    next_tick_at: datetime | None
    missed_ticks: int
    skipped_ticks: int
    created_at: datetime
    updated_at: datetime

    @property
    def version(self) -> int:
        """Grows with each edit, not with ticks."""
        return round(self.updated_at.timestamp() * 1_000_000)


def create(db: Database, draft: SearchDraft, *, next_tick_at: datetime | None) -> Search:
    """Store a new search; raises Duplicate. Its first tick is the caller's to compute."""
    with db.write() as conn, _own_name(draft.name):
        moment = now(conn)
        number: int = conn.execute(
            sa.insert(searches)
            .values(**_columns(conn, draft, moment), next_tick_at=next_tick_at, created_at=moment)
            .returning(searches.c.id)
        ).scalar_one()
        return read(conn, number)


def update(
    db: Database,
    search_id: int,
    draft: SearchDraft,
    *,
    next_tick_at: datetime | None,
    expected_version: int | None = None,
) -> Search:
    """Replace what a search is. Ticks up to now are done with.

    Raises NotFound, Duplicate, and Stale if it is not of the version that is expected.
    """
    with db.write() as conn, _own_name(draft.name):
        _lock(conn, search_id, expected_version)
        moment = now(conn)
        conn.execute(
            sa.update(searches)
            .where(searches.c.id == search_id)
            .values(**_columns(conn, draft, moment), last_tick_at=moment, next_tick_at=next_tick_at)
        )
        if not draft.enabled:
            _let_go(conn, search_id, moment)
        return read(conn, search_id)


def set_enabled(
    db: Database,
    search_id: int,
    enabled: bool,  # noqa: FBT001  (its value)
    *,
    next_tick_at: datetime | None,
    expected_version: int | None = None,
) -> Search:
    """Let the schedule of a search run, or not. Ticks up to now are done with.

    Without it, a run is cancelled that its schedule has queued and nobody has begun.

    Raises NotFound, and Stale if it is not of the version that is expected.
    """
    with db.write() as conn:
        _lock(conn, search_id, expected_version)
        moment = now(conn)
        conn.execute(
            sa.update(searches)
            .where(searches.c.id == _known(search_id))
            .values(
                enabled=enabled, last_tick_at=moment, next_tick_at=next_tick_at, updated_at=moment
            )
        )
        if not enabled:
            _let_go(conn, search_id, moment)
        return read(conn, search_id)


def delete(db: Database, search_id: int, *, expected_version: int | None = None) -> None:
    """Forget a search; its runs stay, those that wait included.

    Raises NotFound, and Stale if it is not of the version that is expected.
    """
    with db.write() as conn:
        _lock(conn, search_id, expected_version)
        conn.execute(sa.delete(searches).where(searches.c.id == search_id))


def get(db: Database, search_id: int) -> Search:
    """Return a search; raises NotFound."""
    with db.read() as conn:
        return read(conn, search_id)


def find(db: Database, name: str) -> Search:
    """Return the search of a name; raises NotFound."""
    with db.read() as conn:
        row = conn.execute(_select().where(searches.c.name == name)).mappings().first()
    if row is None:
        raise NotFound(f"there is no search {name!r}", "List the searches to see their names.")
    return _to_search(row)


def list_all(db: Database, *, collector: str | None = None) -> tuple[Search, ...]:
    """Return the searches by name."""
    statement = _select().order_by(searches.c.name)
    if collector is not None:
        statement = statement.where(collectors.c.name == collector)
    with db.read() as conn:
        return tuple(_to_search(row) for row in conn.execute(statement).mappings())


def due(db: Database) -> tuple[tuple[Search, ...], datetime]:
    """Return the searches whose next tick has come, and the present by the database's clock.

    Those whose last tick lies in the future are among them.
    """
    with db.read() as conn:
        moment = now(conn)
        come = sa.or_(searches.c.next_tick_at <= moment, searches.c.last_tick_at > moment + AHEAD)
        rows = conn.execute(
            _select().where(searches.c.enabled, come).order_by(searches.c.next_tick_at)
        ).mappings()
        return tuple(_to_search(row) for row in rows), moment


def start(
    db: Database,
    search_id: int,
    *,
    trigger: Trigger = "manual",
    requested_by: str | None = None,
    dedup_key: str | None = None,
) -> Enqueued:
    """Put a run of a search into the queue now; raises NotFound."""
    with db.write() as conn:
        wanted = structs.replace(
            run_of(read(conn, search_id), trigger),
            requested_by=requested_by,
            dedup_key=dedup_key,
            priority=None,
        )
        return insert(conn, wanted, at=now(conn))


def run_of(search: Search, trigger: Trigger) -> Wanted:
    """Return a run of a search as the search is at this moment."""
    return Wanted(
        collector=search.collector,
        trigger=trigger,
        query=search.query,
        query_hash=search.query_hash,
        site=search.site,
        search_id=search.id,
        singleton_key=f"search:{search.id}" if search.overlap == "skip" else None,
        priority=search.priority,
        max_attempts=search.max_attempts,
        limits=search.limits,
        proxy_pool=search.proxy_pool,
    )


def last_delay_s(db: Database, search_id: int) -> float | None:
    """Return the seconds from the newest tick whose run has begun to that; None without one."""
    statement = (
        sa.select(runs.c.tick_at, runs.c.started_at)
        .where(
            runs.c.search_id == search_id,
            runs.c.tick_at.is_not(None),
            runs.c.started_at.is_not(None),
        )
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    with db.read() as conn:
        row = conn.execute(statement).first()
    return None if row is None else (row.started_at - row.tick_at).total_seconds()


def _lock(conn: Connection, search_id: int, expected_version: int | None) -> None:
    """Keep others from changing a search before this transaction ends."""
    row = searches.c.id == _known(search_id)
    if conn.execute(sa.select(searches.c.id).where(row).with_for_update()).first() is None:
        raise _no_search(search_id)
    current = read(conn, search_id).version
    if expected_version is not None and expected_version != current:
        raise Stale(f"search {search_id}", expected=expected_version, current=current)


def _let_go(conn: Connection, search_id: int, at: datetime) -> None:
    """Cancel what the schedule of a search has queued and nobody has begun: it is paused."""
    conn.execute(
        sa.update(runs)
        .where(
            runs.c.search_id == search_id,
            PENDING,
            runs.c.trigger == "schedule",
            runs.c.started_at.is_(None),
        )
        .values(
            state="cancelled",
            finished_at=at,
            cancel_requested_at=at,
            error_class="cancelled",
            error_message="its search was paused",
        )
    )


@contextmanager
def _own_name(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if "name" not in str(error.orig):
            raise
        taken = f"there is a search named {name!r} already"
        raise Duplicate(taken, "Choose another name.") from error


def _columns(conn: Connection, draft: SearchDraft, at: datetime) -> dict[str, Any]:
    slots.ensure_site(conn, draft.site, draft.max_parallel)
    limits = structs.asdict(draft.limits)
    return {
        "name": draft.name,
        "collector_id": ensure_one(conn, draft.collector, at),
        "site": draft.site,
        "query": dict(draft.query),
        "query_hash": draft.query_hash,
        "enabled": draft.enabled,
        **structs.asdict(draft.schedule),
        "overlap": draft.overlap,
        "priority": draft.priority,
        "max_attempts": draft.max_attempts,
        "proxy_pool": draft.proxy_pool,
        "updated_at": at,
        **{f"limit_{name}": value for name, value in limits.items()},
    }


def _select() -> sa.Select[Any]:
    return sa.select(searches, collectors.c.name.label("collector")).join(
        collectors, collectors.c.id == searches.c.collector_id
    )


def _known(search_id: int) -> int:
    if not 0 < search_id <= LARGEST_ID:
        raise _no_search(search_id)
    return search_id


def _no_search(search_id: int) -> NotFound:
    return NotFound(f"there is no search {search_id}", "List the searches to see their numbers.")


def read(conn: Connection, search_id: int) -> Search:
    """Return a search within a transaction; raises NotFound."""
    row = conn.execute(_select().where(searches.c.id == _known(search_id))).mappings().first()
    if row is None:
        raise _no_search(search_id)
    return _to_search(row)


def _to_search(row: sa.RowMapping) -> Search:
    fields = plain(row)
    fields["schedule"] = {name: fields.pop(name) for name in Schedule.__struct_fields__}
    fields["limits"] = {name: fields.pop(f"limit_{name}") for name in Limits.__struct_fields__}
    return to_struct(fields, Search)
