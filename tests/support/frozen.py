"""A database whose clock stands still until it is told to go on."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from jobtracker_core.storage.engine import Database, open_database
from keys import cipher
from rows import NOON


class FrozenTime:
    """The time of a database: of its server too, where it has one."""

    def __init__(self, url: str, start: datetime = NOON) -> None:
        self._at = start
        self._server: psycopg.Connection[object] | None = None
        if url.startswith("sqlite"):
            self.db: Database = open_database(url, clock=lambda: self._at, cipher=cipher())
            return
        self._server = psycopg.connect(url, autocommit=True)
        self._server.execute("CREATE SCHEMA fake")
        self._server.execute("CREATE TABLE fake.present (at timestamptz)")
        self._server.execute("INSERT INTO fake.present VALUES (%s)", (start,))
        self._server.execute(
            "CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql"
            " AS 'SELECT at FROM fake.present'"
        )
        # Named before pg_catalog, ours hides the server's own function.
        path = "-c%20search_path%3Dfake%2Cpublic%2Cpg_catalog"
        self.db = open_database(f"{url}{'&' if '?' in url else '?'}options={path}", cipher=cipher())

    @property
    def at(self) -> datetime:
        """The present."""
        return self._at

    def advance(self, **step: float) -> datetime:
        """Let time pass, or go back."""
        self._at += timedelta(**step)
        if self._server is not None:
            self._server.execute("UPDATE fake.present SET at = %s", (self._at,))
        return self._at

    def close(self) -> None:
        """Give up all connections."""
        self.db.close()
        if self._server is not None:
            self._server.close()
