"""A view of the jobs list: what its address says, as filters, as commands and as an address."""

from __future__ import annotations

import re
import shlex
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar.datastructures import MultiDict
from litestar.exceptions import ClientException
from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from jobtracker_core.contract.info import NAME_PATTERN
from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.search.language import LONGEST
from jobtracker_core.storage.applications import Status
from jobtracker_core.storage.fields import Amount, Currency, Moment
from jobtracker_core.storage.job_filters import Filters, Sort
from jobtracker_core.tracker import entries

PAGE: Final = 50
LONGEST_TEXT: Final = 200
"""Characters of a text that is searched for."""

STATUSES: Final[tuple[Status, ...]] = typing.get_args(Status)
_UTC: Final = ZoneInfo("UTC")
_SHOWN: Final = 40
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FLAGS: Final = {"false": False, "true": True}
_CHOICES: Final[dict[str, dict[str, Any]]] = {
    "remote": {each.value: each for each in Remote},
    "employment": {each.value: each for each in Employment},
    "seniority": {each.value: each for each in Seniority},
    "closed": _FLAGS,
    "has_application": _FLAGS,
    "dismissed": {"hide": None, "only": "only", "all": "all"},
    "sort": {each: each for each in typing.get_args(Sort)},
}
_Number = Annotated[int, Meta(ge=1, le=2**62)]
_CHECKED: Final[dict[str, Any]] = {
    "pay_from": Amount,
    "pay_currency": Currency,
    **dict.fromkeys(("company_id", "changed_by_run", "view"), _Number),
}
_TIMES: Final = ("posted_since", "new_since", "seen_since")
_PAGING: Final = {"after": None, "before": None}


class BadView(ValueError):  # noqa: N818  (the address is wrong, not the program)
    """An address says something that a list cannot show; the message is for people."""


class View(Struct, frozen=True, kw_only=True):
    """What of the jobs a page shows.

    Attributes:
        q: The text that is searched for.
        posted_since: A day, by the sites' own dates, or an instant; so are the next two, whose days
            begin by the clock of `zone`.
        application: The status of an application for it.
        dismissed: None hides them.
        view: The saved view that this one began with.
        after: The mark of a list, as `before`; an address has one of them at most.
    """

    q: str | None = None
    source: str | None = None
    company: str | None = None
    company_id: int | None = None
    place: str | None = None
    remote: Remote | None = None
    employment: Employment | None = None
    seniority: Seniority | None = None
    pay_from: float | None = None
    pay_currency: str | None = None
    posted_since: str | None = None
    new_since: str | None = None
    seen_since: str | None = None
    closed: bool | None = None
    application: Status | None = None
    has_application: bool | None = None
    dismissed: typing.Literal["only", "all"] | None = None
    tag: str | None = None
    changed_by_run: int | None = None
    sort: Sort = "arrival"
    view: int | None = None
    after: str | None = None
    before: str | None = None
    zone: ZoneInfo = _UTC

    @classmethod
    def of(cls, query: Mapping[str, str], *, zone: ZoneInfo = _UTC) -> View:
        """Read an address's query; empty values are as good as missing ones. Raises BadView."""
        given = {name: value.strip() for name, value in query.items() if value.strip()}
        fields = {name: _read(name, value) for name, value in given.items() if name != "status"}
        view = cls(zone=zone, **(fields | _of_status(given.get("status"))))
        if view.after and view.before:
            raise BadView("A page goes on after one job or ends before one, not both.")
        try:
            view.filters  # noqa: B018  (its times are checked)
        except FormError as error:
            raise BadView(_said(error)) from error
        return view

    @classmethod
    def of_words(cls, words: Mapping[str, Any], *, zone: ZoneInfo = _UTC) -> View:
        """Return what a saved view shows; see `words()`."""
        query = {_PARAMETERS.get(name, name): _text(value) for name, value in words.items()}
        if query.get("dismissed") == "hide":
            del query["dismissed"]
        for name in _TIMES:
            if name in query:
                query[name] = _day_or_instant(query[name], _zone_of(name, zone))
        return cls.of(query, zone=zone)

    def words(self) -> dict[str, Any]:
        """Return the filters and the order as a saved view keeps them."""
        kept: dict[str, Any] = {**self.filters}
        kept = {name: value for name, value in kept.items() if value is not None}
        return kept if self.sort == "arrival" else kept | {"sort": self.sort}

    @property
    def filters(self) -> Filters:
        """The same for the storage."""
        times = {name: self._since(name) for name in _TIMES}
        return {
            "text": self.q,
            "source": self.source,
            "company": self.company,
            "company_id": self.company_id,
            "place": self.place,
            "remote": self.remote,
            "employment": self.employment,
            "seniority": self.seniority,
            "pay_from": self.pay_from,
            "pay_currency": self.pay_currency,
            "posted_since": times["posted_since"],
            "new_since": times["new_since"],
            "seen_since": times["seen_since"],
            "closed": self.closed,
            "application": self.application,
            "has_application": self.has_application,
            "dismissed": self.dismissed,
            "tag": self.tag,
            "changed_by_run": self.changed_by_run,
        }

    def _since(self, name: str) -> datetime | None:
        text = getattr(self, name)
        if text is None:
            return None
        found: datetime
        if _DAY.fullmatch(text):
            day = entries.check_value(name, text, date)
            found = datetime.combine(day, time(), _zone_of(name, self.zone)).astimezone(UTC)
        else:
            found = entries.check_value(name, text, Moment)
        return found

    @property
    def filtered(self) -> bool:
        """Whether it leaves out any job beside the dismissed ones."""
        return any(value is not None for value in self.filters.values())

    @property
    def status(self) -> str:
        """What the status field of the page shows."""
        if self.dismissed == "only":
            return "dismissed"
        if self.application is not None:
            return self.application
        return (
            "" if self.has_application is None else ("tracked" if self.has_application else "new")
        )

    @property
    def query(self) -> dict[str, str]:
        """What stands in the address, with nothing in it that does not matter."""
        said = self._filled()
        if said.get("sort") == "arrival":
            del said["sort"]
        if "application" in said:
            said["status"] = said.pop("application")
        elif self.has_application is not None:
            del said["has_application"]
            said["status"] = "tracked" if self.has_application else "new"
        if self.dismissed == "only" and "status" not in said:
            del said["dismissed"]
            said["status"] = "dismissed"
        return said

    def at(self, *, after: str | None = None, before: str | None = None) -> View:
        """Return another page of the same list; without a mark, the first."""
        return replace(self, after=after, before=before)

    def without(self, *names: str) -> View:
        """Return the list without some of its filters, from its beginning."""
        plain = View()
        return replace(self, **{name: getattr(plain, name) for name in names}, **_PAGING)

    def path(self) -> str:
        """Return the address below the prefix, with nothing in it that does not matter."""
        return _with_query("/jobs", self.query)

    def facets_path(self) -> str:
        """Return the address, below the prefix, of what its jobs are, with counts."""
        return _with_query("/jobs/facets", self.at().query)

    def curl(self, root: str) -> str:
        """Return the command that gets the same jobs from the API below `root`."""
        said = self._filled() | {
            name: value.isoformat().replace("+00:00", "Z")
            for name in _TIMES
            if (value := self._since(name)) is not None
        }
        said.pop("view", None)
        if said.get("sort") == "arrival":
            del said["sort"]
        names = {"q": "search", "application": "status"}
        return curl(
            _with_query(
                f"{root}/api/v1/jobs",
                {names.get(name, name): value for name, value in said.items()},
            )
        )

    def command(self) -> str | None:
        """Return the command line that lists the same jobs; None where it has no such filter."""
        command = ["jobtracker", "jobs", "list"]
        for name, value in self._filled().items():
            if name in {"before", "view"} or (name == "sort" and value == "arrival"):
                continue
            if name not in _OPTIONS:
                return None
            if name == "closed":
                command.append("--closed" if self.closed else "--open")
            else:
                # As one word, so that a value may begin with a dash.
                command.append(f"--{_OPTIONS[name]}={value}")
        return shlex.join(command)

    def _filled(self) -> dict[str, str]:
        return {
            name: _text(value)
            for name, value in asdict(self).items()
            if value is not None and name != "zone"
        }


