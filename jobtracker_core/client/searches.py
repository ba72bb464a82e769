"""Searches on a server; see `tracker.searches`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

import msgspec

from jobtracker_core.client.session import Session
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import forms
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker import search_form
from jobtracker_core.tracker.bulk import BulkResult
from jobtracker_core.tracker.search_form import SearchOptions
from jobtracker_core.tracker.searches import Preview, SearchReport, is_number


class Searches:
    """Saved queries that run by themselves, or when they are started.

    A search is named by its number or its name. All raise NotFound for one that is not there.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self, *, collector: str | None = None) -> tuple[Search, ...]:
        """List searches by name."""
        return self._session.get("/searches", tuple[Search, ...], collector=collector)

    def export(self, *, collector: str | None = None) -> Iterator[Search]:
        """Yield all searches of a list; it stands in the audit log."""
        return self._session.lines("/searches/export", Search, format="jsonl", collector=collector)

    def get(self, search: int | str) -> Search:
        """Return one search. No name is made of digits alone, so that "7" is a number."""
        if isinstance(search, int) or is_number(search):
            return self._session.get(f"/searches/{int(search)}", Search)
        for found in self.list():
            if found.name == search:
                return found
        raise NotFound(f"there is no search {search!r}", "List the searches to see their names.")

    def report(self, search: int | str) -> SearchReport:
        """Return one search with how it does."""
        return self._session.get(f"{self._path(search)}/performance", SearchReport)

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
        body = {"name": name, "collector": collector, "query": words_of(query), **_read(options)}
        return self._session.post("/searches", Search, body)

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

        Raises as `add()` does, and Stale if the search is not of the version that is expected.
        """
        given = {"name": name, "enabled": enabled}
        body: dict[str, Any] = {k: value for k, value in given.items() if value is not None}
        if query is not None:
            body["query"] = words_of(query)
        body |= _read(options)
        return self._session.put(self._path(search), Search, body, version=expected_version)

    def pause(self, search: int | str) -> Search:
        """Stop a search from running by itself; it can still be started by hand."""
        return self.edit(search, enabled=False)

    def resume(self, search: int | str) -> Search:
        """Let a search run by itself again, from the next time on; raises ScheduleError."""
        return self.edit(search, enabled=True)

    def remove(self, search: int | str, *, expected_version: int | None = None) -> Search:
        """Delete a search; its runs stay, those that wait included. Raises Stale."""
        found = self.get(search)
        self._session.delete(f"/searches/{found.id}", version=expected_version)
        return found

    def run(self, search: int | str) -> Enqueued:
        """Put a run of a search into the queue now, paused or not.

        Raises CollectorOff, UnknownCollector, Unavailable.
        """
        return self._session.post(f"{self._path(search)}/run", Enqueued)

    def pause_all(self, ids: Sequence[int]) -> BulkResult:
        """Pause several searches, each for itself."""
        return self._all("/searches/bulk", {"action": "pause", "ids": list(ids)})

    def resume_all(self, ids: Sequence[int]) -> BulkResult:
        """Let several searches run by themselves again, each for itself."""
        return self._all("/searches/bulk", {"action": "resume", "ids": list(ids)})

    def remove_all(self, ids: Sequence[int]) -> BulkResult:
        """Delete several searches, each for itself; see `remove()`."""
        return self._all("/searches/bulk", {"action": "delete", "ids": list(ids)})

    def run_all(self, ids: Sequence[int]) -> BulkResult:
        """Start several searches, each for itself; see `run()`."""
        return self._all("/searches/run", {"ids": list(ids)})

    def _all(self, path: str, body: Mapping[str, object]) -> BulkResult:
        return self._session.post(path, BulkResult, body)

    def preview(
        self, search: int | str, *, after: datetime | None = None, count: int = 10
    ) -> Preview:
        """Say when a search will run next, or after an instant; raises ScheduleError."""
        path = f"{self._path(search)}/preview"
        return self._session.get(path, Preview, after=after, count=count)

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
        """Say when a search would run that is not kept yet; raises FormError, ScheduleError."""
        known = None if search is None else self.get(search).id
        return self._session.get(
            "/searches/preview",
            Preview,
            cron=cron,
            every_s=every_s,
            timezone=timezone,
            search=known,
            after=after,
            count=count,
        )

    def clone(self, search: int | str, name: str) -> Search:
        """Store the same search under another name, paused: else both would run at every time."""
        return self._session.post(f"{self._path(search)}/clone", Search, {"name": name})

    def _path(self, search: int | str) -> str:
        known = isinstance(search, int) or is_number(search)
        return f"/searches/{int(search) if known else self.get(search).id}"


def words_of(query: CommonQuery | Mapping[str, Any]) -> dict[str, Any]:
    """Return a query's words as JSON can hold them; raises FormError for what is no query."""
    if isinstance(query, CommonQuery):
        return forms.as_words(query)
    if not isinstance(query, Mapping):
        raise FormError({"query": f"{query!r} is no query; give its words as a mapping"})
    words: dict[str, Any] = msgspec.to_builtins(dict(query))
    return words


def _read(options: SearchOptions) -> dict[str, Any]:
    """Return options as values, where a command line gave them as text; raises FormError.

    None stays, and puts back what is usual.
    """
    form = search_form.read(options)
    return {
        name: None if value is None else msgspec.to_builtins(getattr(form, name))
        for name, value in options.items()
    }
