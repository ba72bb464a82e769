"""When tokens were last used: written together, and beside the requests, which do not wait."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Final

from jobtracker_core.storage import tokens
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import StorageError

BATCH_S: Final = 1.0
"""Seconds for which uses are gathered before they are written."""


class TokenUses:
    """Uses of tokens that are to be noted. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[int, datetime] = {}
        self._timer: threading.Timer | None = None
        self._db: Database | None = None

    def add(self, db: Database, token_id: int, at: datetime) -> None:
        """Have a use noted soon, or when the installation is closed."""
        with self._lock:
            self._db = db
            self._uses[token_id] = at
            if self._timer is None:
                self._timer = threading.Timer(BATCH_S, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write what was gathered, as one transaction.

        What the database does not take is left to the next use: it is worth no error.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            db, uses, self._uses = self._db, self._uses, {}
        if db is None or not uses:
            return
        try:
            tokens.note_uses(db, uses)
        except StorageError:
            # The row still says the old time, so that whoever comes next is noted.
            return
