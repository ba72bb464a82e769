"""What is stored, one class for each kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import discovery
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.settings import Settings
from jobtracker_core.storage import workers
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.proxies import find_pool
from jobtracker_core.tracker.change import Change
from jobtracker_core.tracker.collector_settings import Held


class Installation(Protocol):
    """What the classes here need of a JobTracker."""

    @property
    def database(self) -> Database:
        """The database, opened when it is first used."""
        ...

    @property
    def settings(self) -> Settings:
        """What the operator set."""
        ...

    @property
    def actor(self) -> Actor:
        """Who uses it."""
        ...

    def change(self, action: str, target: str = "") -> AbstractContextManager[Change]:
        """Change something as one transaction, which also leaves a row in the audit log."""
        ...

    def within(self, change: Change) -> Installation:
        """Return a view whose changes are parts of one that is being made."""
        ...

    @property
    def registry(self) -> discovery.Registry:
        """The plugins."""
        ...

    def collector_settings(self, name: str) -> CollectorSettings:
        """What the operator set for a collector."""
        ...

    def held(self, name: str) -> Held:
        """All that anybody has set for a collector, and who."""
        ...

    def query(self, name: str, words: CommonQuery | Mapping[str, Any]) -> CommonQuery:
        """A collector's query of words."""
        ...


def check_pool(tracker: Installation, name: str | None) -> None:
    """Raise FormError if there is no such pool of proxies; None is no pool."""
    if name is None:
        return
    try:
        find_pool(tracker.database, name)
    except NotFound as error:
        raise FormError({"proxy_pool": f"{error}. {error.hint}"}) from error


def fill_query(
    tracker: Installation, collector: str, query: CommonQuery | Mapping[str, Any]
) -> CommonQuery:
    """Make a collector's query of words; a FormError names them as `query.WORD`."""
    try:
        return tracker.query(collector, query)
    except FormError as error:
        raise FormError(
            {
                field if field == "query" else f"query.{field}": problem
                for field, problem in error.problems.items()
            }
        ) from error


class Workers:
    """Processes that execute runs."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self) -> tuple[workers.Worker, ...]:
        """List workers, those last seen first; one that is gone for a week is forgotten."""
        return workers.list_workers(self._tracker.database)
