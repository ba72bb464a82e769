"""Opening a database, and transactions on it."""

from __future__ import annotations

import copy
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from jobtracker_core.storage import sqlite
from jobtracker_core.storage.announcing import Written, announce
from jobtracker_core.storage.cipher import Cipher, NoCipher
from jobtracker_core.storage.errors import NotWritable, StorageError, WrongAddress
from jobtracker_core.storage.translate import display, translated
from jobtracker_core.storage.types import UtcDateTime, from_json, to_json

Clock = Callable[[], datetime]
_CLOCK = "jobtracker_clock"
_ALLOWED = "Use sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE."
_POOL_WAIT_S = 10
_CONNECT_TIMEOUT_S = 5

# idle_in_transaction_session_timeout must stay below the lease of a run: a frozen writer that
# holds a run's row would else keep it from being rescued. gin_pending_list_limit is above that of
# `indexing`, so that no page write has to sort into the index what an indexer wrote.
_POSTGRESQL_OPTIONS = (
    "-c statement_timeout=30s -c lock_timeout=10s "
    "-c idle_in_transaction_session_timeout=15s -c TimeZone=UTC -c gin_pending_list_limit=64MB"
)


def _host_clock() -> datetime:
    return datetime.now(UTC)


class Database:
    """One database. Safe to share between threads, not over a fork.

    Attributes:
        dialect: Which of the two engines it is.
        display_url: Its URL without passwords, for messages.
        cipher: Encrypts and decrypts the secrets in it; see `storage.secrets`.
        refused: Set by each `write()` that failed as NotWritable; `writable.verify` clears it.
        written: Counts each `write()` that may have changed what lists show.
    """

    def __init__(
        self, url: URL, writer: Engine, reader: Engine, clock: Clock, cipher: Cipher
    ) -> None:
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if writer.dialect.name == "sqlite" else "postgresql"
        )
        self.display_url = display(url)
        self.cipher = cipher
        self._url = url
        self._clock = clock
        # The clock travels with the connection, so that a function needs nothing but that.
        self._writer = writer.execution_options(**{_CLOCK: clock})
        self._reader = reader.execution_options(**{_CLOCK: clock})
        self._looker = (
            self._reader
            if self.dialect == "sqlite"
            else self._writer.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._joined: Connection | None = None
        self._shared = threading.local()
        self.refused = threading.Event()
        self.written = Written()

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database, absolute; None on PostgreSQL."""
        return Path(self._url.database or "") if self.dialect == "sqlite" else None

    @contextmanager
    def write(self, *, shown: bool = True) -> Iterator[Connection]:
        """Open one transaction that may write: commits at the end, rolls back on any exception.

        On SQLite it holds the only write lock from its first moment, so keep it short and never
        open a second one inside it. Driver errors leave as `StorageError`.

        Servers are told once it commits, so that they read their lists anew. `shown=False` is for
        what no list of jobs shows, such as a sign of life: it is quicker, and a list that showed it
        all the same would do so within a second.
        """
        if self._joined is not None:
            with translated(self._url), self._joined.begin_nested():
                yield self._joined
            return
        try:
            with translated(self._url), self._writer.begin() as conn:
                yield conn
                if shown:
                    announce(conn)
        except NotWritable:
            self.refused.set()
            raise
        if shown:
            self.written.add()

    def joined(self, conn: Connection) -> Database:
        """Return this database seen from within an open transaction of `write()`.

        What is written through it is a savepoint of that transaction, and what is read is what the
        transaction sees. It is of use no longer than the transaction, and to its thread alone.
        """
        view = copy.copy(self)
        vars(view).update(_joined=conn)
        return view

    @contextmanager
    def trial(self) -> Iterator[Connection]:
        """Open one transaction that may write and is always rolled back, to see what it would do.

        Locks as `write()` does while it lasts. Numbers that PostgreSQL gave out are lost.
        """
        if self._joined is not None:
            raise RuntimeError("a trial cannot be part of a transaction")
        with translated(self._url), self._writer.connect() as conn:
            transaction = conn.begin()
            try:
                yield conn
            finally:
                transaction.rollback()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one transaction that cannot write. On SQLite it neither creates a file nor waits."""
        with self._reading(self._reader) as conn:
            yield conn

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Open a connection for a short statement that only reads, or for several such.

        As `read()`, without what begins and ends a transaction on PostgreSQL, which takes as long
        as a short statement. Nothing there would keep it from writing: it is not for what somebody
        else wrote. Each statement sees what was committed before it, as in `read()`.
        """
        open_one = getattr(self._shared, "looker", None)
        if open_one is not None and self._joined is None:
            with translated(self._url):
                yield open_one
            return
        with self._reading(self._looker) as conn:
            yield conn

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Let all `look()`s of this thread share one connection; write nothing meanwhile."""
        with self.look() as conn:
            before = getattr(self._shared, "looker", None)
            self._shared.looker = conn
            try:
                yield
            finally:
                self._shared.looker = before

    @contextmanager
    def _reading(self, engine: Engine) -> Iterator[Connection]:
        open_one = self._joined or getattr(self._shared, "conn", None)
        if open_one is not None:
            with translated(self._url):
                yield open_one
            return
        with translated(self._url), engine.begin() as conn:
            yield conn

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let all that this thread reads meanwhile share one transaction, for many short reads.

        On SQLite they see the database as it was at the first of them, so write nothing meanwhile.
        An error of one of them ends it for all.
        """
        with self.read() as conn:
            before = getattr(self._shared, "conn", None)
            self._shared.conn = conn
            try:
                yield
            finally:
                self._shared.conn = before

    def dedicated(self) -> Any:
        """Open a connection of the driver that commits each statement and is in no pool.

        For what lasts as long as the process, such as listening. The caller closes it.
        """
        with translated(self._url):
            conn = self._writer.connect()
            conn.detach()
            driver = conn.connection.dbapi_connection
            if driver is None:
                raise StorageError(f"{self.display_url}: the connection was lost")
            driver.rollback()
            driver.autocommit = True
            return driver

    def now(self, conn: Connection) -> datetime:
        """Return the present: the server's clock on PostgreSQL, the host's on SQLite."""
        return now(conn)

    def present(self) -> datetime:
        """Return the same outside of a transaction."""
        with self.read() as conn:
            return now(conn)

    def another(self) -> Database:
        """Return the same database with connections of its own, for a thread that must not wait."""
        other = _open(self._url, self._clock, self.cipher)
        other.written = self.written
        return other

    def empty_log(self) -> None:
        """Move all that was written into a SQLite file, so that its log holds no old content.

        Does less while somebody reads from the log, and nothing on PostgreSQL.
        """
        if self.dialect == "sqlite":
            with translated(self._url), self._writer.connect() as conn:
                driver = conn.connection.dbapi_connection
                if driver is not None:
                    driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def unbound(self) -> Iterator[Callable[[str], Any]]:
        """Give a function that executes a statement outside of any transaction, for maintenance.

        It returns the first value of the answer, None where there is none, and takes its time. It
        raises NotWritable where a server only warns: so it does of a table that it passes over.
        Nobody else writes through this object meanwhile on SQLite.
        """
        with translated(self._url), self._writer.connect() as conn:
            if self.dialect == "sqlite":
                driver = conn.connection.dbapi_connection
                if driver is None:
                    raise StorageError(f"{self.display_url}: the connection was lost")
                cursor = driver.cursor()
                yield lambda statement: next(iter(cursor.execute(statement).fetchall()), (None,))[0]
                return
            from jobtracker_core.storage import postgresql  # noqa: PLC0415  (loads the driver)

            free = conn.execution_options(isolation_level="AUTOCOMMIT")
            postgresql.wait_for_any_time(free)
            free.exec_driver_sql("SET statement_timeout = 0")
            yield postgresql.heeding(free, self.display_url)

    def close(self) -> None:
        """Close all connections; those in use, when they come back. If used, it opens new ones."""
        for engine in (self._writer, self._reader):
            pool = engine.pool
            engine.dispose()
            # The engine has another pool now: what comes back to this one nobody would take again.
            event.listen(pool, "checkin", lambda _driver, connection: connection.close())
            pool.dispose()

    def __repr__(self) -> str:
        return f"Database({self.display_url!r})"


def now(conn: Connection) -> datetime:
    """Return the present by the clock that all users of this database share.

    It is `clock_timestamp()`, not the start of the transaction: leases are compared with it.
    """
    if conn.dialect.name == "postgresql":
        return conn.execute(sa.select(sa.func.clock_timestamp(type_=UtcDateTime))).scalar_one()
    clock: Clock = conn.get_execution_options()[_CLOCK]
    return clock()


def open_database(
    url: str, *, clock: Clock = _host_clock, cipher: Cipher | None = None
) -> Database:
    """Describe a database; the first transaction connects to it, nothing is touched before.

    Args:
        url: `sqlite:///PATH` (relative to the working directory, or absolute with a fourth
            slash), `postgresql://…`, `postgres://…` or `postgresql+psycopg://…`.
        clock: The host's clock, used on SQLite only.
        cipher: Encrypts and decrypts secrets; without one, those are refused.

    Raises:
        StorageError: The URL is of no allowed form, or the SQLite library is too old.
    """
    cipher = cipher or NoCipher()
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise StorageError("the database URL has no scheme", _ALLOWED)
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        return _open(_parse(f"postgresql+psycopg://{rest}"), clock, cipher)
    if scheme == "sqlite" and "?" in url:
        raise WrongAddress("a SQLite database has no options", "Write a `?` in its name as %3F.")
    if scheme == "sqlite":
        return _open(_parse(url), clock, cipher)
    raise WrongAddress(f"databases of the kind {scheme!r} are not supported", _ALLOWED)


def _open(url: URL, clock: Clock, cipher: Cipher) -> Database:
    is_sqlite = url.get_backend_name() == "sqlite"
    return (_open_sqlite if is_sqlite else _open_postgresql)(url, clock, cipher)


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # Neither the URL nor the cause is shown: both may hold the password.
        raise WrongAddress("the database URL cannot be read", _ALLOWED) from None


def _open_postgresql(url: URL, clock: Clock, cipher: Cipher) -> Database:
    from jobtracker_core.storage import postgresql  # noqa: PLC0415  (loads the driver)

    given = url.query.get("options", "")
    theirs = given if isinstance(given, str) else " ".join(given)
    engine = sa.create_engine(
        url.difference_update_query(["options"]),
        connect_args={
            "client_encoding": "utf8",
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "application_name": "jobtracker",
            "options": f"{_POSTGRESQL_OPTIONS} {theirs}".strip(),
        },
        pool_pre_ping=True,
        # Writers count on seeing what others committed while they waited for a lock.
        isolation_level="READ COMMITTED",
        pool_timeout=_POOL_WAIT_S,
        json_serializer=to_json,
        json_deserializer=from_json,
        hide_parameters=True,
    )

    postgresql.spare_pings(engine.dialect)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        return postgresql.connect(*arguments, **options)

    reader = engine.execution_options(postgresql_readonly=True)
    return Database(url, engine, reader, clock, cipher)


def _open_sqlite(url: URL, clock: Clock, cipher: Cipher) -> Database:
    if sqlite3.sqlite_version_info < sqlite.OLDEST:
        oldest = ".".join(map(str, sqlite.OLDEST))
        raise StorageError(
            f"SQLite {sqlite3.sqlite_version} is too old: {oldest} is needed",
            "Use a Python that brings a newer SQLite.",
        )
    if url.host or not url.database or url.database == ":memory:":
        raise WrongAddress("a SQLite database must be a plain file", _ALLOWED)
    try:
        path = Path(url.database).expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise WrongAddress(f"{url.database}: {error}", "Name the file from the root on.") from error
    # One writer at a time is SQLite's rule; waiting in the pool is fair, its own waiting is not.
    writer = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite.connect_writer(path),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_S,
        hide_parameters=True,
    )
    reader = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite.connect_reader(path),
        poolclass=QueuePool,
        pool_timeout=_POOL_WAIT_S,
        hide_parameters=True,
    )
    event.listen(writer, "begin", _begin_immediate)
    event.listen(reader, "begin", _begin)
    return Database(url.set(database=str(path)), writer, reader, clock, cipher)


def _begin_immediate(conn: Connection) -> None:
    # A plain BEGIN takes the write lock at the first write, after the reads that led to it:
    # updates get lost without an error.
    conn.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN")
