"""How often sites may be asked from this machine, for runs that have no database of their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.host import Grant
from jobtracker_core.storage import rates, schema
from jobtracker_core.storage.engine import open_database


class LocalPace:
    """One small SQLite file that all programs of this user share, from one run to the next.

    Raises StorageError where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._db = open_database(f"sqlite:///{quote(str(path.absolute()), safe='/: ')}")
        try:
            schema.upgrade(self._db)
        except BaseException:
            self._db.close()
            raise

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """Ask for leave to send one request."""
        return rates.acquire(self._db, key, per_minute=per_minute, burst=burst)

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None) -> datetime:
        """Have all programs of this user leave a site alone; return until when."""
        return rates.slow_down(self._db, key, cause=cause, retry_after=retry_after)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
