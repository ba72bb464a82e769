"""Sites that python-jobspy reads, for JobTracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobtracker_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobtracker_core import JobCollector
    from jobtracker_jobspy.sites import (
        Bayt,
        BDJobs,
        Glassdoor,
        Google,
        HelloWork,
        Naukri,
        ZipRecruiter,
    )

__all__ = [
    "BDJobs",
    "Bayt",
    "Glassdoor",
    "Google",
    "HelloWork",
    "Naukri",
    "ZipRecruiter",
    "jobtracker_collectors",
]


@hookimpl
def jobtracker_collectors() -> Iterable[type[JobCollector[Any, Any]]]:
    """Return this plugin's collectors, one for each site."""
    from jobtracker_jobspy.sites import COLLECTORS  # noqa: PLC0415  (imported when used)

    return COLLECTORS


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jobtracker_jobspy import sites  # noqa: PLC0415  (imported when used)

    return getattr(sites, name)
