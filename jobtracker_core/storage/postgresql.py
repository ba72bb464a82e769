"""Connections to PostgreSQL that do not wait for ever. On SQLite this module is never loaded."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Generator
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types
from sqlalchemy import Connection, Dialect

from jobtracker_core.storage.errors import NotWritable
from jobtracker_core.storage.index_tokens import Vector

ANSWER_S: Final = 35.0
"""Seconds without a sign of life after which a server is given up that owes an answer.

The server itself ends a statement after 30 seconds, and the kernel a connection whose peer
acknowledges nothing after 20. This is for a peer that takes everything and says nothing: a server
that stands still, or a proxy on the way whose other side is gone.
"""


FRESH_S: Final = 5.0
"""Seconds within which a connection that has answered is taken as good, if it says nothing now."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection that closes itself when the server has been silent for too long.

    Attributes:
        answer_s: Seconds that an answer may take; None is any time.
        heard_at: When the last answer was complete, by the monotonic clock.
    """

    answer_s: float | None = None
    heard_at: float = 0.0

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Consume a generator of the driver's; raises OperationalError after the time is over."""
        result = super().wait(_bounded(self, gen), *args, **kwargs)
        self.heard_at = time.monotonic()
        return result

    @property
    def is_fresh(self) -> bool:
        """Whether it can be used without asking first.

        A server that has ended, or has ended this connection, says so: there is something to read.
        """
        if self.closed or time.monotonic() - self.heard_at > FRESH_S:
            return False
        if not hasattr(select, "poll"):
            return False
        waiting = select.poll()
        waiting.register(self.fileno(), select.POLLIN)
        return not waiting.poll(0)


class VectorDumper(Dumper):
    """Sends a `Vector` as it is."""

    format = pq.Format.BINARY
    oid = types["tsvector"].oid

    def dump(self, obj: Buffer) -> Buffer:
        """Return what is sent."""
        return obj


def connect(*arguments: Any, **options: Any) -> PatientConnection:
    """Connect as the driver does."""
    connection = PatientConnection.connect(*arguments, **options)
    connection.answer_s = ANSWER_S
    connection.adapters.register_dumper(Vector, VectorDumper)
    return connection


def spare_pings(dialect: Dialect) -> None:
    """Let a pool ask only those connections, before it gives them out, that may be gone."""
    ask = dialect.do_ping

    def ping(connection: Any) -> bool:
        return (isinstance(connection, PatientConnection) and connection.is_fresh) or ask(
            connection
        )

    dialect.do_ping = ping  # type: ignore[assignment,method-assign]


def wait_for_any_time(conn: Connection) -> None:
    """Let the server take its time for the rest of a transaction; its connection ends with it."""
    conn.detach()
    driver: Any = conn.connection.dbapi_connection
    if isinstance(driver, PatientConnection):
        driver.answer_s = None


def heeding(conn: Connection, url: str) -> Callable[[str], Any]:
    """Return what executes a statement and returns the first value of the answer, if it has one.

    It raises NotWritable, which begins with `url`, for what the server only warns of.
    """
    warned: list[str] = []

    def hear(said: psycopg.errors.Diagnostic) -> None:
        if said.severity_nonlocalized == "WARNING":
            warned.append(said.message_primary or "the server warns")

    def execute(statement: str) -> Any:
        result = conn.exec_driver_sql(statement)
        if warned:
            raise NotWritable(f"{url}: {warned.pop()}", "Do it as the owner of the tables.")
        return result.scalar() if result.returns_rows else None

    driver: Any = conn.connection.dbapi_connection
    driver.add_notice_handler(hear)
    return execute


def _bounded(
    connection: PatientConnection, gen: Generator[Any, Any, Any]
) -> Generator[Any, Any, Any]:
    heard = time.monotonic()
    try:
        wanted = next(gen)
        while True:
            # Asked every 0.1 s; false is that nothing has happened since.
            ready = yield wanted
            moment = time.monotonic()
            if ready:
                heard = moment
            elif connection.answer_s is not None and moment - heard > connection.answer_s:
                # Where the conversation stands is not known: it cannot go on.
                connection.pgconn.finish()
                raise psycopg.OperationalError(f"no answer within {connection.answer_s:g} seconds")
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value
