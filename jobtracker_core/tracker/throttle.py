"""How often a token or an address may ask, counted for all processes together."""

from __future__ import annotations

from jobtracker_core.storage import rates
from jobtracker_core.tracker.stored import Installation


class Throttle:
    """Limits on requests to this installation. Those of logins are `accounts.login()`'s own."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def allow(self, key: str, per_minute: float, burst: int) -> float | None:
        """Allow one request under `key`, or return the seconds to wait; a refusal costs nothing.

        No window of T seconds holds more than `per_minute / 60 * T + burst`, over all processes.
        """
        grant = rates.acquire(
            self._tracker.database, f"{rates.REQUEST}{key}", per_minute=per_minute, burst=burst
        )
        return grant.wait if grant.wait > 0 else None
