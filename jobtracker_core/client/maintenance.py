"""Keeping a server's database in shape, from elsewhere."""

from __future__ import annotations

import time
from typing import Final

from jobtracker_core.client.session import Session
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.retention import Pruned
from jobtracker_core.storage.sizes import DatabaseSizes

_AT_ONCE_S: Final = 20.0
"""Seconds that a server deletes for one request."""

_LEAST_S: Final = 0.01

_PATIENCE_S: Final = 120.0


class Maintenance:
    """Sizes of the database, and what is to go of it; see `tracker.maintenance`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def stats(self, *, exact: bool = False) -> DatabaseSizes:
        """Say how much room each table takes; `exact` takes too long here, and raises FormError."""
        if exact:
            raise FormError({"exact": "a server does not count for so long; do it there"})
        return self._session.get("/database", DatabaseSizes)

    def prune(
        self,
        *,
        dry_run: bool = False,
        jobs_closed_before_days: int | None = None,
        seconds: float | None = None,
    ) -> Pruned:
        """Delete what the server's settings say is to be forgotten, in as few requests as it takes.

        Raises FormError naming what is wrong. Each request stands in the server's audit log.
        """
        end = None if seconds is None else time.monotonic() + seconds
        whole: dict[str, int] = {}
        while True:
            left = _AT_ONCE_S if end is None else min(_AT_ONCE_S, end - time.monotonic())
            body = {
                "jobs_closed_before_days": jobs_closed_before_days,
                "seconds": max(left, _LEAST_S),
            }
            gone = self._session.post(
                "/database/prune",
                Pruned,
                body,
                once=False,
                timeout=_PATIENCE_S,
                dry_run=dry_run,
            )
            for name, count in gone.counts.items():
                whole[name] = whole.get(name, 0) + count
            over = end is not None and time.monotonic() >= end
            if gone.finished or dry_run or over:
                return Pruned(finished=gone.finished, **whole)
