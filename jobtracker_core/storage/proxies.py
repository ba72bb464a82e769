"""Pools of proxies: which one comes next, and which ones are set aside for a while.

A proxy's address may hold credentials, so it is stored encrypted. It leaves this module only as
`Proxy.url`, for the run that goes through it; all that is shown is made of `ProxyStatus`, which has
none, and for which no key is needed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.host import Proxy
from jobtracker_core.storage import secrets
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate, NotFound
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.statements import insert_or_ignore, reserve_ids
from jobtracker_core.storage.tables import proxies, proxy_pools

_FIRST, _FIRST_AS_ROBOT = timedelta(minutes=1), timedelta(minutes=30)
_LONGEST = timedelta(hours=6)
_MOST_DOUBLINGS = 10


class ProxyStatus(Struct, frozen=True, kw_only=True):
    """A proxy as it may be shown.

    Attributes:
        address: `scheme://host:port`, without credentials.
        failures: Failures in a row.
        quarantined_until: Nobody goes through it before.
        last_error: The class of its last failure.
    """

    id: int
    pool: str
    label: str
    address: str
    has_credentials: bool
    enabled: bool
    failures: int
    quarantined_until: datetime | None
    last_used_at: datetime | None
    last_ok_at: datetime | None
    last_error: ErrorClass | None
    created_at: datetime


class ProxyPool(Struct, frozen=True, kw_only=True):
    """A pool; `proxies` is how many it has."""

    id: int
    name: str
    proxies: int
    created_at: datetime


def add(db: Database, url: str, *, pool: str, label: str | None = None) -> ProxyStatus:
    """Add a proxy, and its pool if there is none of that name.

    Without a label it goes by its host and port, and a number where that is taken.

    Raises:
        Duplicate: The pool has that address, or the label, already.
        MissingKey: There is no key to encrypt it with.
        WrongKey: The other proxies were encrypted with another key.
    """
    with db.write() as conn:
        moment = now(conn)
        conn.execute(
            insert_or_ignore(conn, proxy_pools, "name"), {"name": pool, "created_at": moment}
        )
        # Locked: two that are added at once must see each other.
        pool_id = conn.execute(
            sa.select(proxy_pools.c.id).where(proxy_pools.c.name == pool).with_for_update()
        ).scalar_one()
        there = conn.execute(
            sa.select(proxies.c.id, proxies.c.label, proxies.c.url).where(
                proxies.c.pool_id == pool_id
            )
        ).all()
        labels = {row.label for row in there}
        for row in there:
            if _reveal(db, row) == url:
                raise Duplicate(
                    f"pool {pool} has this proxy already: {row.label}", "Use it as it is."
                )
        if label in labels:
            raise Duplicate(f"pool {pool} has a proxy {label!r} already", "Give another label.")
        [proxy_id] = reserve_ids(conn, proxies, 1)
        conn.execute(
            sa.insert(proxies).values(
                id=proxy_id,
                pool_id=pool_id,
                label=label or _free_label(url, labels),
                url=secrets.seal(db, conn, url, table=proxies, column="url", row=proxy_id),
                address=_address(url),
                has_credentials="@" in urlsplit(url).netloc,
                created_at=moment,
            )
        )
        return _read(conn, proxy_id)


def _free_label(url: str, taken: Collection[str]) -> str:
    place = _address(url).partition("://")[2]
    number, label = 1, place
    while label in taken:
        number += 1
        label = f"{place} #{number}"
    return label


def list_proxies(db: Database, *, pool: str | None = None) -> tuple[ProxyStatus, ...]:
    """List proxies by pool and number.

    Raises:
        NotFound: There is no such pool.
    """
    statement = _select().order_by(proxy_pools.c.name, proxies.c.id)
    if pool is not None:
        find_pool(db, pool)
        statement = statement.where(proxy_pools.c.name == pool)
    with db.read() as conn:
        return tuple(_to_status(row) for row in conn.execute(statement).mappings())


def list_pools(db: Database) -> tuple[ProxyPool, ...]:
    """List pools by name, empty ones included."""
    with db.read() as conn:
        rows = conn.execute(
            sa.select(proxy_pools, sa.func.count(proxies.c.id).label("proxies"))
            .select_from(proxy_pools.outerjoin(proxies))
            .group_by(proxy_pools.c.id)
            .order_by(proxy_pools.c.name)
        ).mappings()
        return tuple(to_struct(row, ProxyPool) for row in rows)


def find_pool(db: Database, name: str) -> ProxyPool:
    """Return a pool.

    Raises:
        NotFound: There is none of that name; the message names those there are.
    """
    pools = list_pools(db)
    for pool in pools:
        if pool.name == name:
            return pool
    there = ", ".join(pool.name for pool in pools)
    raise NotFound(
        f"there is no proxy pool {name!r}; "
        + (f"there are {there}" if there else "there are none"),
        "A pool is made with its first proxy: jobtracker proxies add URL --pool NAME",
    )


def remove(db: Database, proxy_id: int) -> ProxyStatus:
    """Delete a proxy; its pool stays, and a run that asks for it then never goes out directly.

    Raises:
        NotFound: There is no proxy of that number.
    """
    with db.write() as conn:
        status = _read(conn, proxy_id)
        conn.execute(sa.delete(proxies).where(proxies.c.id == proxy_id))
    return status


def remove_pool(db: Database, name: str) -> ProxyPool:
    """Delete a pool with all its proxies.

    Raises:
        NotFound: There is none of that name.
    """
    pool = find_pool(db, name)
    with db.write() as conn:
        conn.execute(sa.delete(proxies).where(proxies.c.pool_id == pool.id))
        conn.execute(sa.delete(proxy_pools).where(proxy_pools.c.id == pool.id))
    return pool


def take(db: Database, pool_id: int, *, avoid: Collection[int] = ()) -> Proxy | datetime | None:
    """Return the healthy proxy of a pool that was used least recently, and note its use.

    Those in `avoid` are left out. Without any: the moment at which the first of the others comes
    out of quarantine, or None where there is no other that is enabled.
    """
    with db.write() as conn:
        # One at a time: two runs that begin at once take two different ones.
        conn.execute(
            sa.select(proxy_pools.c.id).where(proxy_pools.c.id == pool_id).with_for_update()
        )
        moment = now(conn)
        rows = conn.execute(
            sa.select(proxies)
            .where(proxies.c.pool_id == pool_id, proxies.c.enabled)
            .order_by(proxies.c.last_used_at.asc().nulls_first(), proxies.c.id)
        ).all()
        others = [row for row in rows if row.id not in avoid]
        for row in others:
            until = row.quarantined_until
            # Longer than the longest: a clock was ahead.
            if until is None or not moment < until <= moment + _LONGEST:
                conn.execute(
                    sa.update(proxies).where(proxies.c.id == row.id).values(last_used_at=moment)
                )
                return Proxy(id=row.id, label=row.label, url=_reveal(db, row))
        return min((row.quarantined_until for row in others), default=None)


def url_of(db: Database, proxy_id: int) -> Proxy:
    """Return a proxy to go through, whatever its state.

    Raises:
        NotFound: There is no proxy of that number.
    """
    with db.read() as conn:
        row = conn.execute(sa.select(proxies).where(proxies.c.id == proxy_id)).first()
    if row is None:
        raise _no_proxy(proxy_id)
    return Proxy(id=row.id, label=row.label, url=_reveal(db, row))


def set_aside(db: Database, proxy_id: int, *, cause: ErrorClass) -> datetime | None:
    """Quarantine a proxy: a minute, or half an hour for `blocked`, doubling to six hours.

    What is in force already is never shortened; while it lasts, a further failure is the same one.
    Returns until when; None if the proxy is gone.
    """
    with db.write() as conn:
        moment = now(conn)
        row = conn.execute(
            sa.select(proxies).where(proxies.c.id == proxy_id).with_for_update()
        ).first()
        if row is None:
            return None
        before: datetime | None = row.quarantined_until
        lasts = before is not None and before > moment
        failures: int = max(row.failures, 1) if lasts else row.failures + 1
        first = _FIRST_AS_ROBOT if cause == "blocked" else _FIRST
        until = moment + min(first * (1 << min(failures - 1, _MOST_DOUBLINGS)), _LONGEST)
        if before is not None:
            until = max(until, before)
        conn.execute(
            sa.update(proxies)
            .where(proxies.c.id == proxy_id)
            .values(failures=failures, quarantined_until=until, last_error=cause)
        )
        return until


def note_success(db: Database, proxy_id: int) -> None:
    """Note that an answer came through a proxy: its failures are forgotten."""
    with db.write() as conn:
        conn.execute(
            sa.update(proxies)
            .where(proxies.c.id == proxy_id)
            .values(failures=0, quarantined_until=None, last_ok_at=now(conn))
        )


def _select() -> sa.Select[Any]:
    return sa.select(proxies, proxy_pools.c.name.label("pool")).join(
        proxy_pools, proxy_pools.c.id == proxies.c.pool_id
    )


def _read(conn: Connection, proxy_id: int) -> ProxyStatus:
    row = conn.execute(_select().where(proxies.c.id == proxy_id)).mappings().first()
    if row is None:
        raise _no_proxy(proxy_id)
    return _to_status(row)


def _no_proxy(proxy_id: int) -> NotFound:
    return NotFound(f"there is no proxy {proxy_id}", "List the proxies to see their numbers.")


def _to_status(row: sa.RowMapping) -> ProxyStatus:
    fields = plain(row)
    del fields["url"]
    return to_struct(fields, ProxyStatus)


def _reveal(db: Database, row: Any) -> str:
    return secrets.reveal(db, row.url, table=proxies, column="url", row=row.id)


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
