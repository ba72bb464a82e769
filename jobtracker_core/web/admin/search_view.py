"""A search in words: when it runs, what it looks for, how it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, structs

from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker.searches import SearchForm
from jobtracker_core.web.present import words
from jobtracker_core.web.schema_form import UNITS, label_of
from jobtracker_core.web.strips import RunStrip

STATES: Final = {
    "on": "On",
    "paused": "Paused",
    "manual": "By hand",
    "failing": "Failing",
    "missed": "Missed runs",
}


class Row(Struct, frozen=True, kw_only=True):
    """A search in the list.

    Attributes:
        on: Whether its collector is; None where that is not installed.
        schedule: In plain English.
    """

    search: Search
    strip: RunStrip
    schedule: str
    on: bool | None

    @property
    def kind(self) -> str:
        """How the search stands, as the macro `status` knows it."""
        if self.on is None:
            return "broken"
        if not self.search.enabled:
            return "paused"
        return "on" if self.on else "off"

    @property
    def label(self) -> str:
        """The same in words."""
        if self.kind == "on" and self.search.schedule.kind == "manual":
            return "By hand"
        return {"broken": "Not installed", "off": "Collector off"}.get(self.kind, "")

    def is_in(self, state: str) -> bool:
        """Say whether it belongs under one of `STATES`."""
        last = self.strip.last
        return {
            "on": self.kind == "on" and self.search.schedule.kind != "manual",
            "paused": not self.search.enabled,
            "manual": self.search.schedule.kind == "manual",
            "failing": last is not None and last.state in {"failed", "suspect"},
            "missed": self.search.missed_ticks > 0,
        }[state]


def schedule_words(text: str) -> str:
    """Return a schedule as a column shows it: without where an interval is counted from."""
    short = text.partition(", counted from")[0]
    return short[:1].upper() + short[1:]


def query_words(query: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a search looks for, by labels; what is not asked for is left out."""
    return tuple(
        (label_of(name), _value(value)) for name, value in query.items() if value is not False
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(words(str(one)) for one in value)
    return words(value) if isinstance(value, str) and value.islower() else str(value)


def span(seconds: int | None) -> str:
    """Return how long that is, exactly: "90 seconds", "2 hours"."""
    if seconds is None:
        return ""
    if seconds == 0:
        return "none"
    size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
    number = seconds // size
    return f"{number} {unit if number != 1 else unit[:-1]}"


def limits_words(search: Search) -> tuple[tuple[str, str], ...]:
    """Return the limits of a search's runs, those that are set."""
    limits = search.limits
    told = (
        ("Memory", f"{limits.memory_mb:,} MB" if limits.memory_mb else ""),
        ("Time", span(limits.runtime_s)),
        ("Processor time", span(limits.cpu_s)),
        ("Pages", f"{limits.pages:,}" if limits.pages else ""),
        ("Requests", f"{limits.requests:,}" if limits.requests else ""),
        ("Proxy pool", search.proxy_pool or ""),
    )
    return tuple((label, text) for label, text in told if text)


def options_of(search: Search) -> dict[str, Any]:
    """Return the options of a search as the facade takes them."""
    fields = structs.asdict(search) | structs.asdict(search.schedule)
    fields |= structs.asdict(search.limits)
    return {name: fields[name] for name in SearchForm.__struct_fields__}


def differences(
    theirs: Search, name: str, query: Mapping[str, Any], options: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Name what of a stored search is not as somebody wants to save it, and what it is."""
    found = [] if theirs.name == name else [("Name", theirs.name)]
    for word in dict.fromkeys((*theirs.query, *query)):
        stored = theirs.query.get(word)
        if _plain(stored) != _plain(query.get(word)):
            found.append((label_of(word), "" if stored is None else _value(stored)))
    kept = options_of(theirs)
    for option, value in options.items():
        if value is not None and _plain(kept[option]) != _plain(value):
            shown = kept[option]
            text = span(shown) if option.endswith("_s") else "" if shown is None else str(shown)
            found.append((label_of(option), text))
        elif value is None and kept[option] != _usual(option):
            found.append((label_of(option), str(kept[option])))
    return found


def _usual(option: str) -> Any:
    return getattr(SearchForm(), option)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return None if value in (None, "", False) else str(value)


def is_late(search: Search, now: datetime) -> bool:
    """Say whether a search's next time is past: no scheduler looks after it."""
    ahead = search.next_tick_at
    return ahead is not None and (now - ahead).total_seconds() > _PATIENCE_S


_PATIENCE_S: Final = 120
