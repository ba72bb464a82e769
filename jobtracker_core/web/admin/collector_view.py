"""A collector in words: what state it is in, and what its operator can do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import Struct

from jobtracker_core.contract.info import Feature
from jobtracker_core.tracker.collector_reports import CollectorReport
from jobtracker_core.tracker.collector_settings import SettingStatus
from jobtracker_core.web.present import moment

_SOURCES: Final = {
    "file": "the configuration file",
    "environment": "the environment",
    "flag": "the command line",
    "code": "the program that began this",
}

_FEATURES: Final[dict[Feature, str]] = {
    "resume": "go on where it stopped",
    "details": "read each posting's own page",
    "own_http": "do its own HTTP",
}


class Notice(Struct, frozen=True, kw_only=True):
    """Why a collector does not do what it should, and the next step."""

    title: str
    text: str
    serious: bool = False


class Standing(Struct, frozen=True, kw_only=True):
    """How a collector stands.

    Attributes:
        kind: One of the kinds that the macro `status` knows.
        resumable: Turning it on again ends what keeps it from running.
    """

    kind: str
    label: str
    notices: tuple[Notice, ...]
    resumable: bool = False

    @property
    def usable(self) -> bool:
        """Whether it can be run at all."""
        return self.kind in {"on", "paused", "cooling"}


def standing(report: CollectorReport, now: datetime) -> Standing:
    """Say how a collector stands."""
    if not report.installed:
        text = "What it collected stays. Install its plugin again to run it."
        return _standing("broken", "Not installed", "Its plugin is not installed here", text)
    if report.unavailable:
        text = f"{report.unavailable.rstrip('.')}. Put that right, then start JobTracker again."
        return _standing("broken", "Unavailable", "It cannot be used on this machine", text)
    kind, label = _state(report)
    return Standing(
        kind=kind,
        label=label,
        notices=tuple(_notices(report, now)),
        resumable=kind in {"paused", "cooling"},
    )


def _state(report: CollectorReport) -> tuple[str, str]:
    if report.settings_problem:
        return "broken", "Settings wrong"
    if not report.enabled:
        return "off", "Off"
    if report.paused_until or _too_old(report):
        return "paused", "Too old" if _too_old(report) else "Paused"
    return ("cooling", "Cooling") if report.cooling_until else ("on", "On")


def _standing(kind: str, label: str, title: str, text: str) -> Standing:
    return Standing(kind=kind, label=label, notices=(Notice(title=title, text=text, serious=True),))


def _too_old(report: CollectorReport) -> bool:
    return report.paused_version is not None and report.paused_version == report.plugin_version


def _notices(report: CollectorReport, now: datetime) -> list[Notice]:
    found = []
    if report.settings_problem:
        found.append(
            Notice(
                title="Its settings cannot be used",
                text=f"{report.settings_problem.rstrip('.')}. No run can begin before that is "
                "put right.",
                serious=True,
            )
        )
    why = (report.pause_reason or "it failed again and again").rstrip(".")
    if _too_old(report):
        found.append(
            Notice(
                title=f"Version {report.paused_version} is too old for the site",
                text=f"{why}. Install a newer plugin: it runs again by itself with that.",
                serious=True,
            )
        )
    elif report.paused_until:
        text = f"{why}. It is looked at again {_when(report.paused_until, now)}; end the pause "
        text += "to run it now."
        found.append(Notice(title="It is paused", text=text))
    if report.cooling_until:
        text = f"Its site asked for quiet, and is asked again {_when(report.cooling_until, now)}. "
        text += "Lower its rate or give it proxies if that happens often."
        found.append(Notice(title="Its site is left alone", text=text))
    return found


def _when(at: datetime, now: datetime) -> str:
    shown = moment(at, now)
    assert shown is not None  # noqa: S101  (only a missing time gives none)
    return shown.long


def abilities(features: Iterable[Feature]) -> str:
    """Return what a collector can do beside reading lists."""
    return ", ".join(_FEATURES[feature] for feature in features) or "read lists"


def setting_note(status: SettingStatus) -> str:
    """Say who set a setting if that is stronger than what is set here."""
    if status.source not in _SOURCES:
        return ""
    place = f" ({status.where})" if status.where else ""
    kept = " What is set here does not hold." if status.overridden else ""
    shown = "" if isinstance(status.value, dict) else f" to {status.value}"
    return f"Set{shown} by {_SOURCES[status.source]}{place}.{kept}"


def who_set(status: SettingStatus) -> str:
    """Return who set a setting, in a word or two."""
    if status.source == "database":
        return "here"
    return _SOURCES.get(status.source, "as usual")
