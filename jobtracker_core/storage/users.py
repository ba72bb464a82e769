"""Users: who may log in. Jobs and applications belong to all of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from jobtracker_core.storage.account_tables import setup_codes, users
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate, NotFound, StorageError
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.types import LARGEST_ID

_PUBLIC = tuple(
    users.c[name] for name in ("id", "name", "created_at", "password_changed_at", "last_login_at")
)


class AlreadySetUp(StorageError):  # noqa: N818  (the names say the state)
    """There is a user already: the first one is made once."""


class User(Struct, frozen=True, kw_only=True):
    """A user as they may be shown."""

    id: int
    name: str
    created_at: datetime
    password_changed_at: datetime
    last_login_at: datetime | None


class KnownUser(Struct, frozen=True, kw_only=True):
    """A user with the hash of their password."""

    user: User
    password_hash: str

    def __repr__(self) -> str:
        return f"KnownUser({self.user!r}, …)"


def name_key(name: str) -> str:
    """Return a name as names are compared."""
    return name.casefold()


def any_user(db: Database) -> bool:
    """Say whether there is a user."""
    with db.read() as conn:
        return _any(conn)


def list_users(db: Database) -> tuple[User, ...]:
    """List users by name."""
    with db.read() as conn:
        rows = conn.execute(sa.select(*_PUBLIC).order_by(users.c.name_key)).mappings()
        return tuple(to_struct(row, User) for row in rows)


def find(db: Database, name: str) -> KnownUser | None:
    """Return the user of a name; None if there is none."""
    with db.read() as conn:
        return _known(conn, users.c.name_key == name_key(name))


def get(db: Database, user_id: int) -> KnownUser:
    """Return a user; raises NotFound."""
    found = None
    if 0 < user_id <= LARGEST_ID:
        with db.read() as conn:
            found = _known(conn, users.c.id == user_id)
    if found is None:
        raise NotFound(f"there is no user {user_id}", "List the users.")
    return found


def create(db: Database, name: str, password_hash: str) -> User:
    """Store a new user; raises Duplicate."""
    with db.write() as conn:
        user = _insert(conn, name, password_hash, first=False)
        if user is None:
            raise Duplicate(f"there is a user {name!r} already", "Choose another name.")
        return user


def create_first(db: Database, name: str, password_hash: str) -> User:
    """Store the first user, and make all set-up codes void.

    Raises AlreadySetUp where there is one; of two that come at once, one gets it.
    """
    with db.write() as conn:
        user = None if _any(conn) else _insert(conn, name, password_hash, first=True)
        if user is None:
            raise AlreadySetUp(
                "this installation has been set up", "Log in, or add a user: jobtracker users add"
            )
        conn.execute(sa.delete(setup_codes))
        return user


def remove(db: Database, name: str) -> User:
    """Delete a user and end their sessions.

    Raises NotFound, and StorageError for the last one: whoever came next would set this
    installation up as theirs.
    """
    with db.write() as conn:
        # All rows: two who delete one another must not both succeed.
        rows = conn.execute(sa.select(*_PUBLIC).order_by(users.c.id).with_for_update()).mappings()
        there = [to_struct(row, User) for row in rows]
        for user in there:
            if name_key(user.name) == name_key(name):
                if len(there) == 1:
                    raise StorageError(
                        f"{user.name} is the only user", "Add another one before: users add NAME"
                    )
                conn.execute(sa.delete(users).where(users.c.id == user.id))
                return user
    raise no_user(name)


def no_user(name: str) -> NotFound:
    """Return the error that says so."""
    return NotFound(f"there is no user {name!r}", "List the users: jobtracker users")


def set_password(db: Database, user_id: int, password_hash: str) -> None:
    """Replace a password's hash; the user's sessions go on."""
    with db.write() as conn:
        conn.execute(
            sa.update(users)
            .where(users.c.id == user_id)
            .values(password_hash=password_hash, password_changed_at=now(conn))
        )


def note_login(db: Database, known: KnownUser, *, better_hash: str | None = None) -> bool:
    """Note a login; say whether the password that was checked is still the user's.

    `better_hash` is of the same password, made with the parameters of today.
    """
    with db.write() as conn:
        values: dict[str, Any] = {"last_login_at": now(conn)}
        if better_hash is not None:
            values["password_hash"] = better_hash
        changed = conn.execute(
            sa.update(users)
            .where(users.c.id == known.user.id, users.c.password_hash.in_([known.password_hash]))
            .values(**values)
        )
        return changed.rowcount == 1


def add_setup_code(db: Database, code_hash: bytes, *, lasts: timedelta) -> datetime | None:
    """Store a code for the first user's set-up, and forget those that are over.

    Returns until when it is valid; None if there is a user, and then nothing was stored. Codes that
    other processes made stay valid.
    """
    with db.write() as conn:
        if _any(conn):
            return None
        moment = now(conn)
        conn.execute(sa.delete(setup_codes).where(setup_codes.c.expires_at <= moment))
        until = moment + lasts
        conn.execute(sa.insert(setup_codes).values(code_hash=code_hash, expires_at=until))
        return until


def setup_codes_in_force(db: Database) -> tuple[bytes, ...]:
    """Return the hashes of the codes that are valid now."""
    with db.read() as conn:
        found = sa.select(setup_codes.c.code_hash).where(setup_codes.c.expires_at > now(conn))
        return tuple(conn.execute(found).scalars())


def _any(conn: Connection) -> bool:
    return conn.execute(sa.select(users.c.id).limit(1)).first() is not None


def _insert(conn: Connection, name: str, password_hash: str, *, first: bool) -> User | None:
    moment = now(conn)
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    # Without a target: the name and the place of the first user are both taken once.
    statement = dialect.insert(users).on_conflict_do_nothing().returning(*_PUBLIC)
    row = conn.execute(
        statement,
        {
            "name": name,
            "name_key": name_key(name),
            "password_hash": password_hash,
            "first": first,
            "created_at": moment,
            "password_changed_at": moment,
        },
    )
    made = row.mappings().first()
    return None if made is None else to_struct(made, User)


def _known(conn: Connection, which: sa.ColumnElement[bool]) -> KnownUser | None:
    row = conn.execute(sa.select(*_PUBLIC, users.c.password_hash).where(which)).mappings().first()
    if row is None:
        return None
    return KnownUser(user=to_struct(row, User), password_hash=row["password_hash"])
