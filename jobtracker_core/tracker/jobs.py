"""Stored jobs as their user sees them, and what he does with them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Unpack

from msgspec import Struct, structs

from jobtracker_core.storage import (
    dismissals,
    edits,
    facets,
    find_plan,
    jobs,
    search,
    snippets,
    tags,
    tallies,
    walk,
)
from jobtracker_core.storage.edits import Outcome
from jobtracker_core.storage.facets import Facet
from jobtracker_core.storage.fields import Line, Prose
from jobtracker_core.storage.job_filters import Filters, Sort
from jobtracker_core.storage.jobs import JobDetail
from jobtracker_core.storage.search import JobList
from jobtracker_core.storage.snippets import Snippet
from jobtracker_core.storage.tallies import Tally
from jobtracker_core.tracker import bulk, entries, job_forms
from jobtracker_core.tracker.bulk import BulkResult
from jobtracker_core.tracker.exporting import exported
from jobtracker_core.tracker.job_forms import JobChanges, JobDraft
from jobtracker_core.tracker.stored import Installation
from jobtracker_core.tracker.tags import check_names


class Upserted(Struct, frozen=True, kw_only=True):
    """What an upsert did, and the job as it is then.

    Attributes:
        outcome: `unchanged` also where a job comes back that was dismissed and deleted: it is
            stored, and stays hidden.
    """

    outcome: Outcome
    detail: JobDetail


class Jobs:
    """Stored jobs; those that arrived last come first, and dismissed ones are hidden."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def search(
        self,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
        offset: int = 0,
        sort: Sort = "arrival",
        **filters: Unpack[Filters],
    ) -> JobList:
        """List jobs; `after` or `before` is the mark that another page of the list gave.

        `text` is in the query language: raises SearchError, which is a ValueError, for one that
        cannot be read.
        """
        return search.list_jobs(
            self._tracker.database,
            limit=limit,
            after=after,
            before=before,
            offset=offset,
            sort=sort,
            **filters,
        )

    def first_page(
        self, *, limit: int = 50, sort: Sort = "arrival", **filters: Unpack[Filters]
    ) -> tuple[JobList, Tally]:
        """List the first jobs, and count all: what `search` and `tally` tell, in less time.

        Raises SearchError.
        """
        return search.first_page(self._tracker.database, limit=limit, sort=sort, **filters)

    def export(
        self, *, with_text: bool = False, sort: Sort = "arrival", **filters: Unpack[Filters]
    ) -> Iterator[walk.WalkedJob]:
        """Give all jobs of a list, however many, with their descriptions if asked for.

        `jobtracker_core.export.encode` makes CSV, JSON or JSON lines of them. It stands in the
        audit log. By `relevance`, at most the latest 1,000 are put in order; the rest comes behind
        them as it arrived. Raises SearchError.
        """
        find_plan.plan(filters, datetime.now(UTC))
        rows = walk.walk_jobs(self._tracker.database, with_text=with_text, sort=sort, **filters)
        return exported(self._tracker, "job", rows)

    def tally(
        self, *, first: int | None = None, sort: Sort = "arrival", **filters: Unpack[Filters]
    ) -> Tally:
        """Count jobs, and those of them that come before the job `first`.

        Exactly up to 10,000, or 1,000 where the text holds words. Raises SearchError.
        """
        return tallies.tally(self._tracker.database, first=first, sort=sort, **filters)

    def facets(self, **filters: Unpack[Filters]) -> tuple[Facet, ...]:
        """Count the jobs of a list by source, company, remote, employment, seniority, pay and age.

        Exactly up to 5,000 jobs, or 1,000 where the text holds words. Raises SearchError.
        """
        return facets.facets(self._tracker.database, **filters)

    def snippets(self, ids: Sequence[int], *, text: str) -> tuple[Snippet, ...]:
        """Return the pieces of some jobs' descriptions that hold what a text looks for.

        Jobs without a hit in their description have none. Raises SearchError.
        """
        return snippets.snippets(self._tracker.database, ids, text)

    def alike(
        self, *, url: str, title: str = "", company: str | None = None
    ) -> tuple[jobs.Job, ...]:
        """Return up to five jobs that a new one may be: dismissed ones too, the latest first.

        They have the same address, or the same title at a company of the same name.
        """
        return search.alike(self._tracker.database, url=url, title=title, company=company)

    def sources(self) -> tuple[str, ...]:
        """Return the names of the collectors that jobs are stored of."""
        return search.sources(self._tracker.database)

    def get(self, job_id: int) -> JobDetail:
        """Return one job with its text and history; raises NotFound."""
        return jobs.get(self._tracker.database, job_id)

    def changes(
        self, *, run_id: int, limit: int | None = None, after: str | None = None
    ) -> tuple[jobs.Change, ...]:
        """Return what a run changed in known jobs, the latest job first.

        Without a limit that is all of it. `after` is the `mark` of the last one known; raises
        NotFound if it is no such thing.
        """
        return jobs.changes_of_run(self._tracker.database, run_id, limit, after=after)

    def count(self, *, source: str | None = None) -> int:
        """Return how many jobs are stored."""
        return search.count_jobs(self._tracker.database, source)

    def create(self, draft: JobDraft) -> JobDetail:
        """Store a job that is not there yet; without a `source_id` it gets one.

        Raises FormError naming each wrong field, and Duplicate, which names the job.
        """
        checked = entries.check(draft)
        source_id = checked.source_id or uuid.uuid4().hex
        record = job_forms.to_record(
            structs.asdict(checked), source_id=source_id, title=checked.title, url=checked.url
        )
        with self._tracker.change("job.create") as change:
            stored = edits.create(change.db, checked.source, record)
            change.note(source=checked.source, source_id=source_id)
            return change.made(jobs.get(change.db, stored.job_id), f"job:{stored.job_id}")

    def upsert(self, draft: JobDraft) -> Upserted:
        """Store a job by its source and `source_id`, as a page of its site would.

        What is not given says nothing of what is stored, and what a person edited stays. Raises
        FormError naming each wrong field.
        """
        also = {} if draft.source_id else {"source_id": "must be given: the job is known by it"}
        checked = entries.check(draft, also=also)
        record = job_forms.to_record(
            structs.asdict(checked),
            source_id=checked.source_id or "",
            title=checked.title,
            url=checked.url,
        )
        with self._tracker.change("job.upsert") as change:
            stored = edits.upsert(change.db, checked.source, record)
            change.note(outcome=stored.outcome)
            detail = jobs.get(change.db, stored.job_id)
            made = Upserted(outcome=stored.outcome, detail=detail)
            return change.made(made, f"job:{stored.job_id}")

    def update(
        self, job_id: int, changes: JobChanges, *, expected_version: int | None = None
    ) -> JobDetail:
        """Change what is given of a job; what is collected later does not undo it.

        Raises FormError naming each wrong field, NotFound and Stale.
        """
        checked = entries.check(changes)
        given = entries.given(checked)
        fields = job_forms.fields_of(given)
        job_forms.check_release(checked.release, fields)
        before = jobs.get(self._tracker.database, job_id).job
        record = job_forms.to_record(
            given, source_id=before.source_id, title=before.title, url=before.url
        )
        with self._tracker.change("job.update", f"job:{job_id}") as change:
            edits.edit(
                change.db,
                job_id,
                record,
                fields=fields,
                release=checked.release,
                expected_version=expected_version,
            )
            change.note(fields=fields, release=checked.release)
            return change.made(jobs.get(change.db, job_id), change.target)

    def delete(self, job_id: int, *, expected_version: int | None = None) -> None:
        """Delete a job; raises NotFound and Stale.

        Its applications stay, with what its posting said. Collected again, it is a new job; one
        that was dismissed stays hidden.
        """
        with self._tracker.change("job.delete", f"job:{job_id}") as change:
            edits.delete(change.db, job_id, expected_version=expected_version)

    def note(self, job_id: int) -> tags.Note | None:
        """Return what the person wrote on a job, None if nothing; raises NotFound for the job."""
        return tags.note_of(self._tracker.database, job_id)

    def write_note(
        self, job_id: int, text: str | None, *, expected_version: int | None = None
    ) -> tags.Note | None:
        """Write on a job, in place of what stood there; None or an empty text takes it away.

        `expected_version` 0 stands for no note. Raises FormError, NotFound and Stale.
        """
        checked = entries.check_value("text", text, Prose | None)
        with self._tracker.change("job.note", f"job:{job_id}") as change:
            made = tags.write_note(change.db, job_id, checked, expected_version=expected_version)
            return change.made(made, change.target)

    def dismiss_all(self, ids: Sequence[int], *, reason: str | None = None) -> BulkResult:
        """Hide several jobs for good, each for itself."""
        checked = entries.check_value("reason", reason, Line | None)
        return bulk.each(
            self._tracker,
            "job.dismiss",
            ids,
            lambda change, number: dismissals.dismiss(change.db, number, reason=checked),
        )

    def restore_all(self, ids: Sequence[int]) -> BulkResult:
        """Show several jobs again, each for itself."""
        return bulk.each(
            self._tracker,
            "job.restore",
            ids,
            lambda change, number: dismissals.restore_job(change.db, number),
        )

    def tag_all(self, ids: Sequence[int], names: Sequence[str]) -> BulkResult:
        """Put tags on several jobs, each for itself; raises FormError for a wrong name."""
        wanted = check_names(names)
        return bulk.each(
            self._tracker,
            "job.tag",
            ids,
            lambda change, number: tags.add(change.db, "job", number, wanted),
            tags=wanted,
        )

    def untag_all(self, ids: Sequence[int], names: Sequence[str]) -> BulkResult:
        """Take tags off several jobs, each for itself; raises FormError for a wrong name."""
        wanted = check_names(names)
        return bulk.each(
            self._tracker,
            "job.untag",
            ids,
            lambda change, number: tags.take_off(change.db, "job", number, wanted),
            tags=wanted,
        )

    def delete_all(self, ids: Sequence[int]) -> BulkResult:
        """Delete several jobs, each for itself; see `delete()`."""
        return bulk.each(
            self._tracker, "job.delete", ids, lambda change, number: edits.delete(change.db, number)
        )
