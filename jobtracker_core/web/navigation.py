"""The pages that are always a step away: in the rail, in the palette and by keys."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Group = Literal["search", "collecting", "system"]


class Place(Struct, frozen=True, kw_only=True):
    """A page of its own.

    Attributes:
        section: What its pages call themselves when they are rendered.
        key: The letter that leads here after g.
        words: What else somebody may type who looks for it.
    """

    section: str
    path: str
    label: str
    icon: str
    group: Group
    key: str = ""
    words: str = ""


PLACES: Final = (
    Place(
        section="today",
        path="/",
        label="Today",
        icon="layout-dashboard",
        group="search",
        key="t",
        words="home dashboard due",
    ),
    Place(
        section="jobs",
        path="/jobs",
        label="Jobs",
        icon="briefcase",
        group="search",
        key="j",
        words="postings triage",
    ),
    Place(
        section="applications",
        path="/applications",
        label="Applications",
        icon="columns-3",
        group="search",
        key="a",
        words="pipeline board stages",
    ),
    Place(
        section="calendar",
        path="/calendar",
        label="Calendar",
        icon="calendar-days",
        group="search",
        key="c",
        words="events interviews agenda feed ics",
    ),
    Place(
        section="companies",
        path="/companies",
        label="Companies",
        icon="building-2",
        group="search",
        key="o",
        words="employers",
    ),
    Place(
        section="admin",
        path="/admin",
        label="Overview",
        icon="heart-pulse",
        group="collecting",
        words="admin health",
    ),
    Place(
        section="collectors",
        path="/admin/collectors",
        label="Collectors",
        icon="plug",
        group="collecting",
        words="sites enable policy probe",
    ),
    Place(
        section="searches",
        path="/admin/searches",
        label="Searches",
        icon="calendar-sync",
        group="collecting",
        key="s",
        words="schedules cron queries",
    ),
    Place(
        section="runs",
        path="/admin/runs",
        label="Runs",
        icon="activity",
        group="collecting",
        key="r",
        words="queue log",
    ),
    Place(
        section="workers",
        path="/admin/workers",
        label="Workers",
        icon="cpu",
        group="collecting",
        words="machines slots",
    ),
    Place(
        section="performance",
        path="/admin/performance",
        label="Performance",
        icon="chart-line",
        group="collecting",
        key="p",
        words="charts yield durations requests",
    ),
    Place(
        section="plugins",
        path="/admin/plugins",
        label="Plugins",
        icon="package",
        group="system",
        words="installed broken",
    ),
    Place(
        section="tokens",
        path="/admin/tokens",
        label="Tokens",
        icon="key-round",
        group="system",
        words="api access secrets",
    ),
    Place(
        section="config",
        path="/admin/config",
        label="Configuration",
        icon="file-cog",
        group="system",
        words="export import backup",
    ),
    Place(
        section="audit",
        path="/admin/audit",
        label="Audit log",
        icon="scroll-text",
        group="system",
        words="history changes who",
    ),
    Place(
        section="docs",
        path="/docs",
        label="API",
        icon="terminal",
        group="system",
        words="reference rest openapi curl",
    ),
    Place(
        section="settings",
        path="/settings",
        label="Settings",
        icon="settings",
        group="system",
        words="theme density zone keys password sessions bookmarklet",
    ),
)


class Action(Struct, frozen=True, kw_only=True):
    """Something that is done from anywhere.

    Attributes:
        path: The page where it is done; "" for what a form of every page does.
        form: The id of that form.
        dialog: The id of the dialog that it opens.
        words: What else somebody may type who looks for it.
    """

    name: str
    label: str
    icon: str
    path: str = ""
    form: str = ""
    dialog: str = ""
    words: str = ""


ACTIONS: Final = (
    Action(name="job", label="Add a job", icon="plus", path="/jobs/new", words="new create"),
    Action(
        name="application",
        label="New application",
        icon="send",
        path="/applications/new",
        words="add create apply",
    ),
    Action(
        name="event",
        label="New event",
        icon="calendar-plus",
        path="/events/new",
        words="add create interview deadline call follow-up",
    ),
    Action(
        name="search",
        label="New search",
        icon="calendar-sync",
        path="/admin/searches/new",
        words="add create schedule",
    ),
    Action(
        name="token",
        label="New token",
        icon="key-round",
        path="/admin/tokens/new",
        words="add create api",
    ),
    Action(
        name="theme", label="Switch the theme", icon="moon", form="theme", words="dark light colour"
    ),
    Action(
        name="keys", label="Keyboard shortcuts", icon="keyboard", dialog="keys", words="help hints"
    ),
    Action(
        name="logout", label="Log out", icon="log-out", form="logout", words="leave end session"
    ),
)

GROUPS: Final[tuple[tuple[Group, str], ...]] = (
    ("search", ""),
    ("collecting", "Collecting"),
    ("system", "System"),
)
"""The groups of the rail in their order, each with its heading."""

ON_PHONES: Final = ("today", "jobs", "applications", "calendar", "admin")
"""Sections in the bar at the bottom of a phone; the last leads to all the others."""
