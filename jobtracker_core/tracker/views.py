"""Saved views as their user sees them."""

from __future__ import annotations

import typing
from typing import Any

from msgspec import UNSET, structs

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.search.nodes import SearchError
from jobtracker_core.storage import views
from jobtracker_core.storage.application_list import ApplicationFilters
from jobtracker_core.storage.find_plan import read_text
from jobtracker_core.storage.job_filters import Filters, Sort
from jobtracker_core.storage.views import View, ViewChanges, ViewDraft, ViewKind
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.stored import Installation

WORDS: dict[ViewKind, dict[str, Any]] = {
    "jobs": typing.get_type_hints(Filters) | {"sort": Sort},
    "applications": typing.get_type_hints(ApplicationFilters),
}
"""The words of each list: what a view's query may hold, with their types."""


class Views:
    """Lists with their filters, under a name. All raise NotFound for one that is not there."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self, *, kind: ViewKind | None = None) -> tuple[View, ...]:
        """List views by name, of one kind or of both."""
        return views.list_views(self._tracker.database, kind)

    def get(self, view_id: int) -> View:
        """Return one view."""
        return views.get(self._tracker.database, view_id)

    def create(self, draft: ViewDraft) -> View:
        """Save a view; raises FormError (a word of the query as `query.WORD`) and Duplicate."""
        checked = entries.check(draft)
        query = _checked(checked.query, checked.kind)
        with self._tracker.change("view.create") as change:
            made = views.create(change.db, checked.name, checked.kind, query)
            change.note(name=made.name, kind=made.kind)
            return change.made(made, f"view:{made.id}")

    def update(
        self, view_id: int, changes: ViewChanges, *, expected_version: int | None = None
    ) -> View:
        """Change a view, its query as a whole; raises FormError, Stale and Duplicate."""
        checked = entries.check(changes)
        with self._tracker.change("view.update", f"view:{view_id}") as change:
            if checked.query is not UNSET:
                kind = views.get(change.db, view_id).kind
                checked = structs.replace(checked, query=_checked(checked.query, kind))
            made = views.update(change.db, view_id, checked, expected_version=expected_version)
            change.note(name=made.name)
            return change.made(made, change.target)

    def delete(self, view_id: int, *, expected_version: int | None = None) -> None:
        """Forget a view; raises Stale."""
        with self._tracker.change("view.delete", f"view:{view_id}") as change:
            views.delete(change.db, view_id, expected_version=expected_version)


def _checked(query: dict[str, Any], kind: ViewKind) -> dict[str, Any]:
    """Return what a view asks for, if its list can show it; raises FormError."""
    words = entries.check_words(query, WORDS[kind], "query")
    if kind == "jobs" and "text" in words:
        try:
            read_text({"text": words["text"]})
        except SearchError as error:
            raise FormError({"query.text": str(error)}) from error
    return words
