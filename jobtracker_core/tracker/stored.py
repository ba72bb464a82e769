"""What is stored, one class for each kind of thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, Unpack

from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import discovery
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.settings import Settings
from jobtracker_core.storage import companies, jobs, search, walk, workers
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.proxies import find_pool
from jobtracker_core.storage.search import Filters, JobList, Tally
from jobtracker_core.tracker.change import Change


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

    @property
    def registry(self) -> discovery.Registry:
        """The plugins."""
        ...

    def collector_settings(self, name: str) -> CollectorSettings:
        """What the operator set for a collector."""
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


class Jobs:
    """Stored jobs, newest first."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def search(
        self,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
        offset: int = 0,
        **filters: Unpack[Filters],
    ) -> JobList:
        """List jobs; `after` or `before` is the mark that another page of the list gave."""
        return search.list_jobs(
            self._tracker.database,
            limit=limit,
            after=after,
            before=before,
            offset=offset,
            **filters,
        )

    def export(
        self,
        *,
        source: str | None = None,
        text: str | None = None,
        changed_by_run: int | None = None,
        with_text: bool = False,
    ) -> Iterator[walk.WalkedJob]:
        """Yield all jobs of a list, however many, with their descriptions if asked for.

        `jobtracker_core.export.encode` makes CSV, JSON or JSON lines of them.
        """
        return walk.walk_jobs(
            self._tracker.database,
            source=source,
            text=text,
            changed_by_run=changed_by_run,
            with_text=with_text,
        )

    def tally(self, *, first: int | None = None, **filters: Unpack[Filters]) -> Tally:
        """Count jobs, exactly up to 10,000, and those of them newer than the job `first`."""
        return search.tally(self._tracker.database, first=first, **filters)

    def sources(self) -> tuple[str, ...]:
        """Return the names of the collectors that jobs are stored of."""
        return search.sources(self._tracker.database)

    def get(self, job_id: int) -> jobs.JobDetail:
        """Return one job with its text and history; raises NotFound."""
        return jobs.get(self._tracker.database, job_id)

    def changes(self, *, run_id: int) -> tuple[jobs.Change, ...]:
        """Return what a run changed in known jobs, in its order."""
        return jobs.changes_of_run(self._tracker.database, run_id)

    def count(self, *, source: str | None = None) -> int:
        """Return how many jobs are stored."""
        return search.count_jobs(self._tracker.database, source)


class Companies:
    """Employers, by name."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(
        self, *, text: str | None = None, limit: int = 50, after: str | None = None
    ) -> companies.CompanyList:
        """List companies; `text` is part of the name, `after` the mark of the page before."""
        return companies.list_companies(self._tracker.database, text=text, limit=limit, after=after)

    def get(self, company_id: int) -> companies.Company:
        """Return one company; raises NotFound."""
        return companies.get(self._tracker.database, company_id)


class Workers:
    """Processes that execute runs."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self) -> tuple[workers.Worker, ...]:
        """List workers, those last seen first; one that is gone for a week is forgotten."""
        return workers.list_workers(self._tracker.database)
