"""Tries to log in, counted for all processes together.

A row for each try, taken before the password is looked at; a login that succeeds takes back those
of its account and address. No password is checked beyond 5 tries within 15 minutes for an account
from one address, nor beyond 20 tries within an hour from one address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage.account_tables import login_attempts
from jobtracker_core.storage.engine import Database, now

PER_ACCOUNT: Final = (5, timedelta(minutes=15))
"""Tries for one account from one address, and within which time."""

PER_ADDRESS: Final = (20, timedelta(hours=1))
"""Tries from one address, and within which time."""


def take(db: Database, *, address: str, account: str) -> timedelta | None:
    """Count a try and allow it, or return how long to wait; a refused try is not counted.

    Whether there is such an account makes no difference. What is kept of `account` is a hash:
    people type their password into the wrong field.
    """
    name = account_key(account)
    with db.write() as conn:
        _lock(conn, address)
        moment = now(conn)
        longest = PER_ADDRESS[1]
        at = login_attempts.c.at
        # Those far ahead were made by a clock that was wrong.
        gone = sa.or_(at <= moment - longest, at > moment + longest)
        conn.execute(sa.delete(login_attempts).where(gone))
        rows = conn.execute(
            sa.select(login_attempts.c.account, login_attempts.c.at)
            .where(login_attempts.c.address == address)
            .order_by(login_attempts.c.at)
        ).all()
        waits = (
            _wait([row.at for row in rows], moment, *PER_ADDRESS),
            _wait([row.at for row in rows if row.account == name], moment, *PER_ACCOUNT),
        )
        wait = max(waits)
        if wait > timedelta(0):
            return wait
        conn.execute(sa.insert(login_attempts).values(address=address, account=name, at=moment))
    return None


def forget(db: Database, *, address: str, account: str) -> None:
    """Take back the tries for an account from an address: one of them was right."""
    with db.write() as conn:
        conn.execute(
            sa.delete(login_attempts).where(
                login_attempts.c.address == address,
                login_attempts.c.account == account_key(account),
            )
        )


def account_key(account: str) -> bytes:
    """Return what is kept of the name that somebody typed."""
    folded = account.casefold().encode("utf-8", "replace")
    return hashlib.blake2b(folded, digest_size=16, person=b"login").digest()


def _wait(tries: Sequence[datetime], moment: datetime, most: int, within: timedelta) -> timedelta:
    """Return how long until fewer than `most` tries lie within the time before."""
    # One that lies ahead, by a clock that was, counts as made now.
    recent = sorted(min(at, moment) for at in tries if at > moment - within)
    if len(recent) < most:
        return timedelta(0)
    return recent[-most] + within - moment


def _lock(conn: Connection, address: str) -> None:
    """Let one process at a time count the tries from an address; SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        digest = hashlib.blake2b(address.encode("utf-8", "replace"), digest_size=8).digest()
        key = int.from_bytes(digest, "big", signed=True)
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(key, sa.BigInteger))))
