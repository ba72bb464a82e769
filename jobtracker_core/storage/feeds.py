"""Secret addresses that a calendar program reads the calendar by."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage import versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.tracking_tables import calendar_feeds as feeds

_NOTED_EVERY = timedelta(hours=1)
"""How exactly the last use is known: every calendar program reads again and again."""


class Feed(Struct, frozen=True, kw_only=True):
    """An address of the calendar; the secret in it was shown once and is not stored.

    Attributes:
        last_used_at: To the hour.
    """

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


_SELECT = sa.select(*(feeds.c[name] for name in Feed.__struct_fields__))


def create(db: Database, name: str, secret: str) -> Feed:
    """Store an address by the digest of its secret."""
    with db.write() as conn:
        values = {"name": name, "digest": digest(secret), "created_at": now(conn)}
        number = conn.execute(sa.insert(feeds).values(values).returning(feeds.c.id)).scalar_one()
        row = conn.execute(_SELECT.where(feeds.c.id == number)).mappings().one()
        return to_struct(row, Feed)


def revoke(db: Database, feed_id: int) -> Feed:
    """End an address; raises NotFound. One that has ended stays ended."""
    with db.write() as conn:
        row = versions.find(conn, feeds, "calendar feed", feed_id)
        if row["revoked_at"] is None:
            ended = sa.update(feeds).where(feeds.c.id == feed_id).values(revoked_at=now(conn))
            conn.execute(ended)
        found = conn.execute(_SELECT.where(feeds.c.id == feed_id)).mappings().one()
        return to_struct(found, Feed)


def list_feeds(db: Database) -> tuple[Feed, ...]:
    """Return the addresses, the latest first, those that have ended too."""
    with db.read() as conn:
        rows = conn.execute(_SELECT.order_by(feeds.c.id.desc())).mappings()
        return tuple(to_struct(row, Feed) for row in rows)


def use(db: Database, secret: str) -> Feed:
    """Return the address of a secret, and note once an hour that it was used.

    Raises:
        NotFound: There is none, or it was revoked.
    """
    wanted = digest(secret)
    with db.read() as conn:
        moment = now(conn)
        statement = sa.select(feeds).where(feeds.c.digest == wanted)
        row = conn.execute(statement).mappings().first()
    if row is None or not hmac.compare_digest(bytes(row["digest"]), wanted):
        raise NotFound("there is no calendar at this address", "Make a new address.")
    if row["revoked_at"] is not None:
        raise NotFound("this address of the calendar was revoked", "Make a new address.")
    last = row["last_used_at"]
    if last is None or moment - last >= _NOTED_EVERY:
        with db.write() as conn:
            used = sa.update(feeds).where(feeds.c.id == row["id"]).values(last_used_at=moment)
            conn.execute(used)
    return to_struct({name: row[name] for name in Feed.__struct_fields__}, Feed)


def digest(secret: str) -> bytes:
    """Return what is stored of a secret; it is random, so that no salt is needed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
