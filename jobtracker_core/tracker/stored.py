"""What is stored, one class for each kind of thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Unpack

from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.run import RunState
from jobtracker_core.plugins import discovery
from jobtracker_core.storage import companies, jobs, runs, search, walk
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.search import Filters, JobList, Tally


class Installation(Protocol):
    """What the classes here need of a JobTracker."""

    @property
    def database(self) -> Database:
        """The database, opened when it is first used."""
        ...

    @property
    def registry(self) -> discovery.Registry:
        """The plugins."""
        ...

    def collector_settings(self, name: str) -> CollectorSettings:
        """What the operator set for a collector."""
        ...


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


class Runs:
    """The history of runs, newest first."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(
        self, *, collector: str | None = None, limit: int = 20, before: int | None = None
    ) -> tuple[runs.Run, ...]:
        """List runs; `before` is the id that the page before ended with."""
        return runs.list_runs(
            self._tracker.database, collector=collector, limit=limit, before=before
        )

    def get(self, run_id: int) -> runs.Run:
        """Return one run; raises NotFound."""
        return runs.get(self._tracker.database, run_id)

    def cancel(self, run_id: int) -> RunState:
        """Ask for a run to be stopped; return its state at that moment. Raises NotFound.

        A running one hears of it within a quarter of a minute, on whatever machine it is.
        """
        return runs.request_cancel(self._tracker.database, run_id)


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
