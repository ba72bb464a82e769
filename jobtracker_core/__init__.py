"""JobTracker: collects job postings from many sites into one clean, searchable history.

Names are imported when they are first used, so that `import jobtracker_core` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobtracker_core.client import RemoteError, RemoteTracker, connect
    from jobtracker_core.contract.collector import JobCollector
    from jobtracker_core.contract.context import Http, Items, Log, Response, RunContext
    from jobtracker_core.contract.errors import (
        BadQuery,
        Blocked,
        Cancelled,
        CollectError,
        ConfigError,
        LayoutChanged,
        RateLimited,
        Transient,
    )
    from jobtracker_core.contract.hooks import hookimpl
    from jobtracker_core.contract.info import (
        CollectorInfo,
        CollectorSettings,
        FilterSupport,
        Limits,
        Policy,
        Private,
    )
    from jobtracker_core.contract.page import Page, Probe, Skip
    from jobtracker_core.contract.posting import (
        CompanyFacts,
        Employment,
        Pay,
        PayInterval,
        PayKind,
        Place,
        Posting,
        PostingRef,
        Precision,
        Remote,
        Seniority,
    )
    from jobtracker_core.contract.query import CommonQuery
    from jobtracker_core.contract.run import Counts, JobRef, RunState, RunSummary
    from jobtracker_core.ingest.depth import is_too_deep
    from jobtracker_core.server.plugin import JobTrackerPlugin
    from jobtracker_core.settings import Settings
    from jobtracker_core.storage.applications import ApplicationChanges, ApplicationDraft
    from jobtracker_core.storage.companies import CompanyChanges, CompanyDraft
    from jobtracker_core.storage.contacts import ContactChanges, ContactDraft
    from jobtracker_core.storage.timeline import EventChanges, EventDraft
    from jobtracker_core.storage.views import ViewChanges, ViewDraft
    from jobtracker_core.tracker import JobTracker
    from jobtracker_core.tracker.job_forms import JobChanges, JobDraft

_WHERE = {
    "JobCollector": "contract.collector",
    **dict.fromkeys(("Http", "Items", "Log", "Response", "RunContext"), "contract.context"),
    **dict.fromkeys(
        (
            "BadQuery",
            "Blocked",
            "Cancelled",
            "CollectError",
            "ConfigError",
            "LayoutChanged",
            "RateLimited",
            "Transient",
        ),
        "contract.errors",
    ),
    "hookimpl": "contract.hooks",
    **dict.fromkeys(
        ("CollectorInfo", "CollectorSettings", "FilterSupport", "Limits", "Policy", "Private"),
        "contract.info",
    ),
    **dict.fromkeys(("Page", "Probe", "Skip"), "contract.page"),
    **dict.fromkeys(
        (
            "CompanyFacts",
            "Employment",
            "Pay",
            "PayInterval",
            "PayKind",
            "Place",
            "Posting",
            "PostingRef",
            "Precision",
            "Remote",
            "Seniority",
        ),
        "contract.posting",
    ),
    "CommonQuery": "contract.query",
    **dict.fromkeys(("Counts", "JobRef", "RunState", "RunSummary"), "contract.run"),
    "is_too_deep": "ingest.depth",
    "Settings": "settings",
    **dict.fromkeys(("ApplicationChanges", "ApplicationDraft"), "storage.applications"),
    **dict.fromkeys(("CompanyChanges", "CompanyDraft"), "storage.companies"),
    **dict.fromkeys(("ContactChanges", "ContactDraft"), "storage.contacts"),
    **dict.fromkeys(("EventChanges", "EventDraft"), "storage.timeline"),
    **dict.fromkeys(("ViewChanges", "ViewDraft"), "storage.views"),
    **dict.fromkeys(("JobChanges", "JobDraft"), "tracker.job_forms"),
    "JobTracker": "tracker",
    **dict.fromkeys(("RemoteError", "RemoteTracker", "connect"), "client"),
    "JobTrackerPlugin": "server.plugin",
}

__version__ = "0.1.0"
__all__ = [  # noqa: RUF022  (contract first, then what runs it)
    "BadQuery",
    "Blocked",
    "Cancelled",
    "CollectError",
    "CollectorInfo",
    "CollectorSettings",
    "CommonQuery",
    "CompanyFacts",
    "ConfigError",
    "Counts",
    "Employment",
    "FilterSupport",
    "Http",
    "Items",
    "JobCollector",
    "JobRef",
    "LayoutChanged",
    "Limits",
    "Log",
    "Page",
    "Pay",
    "PayInterval",
    "PayKind",
    "Place",
    "Policy",
    "Posting",
    "PostingRef",
    "Precision",
    "Private",
    "Probe",
    "RateLimited",
    "Remote",
    "Response",
    "RunContext",
    "RunState",
    "RunSummary",
    "Seniority",
    "Skip",
    "Transient",
    "hookimpl",
    "is_too_deep",
    "ApplicationChanges",
    "ApplicationDraft",
    "CompanyChanges",
    "CompanyDraft",
    "ContactChanges",
    "ContactDraft",
    "EventChanges",
    "EventDraft",
    "JobChanges",
    "JobDraft",
    "ViewChanges",
    "ViewDraft",
    "JobTracker",
    "JobTrackerPlugin",
    "RemoteError",
    "RemoteTracker",
    "Settings",
    "connect",
    "__version__",
]


def __getattr__(name: str) -> Any:
    try:
        module = importlib.import_module(f"{__name__}.{_WHERE[name]}")
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
