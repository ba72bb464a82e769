"""Requests that their sender marked with a key: such a one has its effect once."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage.audit_tables import request_keys as table
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.storage.statements import insert_or_ignore
from jobtracker_core.storage.turns import Turns, forget

KEPT = timedelta(days=2)


class RequestKey(Struct, frozen=True, kw_only=True):
    """What marks a request.

    Attributes:
        actor: Who sent it: each sender has keys of his own.
        digest: Of method, address and body, to tell a repetition from another request.
    """

    actor: str
    key: str
    digest: bytes


class Answered(Exception):  # noqa: N818
    """The request was carried out before; nothing was changed now.

    Args:
        answer: What was answered then, as JSON; None if it was for one pair of eyes only.
    """

    def __init__(self, answer: str | None) -> None:
        super().__init__("the request was carried out before")
        self.answer = answer


class KeyReused(Duplicate):
    """The key marks another request."""


def begin(conn: Connection, request: RequestKey) -> None:
    """Take the key; whoever comes second waits here for the first one's transaction.

    Raises:
        Answered: The same request was carried out.
        KeyReused: Another one was.
    """
    mine = conn.execute(
        insert_or_ignore(conn, table, "actor", "key").returning(table.c.key),
        {
            "actor": request.actor,
            "key": request.key,
            "digest": request.digest,
            "created_at": now(conn),
        },
    )
    if mine.first() is not None:
        return
    digest, answer = conn.execute(
        sa.select(table.c.digest, table.c.answer).where(
            table.c.actor == request.actor, table.c.key == request.key
        )
    ).one()
    if digest != request.digest:
        raise KeyReused(
            "another request was sent with this key before",
            "Send a new Idempotency-Key with each request that is not a repetition.",
        )
    raise Answered(answer)


def end(conn: Connection, request: RequestKey, answer: str | None) -> None:
    """Keep what is answered, as JSON."""
    conn.execute(
        sa.update(table)
        .where(table.c.actor == request.actor, table.c.key == request.key)
        .values(answer=answer)
    )


def prune(db: Database, turns: Turns | None = None, *, dry_run: bool = False) -> int:
    """Forget keys that nobody will repeat any more; return how many."""
    over = table.c.created_at < db.present() - KEPT
    return forget(db, table, over, turns or Turns(), dry_run=dry_run)
