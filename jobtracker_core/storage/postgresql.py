"""Connections to PostgreSQL that do not wait for ever. On SQLite this module is never loaded."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Final

import psycopg
from sqlalchemy import Connection

ANSWER_S: Final = 35.0
"""Seconds without a sign of life after which a server is given up that owes an answer.

The server itself ends a statement after 30 seconds, and the kernel a connection whose peer
acknowledges nothing after 20. This is for a peer that takes everything and says nothing: a server
that stands still, or a proxy on the way whose other side is gone.
"""


class PatientConnection(psycopg.Connection[Any]):
    """A connection that closes itself when the server has been silent for too long.

    Attributes:
        answer_s: Seconds that an answer may take; None is any time.
    """

    answer_s: float | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Consume a generator of the driver's; raises OperationalError after the time is over."""
        return super().wait(_bounded(self, gen), *args, **kwargs)


def connect(*arguments: Any, **options: Any) -> PatientConnection:
    """Connect as the driver does."""
    connection = PatientConnection.connect(*arguments, **options)
    connection.answer_s = ANSWER_S
    return connection


def wait_for_any_time(conn: Connection) -> None:
    """Let the server take its time for the rest of a transaction; its connection ends with it."""
    conn.detach()
    driver: Any = conn.connection.dbapi_connection
    if isinstance(driver, PatientConnection):
        driver.answer_s = None


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
