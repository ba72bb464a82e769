"""The proxies of one run: one at a time, the next one when it fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from jobtracker_core.contract.errors import ErrorClass, Transient
from jobtracker_core.contract.host import Proxy
from jobtracker_core.storage import proxies
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.proxies import ProxyPool

MOST_SUSPECTS: Final = 5
"""After so many proxies in a row without an answer it is the site that is down."""

_ITS_OWN: frozenset[ErrorClass] = frozenset({"proxy", "blocked"})
"""Causes that are the proxy's for certain."""

Tell = Callable[[str, dict[str, object]], None]


class RunProxies:
    """Picks from a pool for one run, and keeps the account of who failed. For one thread.

    A proxy that refuses, cannot be found, wants another login or is refused by the site is set
    aside at once. Where no answer came (a timeout, a broken connection, a TLS error), it may be
    the site that is down: such a proxy is a suspect, and set aside once a page came through another
    one.

    Args:
        tell: Takes a warning for the run's log.
    """

    def __init__(self, db: Database, pool: ProxyPool, tell: Tell) -> None:
        self._db = db
        self._pool = pool
        self._tell = tell
        self._current: Proxy | None = None
        self._suspects: dict[int, tuple[Proxy, ErrorClass]] = {}
        self._failed = False
        self._proven: int | None = None

    def take(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy:
        """Return the run's proxy, after a failure the next one; raise `Transient` if none is left.

        Asked again after that, it begins anew with those that are only suspects.
        """
        if failed is not None and self._current is not None and failed == self._current.id:
            self._leave(self._current, cause)
        elif self._current is None:
            self._suspects.clear()
            self._failed = False
        if self._current is None:
            self._current = self._next()
        return self._current

    def prove(self) -> None:
        """Note that a page came through the present proxy: the site is up, so suspects are not."""
        proxy = self._current
        if proxy is None:
            return
        for suspect, cause in self._suspects.values():
            self._set_aside(suspect, cause)
        self._suspects.clear()
        self._failed = False
        if self._proven != proxy.id:
            self._proven = proxy.id
            proxies.note_success(self._db, proxy.id)

    def _leave(self, proxy: Proxy, cause: ErrorClass) -> None:
        self._current = None
        if self._proven == proxy.id:
            self._proven = None
        if cause in _ITS_OWN:
            self._failed = True
            self._set_aside(proxy, cause)
        else:
            self._suspects[proxy.id] = proxy, cause
            self._tell("no answer through a proxy", {"proxy": proxy.label, "cause": cause})

    def _set_aside(self, proxy: Proxy, cause: ErrorClass) -> None:
        until = proxies.set_aside(self._db, proxy.id, cause=cause)
        fields: dict[str, object] = {"proxy": proxy.label, "cause": cause, "until": _time(until)}
        self._tell("proxy set aside", fields)

    def _next(self) -> Proxy:
        name = self._pool.name
        suspects = len(self._suspects)
        if suspects >= MOST_SUSPECTS:
            raise self._silent(f"{suspects} proxies in a row")
        found = proxies.take(self._db, self._pool.id, avoid=self._suspects)
        if isinstance(found, Proxy):
            return found
        if suspects and not self._failed:
            raise self._silent("any proxy that is left")
        if suspects:
            why = "those that are left gave no answer"
        elif found is not None:
            why = f"all are set aside, the first of them until {_time(found)} UTC"
        else:
            why = "it has none that is enabled"
        raise Transient(f"no proxy of pool {name!r} can be used: {why}", error_class="proxy")

    def _silent(self, whom: str) -> Transient:
        _, cause = list(self._suspects.values())[-1]
        return Transient(
            f"no answer through {whom} of pool {self._pool.name!r} ({cause}): the site may be down",
            error_class=cause,
        )


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
