"""How an installation is set up, as a document: to keep, to compare, to carry to another one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Final, Literal, NoReturn, cast

import msgspec
from msgspec import Meta, Struct, field, structs

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.plugins import forms
from jobtracker_core.plugins.discovery import UnknownCollector
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.storage import collectors
from jobtracker_core.storage.errors import Duplicate, NotFound
from jobtracker_core.storage.searches import Search
from jobtracker_core.storage.views import ViewChanges, ViewDraft
from jobtracker_core.tracker.change import differing
from jobtracker_core.tracker.collectors import Collectors
from jobtracker_core.tracker.entries import check_words
from jobtracker_core.tracker.proxies import BadProxy, Proxies
from jobtracker_core.tracker.search_form import SearchForm, words_of
from jobtracker_core.tracker.searches import Searches
from jobtracker_core.tracker.stored import Installation, fill_query
from jobtracker_core.tracker.views import WORDS, Views

MOST: Final = 1_000
"""Entries of each kind that are taken at once."""

Outcome = Literal["created", "changed", "unchanged", "impossible"]
Kind = Literal["proxy", "collector", "search", "view"]

_REFUSALS = (
    *(FormError, ScheduleError, UnknownCollector, ConfigError, BadProxy, Duplicate, NotFound),
)

_Name = Annotated[str, Meta(min_length=1, max_length=100)]


class ProxyEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proxy. Its user and password are in no document.

    Attributes:
        pool: Its pool.
        label: What it is shown as.
        has_credentials: Whether it has a user and a password: one that has is added by hand.
    """

    pool: _Name
    label: _Name
    address: Annotated[str, Meta(description="`SCHEME://HOST:PORT`", max_length=2_000)]
    has_credentials: bool = False


class CollectorEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A collector: whether it is on, and all that is set for it here, but for secrets.

    Attributes:
        name: Of the collector.
        enabled: Whether it may run.
        settings: Its settings by name; those that are not named are taken away.
    """

    name: _Name
    enabled: bool = False
    settings: dict[str, Any] = {}


class SearchEntry(SearchForm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search, known by its name.

    Attributes:
        name: What it is called.
        collector: The collector.
        query: Words of the collector's query, as `GET /collectors/{name}/schema` lists them.
        enabled: Whether it runs by itself.
    """

    name: _Name
    collector: _Name
    query: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an installation is set up; no secrets are in it. What is absent is left as it is.

    Attributes:
        format: Of this document.
        proxies: By pool and label.
        collectors: By name.
        searches: By name.
        views: By list and name.
    """

    format: Literal[1] = 1
    proxies: Annotated[tuple[ProxyEntry, ...], Meta(max_length=MOST)] = ()
    collectors: Annotated[tuple[CollectorEntry, ...], Meta(max_length=MOST)] = ()
    searches: Annotated[tuple[SearchEntry, ...], Meta(max_length=MOST)] = ()
    views: Annotated[tuple[ViewDraft, ...], Meta(max_length=MOST)] = ()


class Difference(Struct, frozen=True, kw_only=True, rename={"is_": "is"}):
    """One field that changes."""

    field: str
    was: Any
    is_: Any


class Imported(Struct, frozen=True, kw_only=True):
    """What becomes of one entry; `reason` says why nothing can."""

    kind: Kind
    name: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    reason: str | None = None


class ImportReport(Struct, frozen=True, kw_only=True):
    """What an import did, or would do."""

    dry_run: bool
    entries: tuple[Imported, ...]

    @property
    def mark(self) -> str:
        """What stands for the entries: the same only where all of them are."""
        return hashlib.sha256(msgspec.json.encode(self.entries)).hexdigest()

    def count(self, outcome: Outcome) -> int:
        """Return how many entries had an outcome."""
        return sum(entry.outcome == outcome for entry in self.entries)


class _Tried(Exception):  # noqa: N818
    """All of it is to be taken back."""

    def __init__(self, report: ImportReport) -> None:
        self.report = report


def _take_back(report: ImportReport) -> NoReturn:
    raise _Tried(report)


class Configuration:
    """Searches, collectors, proxies and saved views, written down and read back."""

    def __init__(self, tracker: Installation, clock: Clock) -> None:
        self._tracker = tracker
        self._clock = clock

    def export(self) -> Document:
        """Write down how this installation is set up, as far as that is stored here."""
        database = self._tracker.database
        return Document(
            proxies=tuple(
                ProxyEntry(
                    pool=one.pool,
                    label=one.label,
                    address=one.address,
                    has_credentials=one.has_credentials,
                )
                for one in Proxies(self._tracker, self._clock).list()
            ),
            collectors=tuple(
                CollectorEntry(name=row.name, enabled=row.enabled, settings=row.settings)
                for row in collectors.list_all(database)
                if row.enabled or row.settings
            ),
            searches=tuple(_entry(search) for search in Searches(self._tracker).list()),
            views=tuple(
                ViewDraft(name=view.name, kind=view.kind, query=view.query)
                for view in Views(self._tracker).list()
            ),
        )

    def load(self, document: Document, *, dry_run: bool = False) -> ImportReport:
        """Set this installation up as a document says; what it does not name is left as it is.

        One change: the entries that are possible are made, the others are told. Done twice, the
        second time changes nothing. With `dry_run` all of it is taken back.
        """
        return self._load(document, dry_run=dry_run, shown=None)

    def load_as_shown(self, document: Document, shown: str) -> ImportReport:
        """Do what a dry run has shown, in one change; `shown` is the mark of its report.

        Where something else would be done by now, nothing is, and the report is that of a dry run.
        """
        return self._load(document, dry_run=False, shown=shown)

    def _load(self, document: Document, *, dry_run: bool, shown: str | None) -> ImportReport:
        try:
            with self._tracker.change("config.import", "config") as change:
                loader = _Loader(self._tracker.within(change), self._clock)
                report = ImportReport(dry_run=dry_run, entries=tuple(loader.load(document)))
                if dry_run or shown not in {None, report.mark}:
                    _take_back(structs.replace(report, dry_run=True))
                change.note(
                    created=report.count("created"),
                    changed=report.count("changed"),
                    impossible=report.count("impossible"),
                )
                return change.made(report, "config")
        except _Tried as tried:
            return tried.report


class _Loader:
    """Makes the entries of one document, within one change."""

    def __init__(self, tracker: Installation, clock: Clock) -> None:
        self._tracker = tracker
        self._proxies = Proxies(tracker, clock)
        self._collectors = Collectors(tracker)
        self._searches = Searches(tracker)
        self._views = Views(tracker)

    def load(self, document: Document) -> Iterator[Imported]:
        # In this order: searches name pools, and are of collectors that are set up.
        for proxy in document.proxies:
            yield _told("proxy", f"{proxy.pool}/{proxy.label}", partial(self._proxy, proxy))
        for collector in document.collectors:
            yield _told("collector", collector.name, partial(self._collector, collector))
        for search in document.searches:
            yield _told("search", search.name, partial(self._search, search))
        for view in document.views:
            yield _told("view", f"{view.kind}/{view.name}", partial(self._view, view))

    def _proxy(self, entry: ProxyEntry) -> Mapping[str, object] | None:
        there = {(one.pool, one.label): one for one in self._proxies.list()}
        found = there.get((entry.pool, entry.label))
        if found is None:
            if entry.has_credentials:
                raise Duplicate("its user and password are in no document: add it by hand")
            self._proxies.add(entry.address, pool=entry.pool, label=entry.label)
            return None
        if (found.address, found.has_credentials) != (entry.address, entry.has_credentials):
            raise Duplicate("the proxy of that label is another one: remove it first")
        return {}

    def _collector(self, entry: CollectorEntry) -> Mapping[str, object] | None:
        before = self._collectors.report(entry.name)
        stored = collectors.settings_of(self._tracker.database, entry.name)
        differences = differing(
            {"enabled": before.enabled, **_settings(stored)},
            {"enabled": entry.enabled, **_settings(entry.settings)},
        )
        if differences:
            gone = dict.fromkeys(stored.keys() - entry.settings.keys())
            self._collectors.update(
                entry.name, enabled=entry.enabled, settings={**entry.settings, **gone}
            )
        return differences

    def _search(self, entry: SearchEntry) -> Mapping[str, object] | None:
        query = fill_query(self._tracker, entry.collector, entry.query)
        options = cast("Any", _options(entry))
        try:
            found = self._searches.get(entry.name)
        except NotFound:
            made = self._searches.add(entry.name, entry.collector, query, **options)
            if not entry.enabled:
                self._searches.pause(made.id)
            return None
        if found.collector != entry.collector:
            raise Duplicate(f"the search of that name is one of {found.collector}")
        wanted = structs.replace(entry, query=forms.as_words(query))
        differences = differing(structs.asdict(_entry(found)), structs.asdict(wanted))
        if differences:
            self._searches.edit(found.id, query=query, enabled=entry.enabled, **options)
        return differences

    def _view(self, draft: ViewDraft) -> Mapping[str, object] | None:
        there = {(view.kind, view.name): view for view in self._views.list()}
        found = there.get((draft.kind, draft.name))
        if found is None:
            self._views.create(draft)
            return None
        query = check_words(draft.query, WORDS[draft.kind], "query")
        differences = differing({"query": found.query}, {"query": query})
        if differences:
            self._views.update(found.id, ViewChanges(query=query))
        return differences


def _told(kind: Kind, name: str, make: Callable[[], Mapping[str, object] | None]) -> Imported:
    """Make an entry, and tell what became of it: None of `make` is "made", else what differed."""
    try:
        differences = make()
    except _REFUSALS as error:
        return Imported(kind=kind, name=name, outcome="impossible", reason=str(error))
    if differences is None:
        return Imported(kind=kind, name=name, outcome="created")
    return Imported(
        kind=kind,
        name=name,
        outcome="changed" if differences else "unchanged",
        differences=tuple(
            Difference(field=name, was=pair["was"], is_=pair["is"])
            for name, pair in cast("Mapping[str, dict[str, Any]]", differences).items()
        ),
    )


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {f"settings.{name}": value for name, value in settings.items()}


def _options(form: SearchForm) -> dict[str, Any]:
    return {name: getattr(form, name) for name in SearchForm.__struct_fields__}


def _entry(search: Search) -> SearchEntry:
    return SearchEntry(
        name=search.name,
        collector=search.collector,
        query=search.query,
        enabled=search.enabled,
        **words_of(search),
    )
