"""Columns that hold secrets: nothing is ever stored in them in the clear.

What is sealed is bound to its table, column and row. One more sealed value, `secret_checks`, tells
whether the keys of this process are those that the database's secrets were sealed with; without
that, two machines with two keys would each store what the other cannot read.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Table

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.storage.statements import insert_or_ignore
from jobtracker_core.storage.tables import collector_secrets, proxies, secret_checks

COLUMNS: Final = ((proxies, "url"), (collector_secrets, "sealed"))
"""Every column that holds secrets."""

_CHECK_ID: Final = 1
_CHECK: Final = "the keys fit"
_BATCH = 100
_SEALED: Final = "gAAAA"
"""How everything that is sealed begins: the version of its form, and a time of this century."""


class Rotation(Struct, frozen=True, kw_only=True):
    """How many secrets there are, and how many of them were sealed anew."""

    secrets: int
    renewed: int


def seal(db: Database, conn: Connection, text: str, *, table: Table, column: str, row: int) -> str:
    """Return a secret as it is stored in that row, within a transaction that writes.

    Raises:
        MissingKey: There is no key, and none may be made.
        WrongKey: The database's secrets were sealed with another one.
    """
    _check(db, conn)
    return db.cipher.seal(text, _place(table, column, row))


def reveal(db: Database, sealed: str, *, table: Table, column: str, row: int) -> str:
    """Return a secret in the clear.

    Raises:
        MissingKey: There is no key.
        WrongKey: It was sealed with another one, or for another place.
        StorageError: An older program stored it in the clear.
    """
    if not sealed.startswith(_SEALED):
        raise StorageError(
            f"{db.display_url}: {table.name} {row} holds a secret that is not encrypted yet",
            "Run `jobtracker db upgrade`.",
        )
    return db.cipher.open(sealed, _place(table, column, row))


def seal_clear(db: Database) -> int:
    """Seal what an older program stored in the clear; return how many secrets that were.

    Costs one short read where there is nothing to do. On SQLite the clear text is overwritten in
    the file as well; PostgreSQL's next VACUUM takes it away. Raises MissingKey and WrongKey.
    """
    sealed = 0
    for table, column in COLUMNS:
        in_clear = sa.not_(table.c[column].startswith(_SEALED))
        with db.read() as conn:
            if conn.execute(sa.select(table.c.id).where(in_clear).limit(1)).first() is None:
                continue
        with db.write() as conn:
            if conn.dialect.name == "sqlite":
                conn.exec_driver_sql("PRAGMA secure_delete = ON")
            statement = sa.select(table.c.id, table.c[column]).where(in_clear).with_for_update()
            for number, text in conn.execute(statement).all():
                stored = seal(db, conn, text, table=table, column=column, row=number)
                conn.execute(
                    sa.update(table).where(table.c.id == number).values(**{column: stored})
                )
                sealed += 1
    if sealed:
        db.empty_log()
    return sealed


def rotate(db: Database) -> Rotation:
    """Seal anew, with the first key, what older keys sealed.

    In batches, each its own transaction: whoever is stopped half-way leaves everything readable by
    the same keys, and the next call goes on. Raises MissingKey and WrongKey; what was renewed
    before that stays so.
    """
    secrets = renewed = 0
    with db.write() as conn:
        _check(db, conn)
    for table, column in COLUMNS:
        last = 0
        while True:
            with db.write() as conn:
                rows = conn.execute(
                    sa.select(table.c.id, table.c[column])
                    .where(table.c.id > last)
                    .order_by(table.c.id)
                    .limit(_BATCH)
                    .with_for_update()
                ).all()
                renewed += sum(_renew(db, conn, table, column, *row) for row in rows)
            secrets += len(rows)
            if len(rows) < _BATCH:
                break
            last = rows[-1].id
    # Last of all: until then it tells that the older keys are still needed.
    with db.write() as conn:
        for number, sealed in conn.execute(sa.select(secret_checks.c.id, secret_checks.c.sealed)):
            _renew(db, conn, secret_checks, "sealed", number, sealed)
    return Rotation(secrets=secrets, renewed=renewed)


def _renew(
    db: Database, conn: Connection, table: Table, column: str, number: int, sealed: str
) -> bool:
    anew = db.cipher.renew(sealed, _place(table, column, number))
    if anew is not None:
        conn.execute(sa.update(table).where(table.c.id == number).values(**{column: anew}))
    return anew is not None


def _check(db: Database, conn: Connection) -> None:
    read = sa.select(secret_checks.c.sealed).where(secret_checks.c.id == _CHECK_ID)
    place = _place(secret_checks, "sealed", _CHECK_ID)
    sealed = conn.execute(read).scalar()
    if sealed is None:
        db.cipher.provide()
        conn.execute(
            insert_or_ignore(conn, secret_checks, "id"),
            {"id": _CHECK_ID, "sealed": db.cipher.seal(_CHECK, place)},
        )
        # Somebody else's may have come first, with other keys.
        sealed = conn.execute(read).scalar_one()
    db.cipher.open(sealed, place)


def _place(table: Table, column: str, row: int) -> str:
    return f"{table.name}:{column}:{row}"
