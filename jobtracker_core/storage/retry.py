"""Which failures are worth another attempt, and how long to wait for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import random

from msgspec import Struct

from jobtracker_core.contract.errors import ErrorClass


class Pauses(Struct, frozen=True):
    """Seconds before the second attempt, doubled for each further one up to `most`."""

    first: float
    most: float


_QUICK = Pauses(30, 1800)
_SLOW = Pauses(300, 3600)

POLICY: Mapping[ErrorClass, Pauses | None] = {
    # The way to the site: passes by itself, often within a minute.
    "network": _QUICK,
    "dns": _QUICK,
    "timeout": _QUICK,
    "proxy": _QUICK,
    "http_5xx": Pauses(60, 3600),
    # A certificate or a limit is not mended within seconds.
    "tls": _SLOW,
    "http_429": _SLOW,
    # Ours: a database that was away, a child that the system ended.
    "db": _QUICK,
    "crash_signal": Pauses(60, 1800),
    # Asking again at once is what got us refused.
    "blocked": None,
    # The same answer would come again, and be as unreadable.
    "http_4xx": None,
    "parse": None,
    "decode": None,
    "empty": None,
    "too_large": None,
    # Somebody must edit something first.
    "validation": None,
    "config": None,
    "auth": None,
    "plugin_import": None,
    "internal": None,
    # It would run into the same limit, at the same cost.
    "memory_limit": None,
    "cpu_limit": None,
    "runtime_limit": None,
    "output_limit": None,
    "page_limit": None,
    "request_limit": None,
    # Not failures of the run: the sweep and the drain have rules of their own.
    "lease_lost": None,
    "cancelled": None,
    "drained": None,
}
"""For each cause: the pauses before another attempt, or None where there is none."""

_FIRST_LOSS_S = 30
_MOST_LOSS_S = 3600


def back_off(
    cause: ErrorClass | None, attempt: int, *, chance: Callable[[], float] = random
) -> timedelta | None:
    """Return how long to wait after so many attempts, or None if another one is no use.

    Anything from half the first pause up to the doubled one, by chance: runs that failed together
    do not come back together. `chance` gives a number from 0 up to 1.
    """
    pauses = None if cause is None else POLICY[cause]
    if pauses is None:
        return None
    # No power of an absurd number of attempts: that would not fit in a float.
    longest = min(pauses.first * 2 ** min(attempt - 1, 20), pauses.most)
    shortest = pauses.first / 2
    return timedelta(seconds=shortest + chance() * (longest - shortest))


def after_loss(attempt: int) -> timedelta:
    """Return how long to wait after a worker was lost: not at all the first time."""
    if attempt <= 1:
        return timedelta(0)
    return timedelta(seconds=min(_FIRST_LOSS_S * 2 ** min(attempt - 2, 20), _MOST_LOSS_S))
