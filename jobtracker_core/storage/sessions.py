"""Sessions of the portal: a row each, with the hash of the cookie's secret."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage.account_tables import sessions, users
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.texts import clean
from jobtracker_core.storage.types import LARGEST_ID, UtcDateTime

IDLE: Final = timedelta(hours=12)
"""After so long without a request a session is over."""

LONGEST: Final = timedelta(days=14)
"""After so long it is over in any case."""

SEEN_NOTED_EVERY: Final = timedelta(minutes=1)

VISIT_GAP: Final = timedelta(minutes=30)
"""After so long without a request a person's visit is over; the next request begins another."""

_AGENT_LENGTH = 300


class Session(Struct, frozen=True, kw_only=True):
    """A session as it may be shown.

    Attributes:
        user: The user's name.
        address: Where the login came from.
        agent: What the browser called itself.
        last_seen_at: To the minute.
        expires_at: When it is over even if it is used all the time.
        last_visit_at: When its user's visit before this one ended, on whatever device; None if this
            is the first.
    """

    id: int
    user_id: int
    user: str
    address: str
    agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    last_visit_at: datetime | None = None

    def is_valid(self, moment: datetime) -> bool:
        """Say whether it is still open at a moment."""
        return moment < self.expires_at and moment < self.last_seen_at + IDLE


class FoundSession(Struct, frozen=True, kw_only=True):
    """A session with what the cookie is compared with, and the present."""

    session: Session
    secret_hash: bytes
    now: datetime


_SELECT = sa.select(
    sessions, users.c.name.label("user"), users.c.previous_visit_at.label("last_visit_at")
).join(users, users.c.id == sessions.c.user_id)


@cache
def _find(dialect: str) -> sa.Select[Any]:
    # The server's clock is read on the way; on SQLite the host's is, which is no question.
    here = dialect == "postgresql"
    present = sa.func.clock_timestamp(type_=UtcDateTime) if here else sa.null()
    return _SELECT.add_columns(present.label("now")).where(sessions.c.key == sa.bindparam("b_key"))


def create(
    db: Database, user_id: int, *, key: str, secret_hash: bytes, address: str, agent: str
) -> Session:
    """Store a new session, and forget those that are over."""
    with db.write(shown=False) as conn:
        moment = now(conn)
        conn.execute(sa.delete(sessions).where(sa.not_(is_open(moment))))
        row_id: int = conn.execute(
            sa.insert(sessions)
            .values(
                key=key,
                secret_hash=secret_hash,
                user_id=user_id,
                address=clean(address, _AGENT_LENGTH),
                agent=clean(agent, _AGENT_LENGTH),
                created_at=moment,
                last_seen_at=moment,
                expires_at=moment + LONGEST,
            )
            .returning(sessions.c.id)
        ).scalar_one()
        _note_visit(conn, user_id, moment)
        return _read(conn, row_id)


def find(db: Database, key: str) -> FoundSession | None:
    """Return the session of a key, open or not; None if there is none."""
    with db.look() as conn:
        row = conn.execute(_find(conn.dialect.name), {"b_key": key}).mappings().first()
        if row is None:
            return None
        return FoundSession(
            session=_to_session(row),
            secret_hash=row["secret_hash"],
            now=now(conn) if row["now"] is None else row["now"],
        )


def list_sessions(db: Database, *, user_id: int | None = None) -> tuple[Session, ...]:
    """List the sessions that are open, those last seen first; of one user, or of all."""
    with db.read() as conn:
        statement = _SELECT.where(is_open(now(conn)))
        if user_id is not None:
            statement = statement.where(sessions.c.user_id == user_id)
        rows = conn.execute(statement.order_by(sessions.c.last_seen_at.desc(), sessions.c.id))
        return tuple(_to_session(row) for row in rows.mappings())


def end(db: Database, session_id: int) -> Session:
    """Delete a session; raises NotFound."""
    with db.write(shown=False) as conn:
        session = _read(conn, session_id)
        conn.execute(sa.delete(sessions).where(sessions.c.id == session_id))
        return session


def end_all(db: Database, user_id: int, *, but: int | None = None) -> int:
    """Delete the sessions of a user, but for one; return how many there were."""
    with db.write(shown=False) as conn:
        theirs = sa.delete(sessions).where(sessions.c.user_id == user_id)
        if but is not None:
            theirs = theirs.where(sessions.c.id != but)
        return conn.execute(theirs).rowcount


def note_seen(db: Database, session: Session, at: datetime) -> datetime | None:
    """Note that a session was used, unless that was noted less than a minute ago.

    Returns when its user's visit before this one ended: this request may have begun another.
    """
    with db.write(shown=False) as conn:
        noted = conn.execute(
            sa.update(sessions)
            .where(
                sessions.c.id == session.id,
                sessions.c.last_seen_at <= at - SEEN_NOTED_EVERY,
            )
            .values(last_seen_at=at)
        )
        if noted.rowcount:
            _note_visit(conn, session.user_id, at)
        before = sa.select(users.c.previous_visit_at).where(users.c.id == session.user_id)
        found: datetime | None = conn.execute(before).scalar()
        return found


def _note_visit(conn: Connection, user_id: int, at: datetime) -> None:
    last = users.c.visited_at
    over = last <= at - VISIT_GAP
    conn.execute(
        sa.update(users)
        .where(users.c.id == user_id)
        .values(
            previous_visit_at=sa.case((over, last), else_=users.c.previous_visit_at),
            visited_at=at,
        )
    )


def is_open(moment: datetime) -> sa.ColumnElement[bool]:
    """Say of a row that its session is open at a moment."""
    return sa.and_(sessions.c.expires_at > moment, sessions.c.last_seen_at > moment - IDLE)


def _read(conn: Connection, session_id: int) -> Session:
    row = None
    if 0 < session_id <= LARGEST_ID:
        row = conn.execute(_SELECT.where(sessions.c.id == session_id)).mappings().first()
    if row is None:
        raise NotFound(f"there is no session {session_id}", "List the sessions.")
    return _to_session(row)


def _to_session(row: sa.RowMapping) -> Session:
    fields: dict[str, Any] = plain(row)
    for name in ("key", "secret_hash", "now"):
        fields.pop(name, None)
    return to_struct(fields, Session)
