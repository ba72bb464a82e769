"""The filters of the jobs list as fields to choose from, and as chips to take away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.web.present import words
from jobtracker_core.web.view import STATUSES, View


class Choice(Struct, frozen=True, kw_only=True):
    """A filter with few values: what is asked for in an address, and how people read it."""

    name: str
    label: str
    chosen: str
    options: tuple[tuple[str, str], ...]


class Chip(Struct, frozen=True, kw_only=True):
    """A filter that is on: its name, its value, and the address of the list without it."""

    label: str
    value: str
    path: str


_STATUSES: Final = (
    ("new", "New"),
    ("tracked", "Tracked"),
    *((status, status.capitalize()) for status in STATUSES),
    ("dismissed", "Dismissed"),
)
_SORTS: Final = (("posted", "Latest posted"), ("pay", "Best paid"))
_BEST: Final = ("relevance", "Best found")
_SINCE: Final = {
    "posted_since": "Posted since",
    "new_since": "First seen since",
    "seen_since": "Last seen since",
}


def common_choices(view: View, sources: tuple[str, ...]) -> tuple[Choice, ...]:
    """Return the filters that are always there; `sources` are those that have jobs."""
    if view.source is not None and view.source not in sources:
        sources = (*sources, view.source)
    remote = (kind for kind in Remote if kind is not Remote.UNKNOWN)
    return (
        _offer("source", "Any source", view.source, [(source, source) for source in sources]),
        _offer("remote", "Any work", view.remote, _words(remote)),
        _offer("status", "Any status", view.status, _STATUSES),
        _offer("sort", "Newest", view.sort, (*_SORTS, _BEST) if view.q else _SORTS),
    )


def further_choices(view: View) -> tuple[Choice, ...]:
    """Return the filters behind the others."""
    closed = None if view.closed is None else str(view.closed).lower()
    return (
        _offer("employment", "Any employment", view.employment, _words(Employment)),
        _offer("seniority", "Any level", view.seniority, _words(Seniority)),
        _offer("closed", "Any state", closed, (("false", "Open"), ("true", "Closed"))),
    )


def chips(view: View) -> tuple[Chip, ...]:
    """Return the filters that are on, but for the text that is searched for."""
    status = ("application", "has_application") if view.status != "dismissed" else ("dismissed",)
    told: list[tuple[str, str, tuple[str, ...]]] = [
        ("Source", view.source or "", ("source",)),
        ("Status", dict(_STATUSES).get(view.status, ""), status),
        ("Work", words(view.remote or ""), ("remote",)),
        ("Company", view.company or "", ("company",)),
        ("Company", f"number {view.company_id}" if view.company_id else "", ("company_id",)),
        ("Place", view.place or "", ("place",)),
        ("Employment", words(view.employment or ""), ("employment",)),
        ("Level", words(view.seniority or ""), ("seniority",)),
        ("Pay", _pay(view), ("pay_from", "pay_currency")),
        *((label, _when(getattr(view, name)), (name,)) for name, label in _SINCE.items()),
        (
            "State",
            "" if view.closed is None else ("closed" if view.closed else "open"),
            ("closed",),
        ),
        ("Tag", view.tag or "", ("tag",)),
        ("Changed by run", str(view.changed_by_run or ""), ("changed_by_run",)),
        ("With dismissed ones", "all" if view.dismissed == "all" else "", ("dismissed",)),
    ]
    return tuple(
        Chip(label=label, value=value, path=view.without(*names).path())
        for label, value, names in told
        if value
    )


def _pay(view: View) -> str:
    if view.pay_from is None:
        return view.pay_currency or ""
    return f"from {view.pay_from:,.0f} {view.pay_currency or ''}".strip() + " a year"


def _when(text: str | None) -> str:
    return (text or "").replace("T", " ")


def _words(kinds: Iterable[str]) -> list[tuple[str, str]]:
    return [(kind, _capital(words(kind))) for kind in kinds]


def _offer(name: str, label: str, chosen: str | None, options: Iterable[tuple[str, str]]) -> Choice:
    return Choice(name=name, label=label, chosen=chosen or "", options=tuple(options))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
