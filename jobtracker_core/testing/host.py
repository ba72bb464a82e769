"""The kit's side of a run: a host that keeps pace, asks for few details, and loses patience."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobtracker_core.contract.errors import CancelReason, ErrorClass
from jobtracker_core.contract.host import Ack, Batch, Grant, Proxy
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.http.throttle import Throttle
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.dry import DryHost

DETAILS = 3
"""Detail pages that a run of the kit asks for."""

MOST_LOOKS = 20_000
"""So many looks at the wish to stop are those of a collector that never ends."""


class Runaway(BaseException):
    """A collector that went on after everything that ends a run."""


class KitHost(DryHost):
    """Grants requests by the declared rate, on the run's own clock.

    Attributes:
        granted: Requests that were granted.
        on_batch: Called after each batch with its number, from 1.
    """

    def __init__(self, clock: Clock, *, proxy_url: str | None = None) -> None:
        super().__init__()
        self._throttle = Throttle(clock.monotonic)
        self._proxy_url = proxy_url
        self._looks = 0
        self.granted = 0
        self.on_batch: Callable[[int], None] = lambda _number: None

    def deliver(self, batch: Batch) -> Ack:
        """See RunHost."""
        ack = super().deliver(batch)
        self.on_batch(len(self.batches))
        return ack

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        """See RunHost."""
        return super().details_wanted(refs, rechecks=rechecks)[:DETAILS]

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """See RunHost."""
        grant = self._throttle.acquire(key, per_minute=per_minute, burst=burst)
        self.granted += grant.wait == 0
        return grant

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:  # noqa: ARG002
        """See RunHost."""
        if self._proxy_url is None:
            return None
        return Proxy(id=1, label="the kit's proxy", url=self._proxy_url)

    def cancelled(self) -> CancelReason | None:
        """See RunHost."""
        self._looks += 1
        if self._looks > MOST_LOOKS:
            raise Runaway(f"the collector asked {MOST_LOOKS} times whether to stop, and went on")
        return super().cancelled()
