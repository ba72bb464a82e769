"""Searches as their user sees them: queries that are kept, with their times and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from msgspec import Struct, structs

from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner import schedule as schedules
from jobtracker_core.runner.schedule import ScheduleError, Upcoming
from jobtracker_core.storage import baselines, searches
from jobtracker_core.storage.baselines import Baseline
from jobtracker_core.storage.errors import Stale
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.storage.searches import Schedule, Search, SearchDraft
from jobtracker_core.tracker import bulk, search_form
from jobtracker_core.tracker.bulk import BulkResult
from jobtracker_core.tracker.change import Change, differing
from jobtracker_core.tracker.collectors import Collectors, site_of, turned_on
from jobtracker_core.tracker.exporting import exported
from jobtracker_core.tracker.names import LONGEST_NAME, is_name
from jobtracker_core.tracker.search_form import SearchForm, SearchOptions
from jobtracker_core.tracker.stored import Installation, check_pool, fill_query

__all__ = [
    "Preview",
    "ScheduleError",
    "SearchForm",
    "SearchOptions",
    "SearchReport",
    "Searches",
]


class Preview(Struct, frozen=True, kw_only=True):
    """When a search will run.

    Attributes:
        words: Its schedule in plain English.
        delay_s: Seconds from each time to the earliest start of its run: the stagger.
        upcoming: The next times, each as an instant and as the clock of the place shows it; none
            for a search that is started by hand. A paused search is shown as if it were not.
    """

    words: str
    delay_s: int
    upcoming: tuple[Upcoming, ...]


class SearchReport(Struct, frozen=True, kw_only=True):
    """A search, and how it does.

    Attributes:
        words: Its schedule in plain English.
        collector_on: Whether its collector is turned on; its runs wait while it is not. None where
            the plugin is not installed here.
        last_delay_s: Seconds from its newest time whose run has begun to that start.
        usual: What its good runs find; None before the first.
    """

    search: Search
    words: str
    collector_on: bool | None
    last_delay_s: float | None
    usual: Baseline | None


class Searches:
    """Saved queries that run by themselves, or when they are started.

    A search is named by its number or its name. All raise NotFound for one that is not there.
    """

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self, *, collector: str | None = None) -> tuple[Search, ...]:
        """List searches by name."""
        return searches.list_all(self._tracker.database, collector=collector)

    def export(self, *, collector: str | None = None) -> Iterator[Search]:
        """Give all searches of a list; it stands in the audit log."""
        return exported(self._tracker, "search", self.list(collector=collector))

    def get(self, search: int | str) -> Search:
        """Return one search. No name is made of digits alone, so that "7" is a number."""
        if isinstance(search, int) or is_number(search):
            return searches.get(self._tracker.database, int(search))
        return searches.find(self._tracker.database, search)

    def report(self, search: int | str) -> SearchReport:
        """Return one search with how it does."""
        found = self.get(search)
        database = self._tracker.database
        here = found.collector in self._tracker.registry.sources
        return SearchReport(
            search=found,
            words=schedules.describe(found.schedule),
            collector_on=Collectors(self._tracker).enabled(found.collector) if here else None,
            last_delay_s=searches.last_delay_s(database, found.id),
            usual=baselines.of_search(database, found.id, query_hash=found.query_hash),
        )

    def add(
        self,
        name: str,
        collector: str,
        query: CommonQuery | Mapping[str, Any],
        **options: Unpack[SearchOptions],
    ) -> Search:
        """Store a search; its collector may still be off.

        Raises FormError naming each wrong field (a word of the query as `query.WORD`),
        ScheduleError, UnknownCollector, ConfigError and Duplicate.
        """
        source = discovery.find(self._tracker.registry, collector)
        problems = _name_problems(name)
        filled, wrong = self._query(collector, query)
        form, also = self._form(options, None)
        if form is None or filled is None or problems:
            raise FormError(problems | wrong | also)
        now = self._tracker.database.present()
        schedule = search_form.to_schedule(form, before=None, now=now)
        draft = SearchDraft(
            name=name,
            collector=collector,
            site=site_of(self._tracker, source.info),
            max_parallel=source.info.limits.max_running,
            query=forms.as_words(filled),
            query_hash=forms.digest(filled),
            schedule=schedule,
            **_settings(form),
        )
        ahead = schedules.next_tick(schedule, now)
        return self._create("search.create", draft, ahead)

    def edit(
        self,
        search: int | str,
        *,
        name: str | None = None,
        query: CommonQuery | Mapping[str, Any] | None = None,
        enabled: bool | None = None,
        expected_version: int | None = None,
        **options: Unpack[SearchOptions],
    ) -> Search:
        """Change what is given of a search, and nothing else; a query is replaced as a whole.

        What has come due and was not dealt with is let go. Raises as `add()` does, and Stale if
        the search is not of the version that is expected; without one, what somebody else changes
        at the same moment stays changed.
        """
        while True:
            before = self.get(search)
            version = before.version if expected_version is None else expected_version
            try:
                return self._edit(
                    before,
                    name=name,
                    query=query,
                    enabled=enabled,
                    expected_version=version,
                    options=options,
                )
            except Stale:
                if expected_version is not None:
                    raise

    def _edit(
        self,
        before: Search,
        *,
        name: str | None,
        query: CommonQuery | Mapping[str, Any] | None,
        enabled: bool | None,
        expected_version: int,
        options: SearchOptions,
    ) -> Search:
        problems = {} if name is None else _name_problems(name)
        wrong: dict[str, str] = {}
        changed = _draft(before)
        if query is not None:
            source = discovery.find(self._tracker.registry, before.collector)
            filled, wrong = self._query(before.collector, query)
            if filled is not None:
                changed = structs.replace(
                    changed,
                    query=forms.as_words(filled),
                    query_hash=forms.digest(filled),
                    site=site_of(self._tracker, source.info),
                    max_parallel=source.info.limits.max_running,
                )
        form, also = self._form(options, before)
        if form is None or problems or wrong:
            raise FormError(problems | wrong | also)
        now = self._tracker.database.present()
        schedule = search_form.to_schedule(form, before=before.schedule, now=now)
        changed = structs.replace(
            changed,
            name=name or before.name,
            enabled=before.enabled if enabled is None else enabled,
            schedule=schedule,
            **_settings(form),
        )
        ahead = schedules.next_tick(schedule, now) if changed.enabled else None
        with self._tracker.change("search.update", _target(before)) as change:
            after = searches.update(
                change.db,
                before.id,
                changed,
                next_tick_at=ahead,
                expected_version=expected_version,
            )
            change.note(**differing(_told(before), _told(after)))
            return change.made(after, _target(after))

    def pause(self, search: int | str) -> Search:
        """Stop a search from running by itself; it can still be started by hand."""
        found = self.get(search)
        with self._tracker.change("search.pause", _target(found)) as change:
            after = searches.set_enabled(change.db, found.id, False, next_tick_at=None)
            return change.made(after, _target(after))

    def resume(self, search: int | str) -> Search:
        """Let a search run by itself again, from the next time on; raises ScheduleError."""
        found = self.get(search)
        ahead = schedules.next_tick(found.schedule, self._tracker.database.present())
        with self._tracker.change("search.resume", _target(found)) as change:
            after = searches.set_enabled(change.db, found.id, True, next_tick_at=ahead)
            return change.made(after, _target(after))

    def remove(self, search: int | str, *, expected_version: int | None = None) -> Search:
        """Delete a search; its runs stay, those that wait included. Raises Stale."""
        found = self.get(search)
        with self._tracker.change("search.delete", _target(found)) as change:
            searches.delete(change.db, found.id, expected_version=expected_version)
            change.note(name=found.name)
            return change.made(found, _target(found))

    def run(self, search: int | str) -> Enqueued:
        """Put a run of a search into the queue now, paused or not.

        Unless the search lets its runs overlap, one that is pending or running is returned
        instead, with the outcome `overlap`. Raises CollectorOff, UnknownCollector, Unavailable.
        """
        found = self.get(search)
        turned_on(self._tracker, found.collector)
        asked = self._tracker.actor.label
        with self._tracker.change("search.run", _target(found)) as change:
            run = searches.start(change.db, found.id, trigger="manual", requested_by=asked)
            change.note(run=run.run_id, outcome=run.outcome)
            return change.made(run, _target(found))

    def pause_all(self, ids: Sequence[int]) -> BulkResult:
        """Pause several searches, each for itself."""
        return self._each("search.pause", ids, lambda some, number: some.pause(number))

    def resume_all(self, ids: Sequence[int]) -> BulkResult:
        """Let several searches run by themselves again, each for itself."""
        return self._each("search.resume", ids, lambda some, number: some.resume(number))

    def remove_all(self, ids: Sequence[int]) -> BulkResult:
        """Delete several searches, each for itself; see `remove()`."""
        return self._each("search.delete", ids, lambda some, number: some.remove(number))

    def run_all(self, ids: Sequence[int]) -> BulkResult:
        """Start several searches, each for itself; see `run()`."""
        return self._each("search.run", ids, lambda some, number: some.run(number))

    def _each(
        self, action: str, ids: Sequence[int], act: Callable[[Searches, int], object]
    ) -> BulkResult:
        def one(change: Change, number: int) -> object:
            return act(Searches(self._tracker.within(change)), number)

        return bulk.each(self._tracker, action, ids, one)

    def preview(
        self, search: int | str, *, after: datetime | None = None, count: int = 10
    ) -> Preview:
        """Say when a search will run next, or after an instant; raises ScheduleError."""
        found = self.get(search)
        return self._ahead(found.schedule, found.id, after, count)

    def preview_schedule(
        self,
        *,
        cron: str | None = None,
        every_s: int | None = None,
        timezone: str = "UTC",
        search: int | str | None = None,
        after: datetime | None = None,
        count: int = 10,
    ) -> Preview:
        """Say when a search would run that is not kept yet.

        `search` is the one whose schedule it is to replace: an interval goes on from where it was
        counted from, and the stagger is that of its number. Raises FormError and ScheduleError.
        """
        options: SearchOptions = {"cron": cron, "every_s": every_s, "timezone": timezone}
        before = None if search is None else self.get(search)
        form = search_form.read(options, before)
        now = self._tracker.database.present()
        kept = None if before is None else before.schedule
        schedule = search_form.to_schedule(form, before=kept, now=now)
        return self._ahead(schedule, None if before is None else before.id, after, count)

    def _ahead(
        self, schedule: Schedule, number: int | None, after: datetime | None, count: int
    ) -> Preview:
        since = self._tracker.database.present() if after is None else after
        delay = 0 if number is None else schedules.stagger(number, schedule.stagger_s).seconds
        return Preview(
            words=schedules.describe(schedule),
            delay_s=delay,
            upcoming=schedules.preview(schedule, since, count),
        )

    def clone(self, search: int | str, name: str) -> Search:
        """Store the same search under another name, paused: else both would run at every time."""
        problems = _name_problems(name)
        if problems:
            raise FormError(problems)
        draft = structs.replace(_draft(self.get(search)), name=name, enabled=False)
        return self._create("search.clone", draft, None)

    def _create(self, action: str, draft: SearchDraft, ahead: datetime | None) -> Search:
        with self._tracker.change(action) as change:
            made = searches.create(change.db, draft, next_tick_at=ahead)
            change.note(name=made.name, collector=made.collector)
            return change.made(made, _target(made))

    def _query(
        self, collector: str, query: CommonQuery | Mapping[str, Any]
    ) -> tuple[CommonQuery | None, dict[str, str]]:
        try:
            return fill_query(self._tracker, collector, query), {}
        except FormError as error:
            return None, error.problems

    def _form(
        self, options: SearchOptions, before: Search | None
    ) -> tuple[SearchForm | None, dict[str, str]]:
        form: SearchForm | None = None
        problems: dict[str, str] = {}
        try:
            form = search_form.read(options, before)
        except FormError as error:
            problems |= error.problems
        try:
            check_pool(self._tracker, options.get("proxy_pool"))
        except FormError as error:
            problems |= error.problems
        return None if problems else form, problems


def _target(search: Search) -> str:
    return f"search:{search.id}"


def _told(search: Search) -> dict[str, object]:
    left_out = {"id", "updated_at", "last_tick_at", "next_tick_at", "query_hash"}
    return {name: value for name, value in structs.asdict(search).items() if name not in left_out}


def is_number(text: str) -> bool:
    """Say whether a text is a search's number, and so cannot be its name."""
    return text.isdecimal() and len(text) <= LONGEST_NAME


def _name_problems(name: str) -> dict[str, str]:
    if is_name(name) and not is_number(name):
        return {}
    return {
        "name": f"{name!r} is no name; it takes 1 to {LONGEST_NAME} printable characters, not all "
        "of them digits, and no space at either end"
    }


def _settings(form: SearchForm) -> dict[str, Any]:
    """Return what a draft takes from the form as it stands."""
    return {
        "overlap": form.overlap,
        "priority": form.priority,
        "max_attempts": form.max_attempts,
        "limits": search_form.to_limits(form),
        "proxy_pool": form.proxy_pool,
    }


def _draft(search: Search) -> SearchDraft:
    fields = set(SearchDraft.__struct_fields__) & set(Search.__struct_fields__)
    return SearchDraft(**{field: getattr(search, field) for field in fields})
