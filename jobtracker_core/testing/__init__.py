"""What a plugin's author tests with. See docs/reference/testing.md.

Names are imported when they are first used; none but those of the extra `testing` needs pytest or
hypothesis.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobtracker_core.http.record import ReplayTransport
    from jobtracker_core.runner.clock import JumpClock
    from jobtracker_core.testing.contract import CollectorContract, exchanges
    from jobtracker_core.testing.faults import FaultTransport
    from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
    from jobtracker_core.testing.proxy import InterceptProxy
    from jobtracker_core.testing.strategies import posting_strategy
    from jobtracker_core.testing.visit import Visit

_WHERE = {
    "CollectorContract": "testing.contract",
    "FaultTransport": "testing.faults",
    "InterceptProxy": "testing.proxy",
    "JumpClock": "runner.clock",
    "PracticeSite": "testing.practice",
    "ReplayTransport": "http.record",
    "Reply": "testing.practice",
    "Seen": "testing.practice",
    "Visit": "testing.visit",
    "exchanges": "testing.contract",
    "posting_strategy": "testing.strategies",
}

__all__ = [
    "CollectorContract",
    "FaultTransport",
    "InterceptProxy",
    "JumpClock",
    "PracticeSite",
    "ReplayTransport",
    "Reply",
    "Seen",
    "Visit",
    "exchanges",
    "posting_strategy",
]


def __getattr__(name: str) -> Any:
    try:
        module = importlib.import_module(f"jobtracker_core.{_WHERE[name]}")
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(module, name)
