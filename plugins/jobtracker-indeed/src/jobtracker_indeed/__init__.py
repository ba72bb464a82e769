"""Indeed for JobTracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobtracker_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobtracker_core import JobCollector
    from jobtracker_indeed.collector import Indeed
    from jobtracker_indeed.query import IndeedQuery

__all__ = ["Indeed", "IndeedQuery", "jobtracker_collectors"]


@hookimpl
def jobtracker_collectors() -> Iterable[type[JobCollector[Any, Any]]]:
    """Return this plugin's one collector."""
    from jobtracker_indeed.collector import Indeed  # noqa: PLC0415  (imported when used)

    return [Indeed]


def __getattr__(name: str) -> Any:
    if name not in ("Indeed", "IndeedQuery"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jobtracker_indeed import collector, query  # noqa: PLC0415  (imported when used)

    return getattr(collector if name == "Indeed" else query, name)
