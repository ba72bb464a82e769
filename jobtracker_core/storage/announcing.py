"""Saying that something was written; `storage.data_version` listens."""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import Connection

DATA_CHANNEL: Final = "jt_data"
"""Where writers on PostgreSQL say so."""


class Written:
    """How often this process has written what lists show."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """Count one more."""
        with self._lock:
            self.count += 1


def announce(conn: Connection) -> None:
    """Say, once the transaction commits, that what lists show may have changed."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"NOTIFY {DATA_CHANNEL}")
        return
    # A number in the file's header that is the application's own.
    number: int = conn.exec_driver_sql("PRAGMA user_version").scalar_one()
    conn.exec_driver_sql(f"PRAGMA user_version = {(number + 1) % 2**31}")
