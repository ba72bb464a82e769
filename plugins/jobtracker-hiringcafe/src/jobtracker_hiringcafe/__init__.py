"""HiringCafe for JobTracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobtracker_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobtracker_core import JobCollector
    from jobtracker_hiringcafe.collector import HiringCafe, HiringCafeQuery

__all__ = ["HiringCafe", "HiringCafeQuery", "jobtracker_collectors"]


@hookimpl
def jobtracker_collectors() -> Iterable[type[JobCollector[Any, Any]]]:
    """Return this plugin's one collector."""
    from jobtracker_hiringcafe.collector import HiringCafe  # noqa: PLC0415  (imported when used)

    return [HiringCafe]


def __getattr__(name: str) -> Any:
    if name not in ("HiringCafe", "HiringCafeQuery"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jobtracker_hiringcafe import collector  # noqa: PLC0415  (imported when used)

    return getattr(collector, name)