_PARAMETERS: Final = {"text": "q", "application": "status"}
"""Words of saved views that have another name in an address."""

_OPTIONS: Final = {
    **{name: name for name in ("source", "remote", "employment", "seniority", "closed", "after")},
    "q": "search",
    "changed_by_run": "changed-by",
}

_KNOWN: Final = (
    *(name for name in View.__struct_fields__ if name not in {"application", "zone"}),
    "status",
)


def read_view(query: Mapping[str, str], *, zone: ZoneInfo = _UTC) -> View:
    """Read the query of a request; raises ClientException, for a parameter given twice too."""
    if isinstance(query, MultiDict):
        for name in dict.fromkeys(query):
            if len(query.getall(name)) > 1:
                raise ClientException(f"{name[:_SHOWN]} is given more than once.")
    try:
        return View.of(query, zone=zone)
    except BadView as error:
        raise ClientException(str(error)) from error


def _read(name: str, value: str) -> Any:
    if name not in _KNOWN:
        raise BadView(f"There is no filter {name[:_SHOWN]!r}. There are: {', '.join(_KNOWN)}.")
    if name in _CHOICES:
        return _choice(name, value, _CHOICES[name])
    if name == "source" and not re.fullmatch(NAME_PATTERN, value):
        raise BadView("source is the name of a collector: small letters, digits and _.")
    if name in _CHECKED:
        try:
            return entries.check_value(name, value.upper(), _CHECKED[name])
        except FormError as error:
            raise BadView(_said(error)) from error
    if name == "q":
        return value[: LONGEST + 1]  # one too many, so that it is told and not cut
    return value[: 2 * LONGEST_TEXT] if name in _PAGING else value[:LONGEST_TEXT]


def _of_status(value: str | None) -> dict[str, Any]:
    if value is None:
        return {}
    kinds: dict[str, dict[str, Any]] = {
        "new": {"has_application": False},
        "tracked": {"has_application": True},
        **{status: {"application": status} for status in STATUSES},
        "dismissed": {"dismissed": "only"},
    }
    found: dict[str, Any] = _choice("status", value, kinds)
    return found


def _choice(name: str, value: str, allowed: Mapping[str, Any]) -> Any:
    if value not in allowed:
        raise BadView(f"{name}={value[:_SHOWN]} is not known. Allowed: {', '.join(allowed)}.")
    return allowed[value]


def _said(error: FormError) -> str:
    return " ".join(f"{name} {text}." for name, text in error.problems.items())


def _zone_of(name: str, zone: ZoneInfo) -> ZoneInfo:
    # The date of a posting is the site's own: it does not move with the reader.
    return _UTC if name == "posted_since" else zone


def _day_or_instant(text: str, zone: ZoneInfo) -> str:
    try:
        at = datetime.fromisoformat(text).astimezone(zone)
    except ValueError:
        return text
    return f"{at:%Y-%m-%d}" if at.time() == time() else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def curl(url: str) -> str:
    """Return the command that gets an address of the API; the shell puts the token in."""
    return f'curl -H "Authorization: Bearer $JOBTRACKER_TOKEN" {shlex.quote(url)}'
