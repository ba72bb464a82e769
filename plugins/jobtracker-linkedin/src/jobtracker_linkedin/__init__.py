"""LinkedIn for JobTracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobtracker_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobtracker_core import JobCollector
    from jobtracker_linkedin.collector import LinkedIn, LinkedInQuery

__all__ = ["LinkedIn", "LinkedInQuery", "jobtracker_collectors"]


@hookimpl
def jobtracker_collectors() -> Iterable[type[JobCollector[Any, Any]]]:
    """Return this plugin's one collector."""
    from jobtracker_linkedin.collector import LinkedIn  # noqa: PLC0415  (imported when used)

    return [LinkedIn]


def __getattr__(name: str) -> Any:
    if name not in ("LinkedIn", "LinkedInQuery"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jobtracker_linkedin import collector  # noqa: PLC0415  (imported when used)

    return getattr(collector, name)
