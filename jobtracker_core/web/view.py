"""A view of the jobs list: what its address says, as filters, as commands and as an address."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import asdict, replace

from jobtracker_core.contract.info import NAME_PATTERN
from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.storage.search import Filters
from jobtracker_core.web.present import words

PAGE = 50
LONGEST_TEXT = 200
"""Characters of a text that is searched for."""

T = TypeVar("T")


class Choice(Struct, frozen=True, kw_only=True):
    """A filter with few values: what is asked for in an address, and how people read it."""

    name: str
    label: str
    chosen: str
    options: tuple[tuple[str, str], ...]


class BadView(ValueError):  # noqa: N818  (the address is wrong, not the program)
    """An address says something that a list cannot show; the message is for people."""


class View(Struct, frozen=True, kw_only=True):
    """What of the jobs a page shows. `q` is the text that is searched for.

    `after` and `before` are the marks of a list; an address has one of them at most.
    """

    q: str | None = None
    source: str | None = None
    remote: Remote | None = None
    employment: Employment | None = None
    seniority: Seniority | None = None
    closed: bool | None = None
    after: str | None = None
    before: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        """Read an address's query; empty values are as good as missing ones. Raises BadView."""
        view = cls(
            q=query.get("q", "").strip()[:LONGEST_TEXT] or None,
            source=query.get("source") or None,
            remote=_choice(query, "remote", {entry.value: entry for entry in Remote}),
            employment=_choice(query, "employment", {entry.value: entry for entry in Employment}),
            seniority=_choice(query, "seniority", {entry.value: entry for entry in Seniority}),
            closed=_choice(query, "closed", {"false": False, "true": True}),
            after=query.get("after") or None,
            before=query.get("before") or None,
        )
        if view.source and not re.fullmatch(NAME_PATTERN, view.source):
            raise BadView("source is the name of a collector: small letters, digits and _.")
        if view.after and view.before:
            raise BadView("A page goes on after one job or ends before one, not both.")
        return view

    @property
    def filters(self) -> Filters:
        """The same for the storage."""
        return {
            "text": self.q,
            "source": self.source,
            "remote": self.remote,
            "employment": self.employment,
            "seniority": self.seniority,
            "closed": self.closed,
        }

    @property
    def filtered(self) -> bool:
        """Whether it leaves out any job."""
        return any(value is not None for value in self.filters.values())

    def choices(self, sources: tuple[str, ...]) -> tuple[Choice, ...]:
        """Return the filters to choose from; `sources` are those that have jobs."""
        if self.source is not None and self.source not in sources:
            sources = (*sources, self.source)
        kinds: tuple[tuple[str, str, Iterable[StrEnum]], ...] = (
            ("remote", "Any work", (kind for kind in Remote if kind is not Remote.UNKNOWN)),
            ("employment", "Any employment", Employment),
            ("seniority", "Any level", Seniority),
        )
        chosen = _filled(asdict(self))
        return (
            _offer("source", "Any source", chosen, [(source, source) for source in sources]),
            *(
                _offer(name, label, chosen, [(kind, _capital(words(kind))) for kind in values])
                for name, label, values in kinds
            ),
            _offer("closed", "Any state", chosen, [("false", "Open"), ("true", "Closed")]),
        )

    def at(self, *, after: str | None = None, before: str | None = None) -> View:
        """Return another page of the same list; without a mark, the first."""
        return replace(self, after=after, before=before)

    def path(self) -> str:
        """Return the address below the prefix, with nothing in it that does not matter."""
        return _with_query("/jobs", _filled(asdict(self)))

    def curl(self, root: str) -> str:
        """Return the command that gets the same jobs from the API below `root`."""
        said = _filled(asdict(self))
        said = {"search" if name == "q" else name: value for name, value in said.items()}
        return curl(_with_query(f"{root}/api/v1/jobs", said))

    def command(self) -> str:
        """Return the command line that lists the same jobs."""
        options = {"q": "search", "before": None}
        command = ["jobtracker", "jobs", "list"]
        for name, value in _filled(asdict(self)).items():
            option = options.get(name, name)
            if name == "closed":
                command.append("--closed" if self.closed else "--open")
            elif option is not None:
                # As one word, so that a value may begin with a dash.
                command.append(f"--{option}={value}")
        return shlex.join(command)


def _offer(
    name: str, label: str, chosen: Mapping[str, str], options: Iterable[tuple[str, str]]
) -> Choice:
    return Choice(name=name, label=label, chosen=chosen.get(name, ""), options=tuple(options))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _choice(query: Mapping[str, str], name: str, allowed: Mapping[str, T]) -> T | None:
    value = query.get(name)
    if not value:
        return None
    if value not in allowed:
        raise BadView(f"{name}={value[:40]} is not known. Allowed: {', '.join(allowed)}.")
    return allowed[value]


def _filled(values: dict[str, Any]) -> dict[str, str]:
    said = {name: value for name, value in values.items() if value is not None}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in said.items()
    }


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def curl(url: str) -> str:
    """Return the command that gets an address of the API; the shell puts the token in."""
    return f'curl -H "Authorization: Bearer $JOBTRACKER_TOKEN" {shlex.quote(url)}'
