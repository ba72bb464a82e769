"""Stored jobs on a server; see `tracker.jobs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from msgspec import Struct, convert, structs

from jobtracker_core.client.paging import joined, joined_back, skipped
from jobtracker_core.client.session import Session
from jobtracker_core.storage.facets import Facet
from jobtracker_core.storage.fields import Line, Prose
from jobtracker_core.storage.job_filters import Filters, Sort
from jobtracker_core.storage.jobs import Change, Job, JobDetail
from jobtracker_core.storage.search import JobList
from jobtracker_core.storage.snippets import Snippet
from jobtracker_core.storage.tags import Note
from jobtracker_core.storage.tallies import Tally
from jobtracker_core.storage.walk import WalkedJob
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.bulk import BulkResult
from jobtracker_core.tracker.job_forms import JobChanges, JobDraft
from jobtracker_core.tracker.jobs import Upserted

_AT_ONCE = 200


class _Stored(Struct, frozen=True):
    count: int


class _Note(Struct, frozen=True):
    job_id: int
    text: str | None
    version: int
    created_at: datetime | None
    updated_at: datetime | None


class Jobs:
    """Stored jobs; those that arrived last come first, and dismissed ones are hidden."""

    def __init__(self, session: Session) -> None:
        self._session = session

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

        More than 200 are several requests, and so is an offset.
        """
        words = _words(filters)

        def read(most: int, mark: str | None, back: str | None = None) -> JobList:
            return self._session.get(
                "/jobs",
                JobList,
                limit=most,
                after=mark,
                before=back,
                sort=sort,
                count=False,
                **words,
            )

        if before is not None:
            return joined_back(lambda most, mark: read(most, None, mark), limit, before)
        past = skipped(read, offset, after)
        if past is not None and past.after is None:
            return structs.replace(past, items=())
        return joined(read, limit, after if past is None else past.after)

    def first_page(
        self, *, limit: int = 50, sort: Sort = "arrival", **filters: Unpack[Filters]
    ) -> tuple[JobList, Tally]:
        """List the first jobs, and count all, with one request for each."""
        found = self.search(limit=limit, sort=sort, **filters)
        counted = self.tally(sort=sort, **filters)
        least = len(found.items) + (found.after is not None and len(found.items) == limit)
        return found, structs.replace(counted.covering(least), newer=0 if found.items else None)

    def export(
        self, *, with_text: bool = False, sort: Sort = "arrival", **filters: Unpack[Filters]
    ) -> Iterator[WalkedJob]:
        """Yield all jobs of a list, however many, with their descriptions if asked for."""
        return self._session.lines(
            "/jobs/export",
            WalkedJob,
            format="jsonl",
            with_text=with_text,
            sort=sort,
            **_words(filters),
        )

    def tally(
        self, *, first: int | None = None, sort: Sort = "arrival", **filters: Unpack[Filters]
    ) -> Tally:
        """Count jobs, and those of them that come before the job `first`.

        Exactly up to 10,000, or 1,000 where the text holds words. Raises SearchError.
        """
        return self._session.get("/jobs/tally", Tally, first=first, sort=sort, **_words(filters))

    def facets(self, **filters: Unpack[Filters]) -> tuple[Facet, ...]:
        """Count the jobs of a list by source, company, remote, employment, seniority, pay and age.

        Exactly up to 5,000 jobs, or 1,000 where the text holds words. Raises SearchError.
        """
        return self._session.get("/jobs/facets", tuple[Facet, ...], **_words(filters))

    def snippets(self, ids: Sequence[int], *, text: str) -> tuple[Snippet, ...]:
        """Return the pieces of some jobs' descriptions that hold what a text looks for.

        Jobs without a hit in their description have none. Raises SearchError.
        """
        found: list[Snippet] = []
        for at in range(0, len(ids), _AT_ONCE):
            some = ",".join(map(str, ids[at : at + _AT_ONCE]))
            words = {"search": text, "job_ids": some}
            found += self._session.get("/jobs/snippets", tuple[Snippet, ...], **words)
        return tuple(found)

    def alike(self, *, url: str, title: str = "", company: str | None = None) -> tuple[Job, ...]:
        """Return up to five jobs that a new one may be: dismissed ones too, the latest first.

        They have the same address, or the same title at a company of the same name.
        """
        words = {"url": url, "title": title, "company": company}
        return self._session.get("/jobs/alike", tuple[Job, ...], **words)

    def sources(self) -> tuple[str, ...]:
        """Return the names of the collectors that jobs are stored of."""
        return self._session.get("/jobs/sources", tuple[str, ...])

    def get(self, job_id: int) -> JobDetail:
        """Return one job with its text and history; raises NotFound."""
        return self._session.get(f"/jobs/{job_id}", JobDetail)

    def changes(
        self, *, run_id: int, limit: int | None = None, after: str | None = None
    ) -> tuple[Change, ...]:
        """Return what a run changed in known jobs, the latest job first.

        Without a limit that is all of it. `after` is the `mark` of the last one known.
        """
        found: list[Change] = []
        while limit is None or len(found) < limit:
            most = _AT_ONCE if limit is None else min(_AT_ONCE, limit - len(found))
            path = f"/runs/{run_id}/changes"
            page = self._session.get(path, tuple[Change, ...], after=after, limit=most)
            found += page
            if len(page) < most:
                break
            after = page[-1].mark
        return tuple(found)

    def count(self, *, source: str | None = None) -> int:
        """Return how many jobs are stored."""
        return self._session.get("/jobs/stored", _Stored, source=source).count

    def create(self, draft: JobDraft) -> JobDetail:
        """Store a job that is not there yet; raises FormError and Duplicate."""
        return self._session.post("/jobs", JobDetail, entries.check(draft))

    def upsert(self, draft: JobDraft) -> Upserted:
        """Store a job by its source and `source_id`, as a page of its site would."""
        return self._session.post("/jobs/upsert", Upserted, entries.check(draft))

    def update(
        self, job_id: int, changes: JobChanges, *, expected_version: int | None = None
    ) -> JobDetail:
        """Change what is given of a job; raises FormError, NotFound and Stale."""
        checked = entries.check(changes)
        return self._session.put(f"/jobs/{job_id}", JobDetail, checked, version=expected_version)

    def delete(self, job_id: int, *, expected_version: int | None = None) -> None:
        """Delete a job; raises NotFound and Stale."""
        self._session.delete(f"/jobs/{job_id}", version=expected_version)

    def note(self, job_id: int) -> Note | None:
        """Return what the person wrote on a job, None if nothing; raises NotFound for the job."""
        return _note(self._session.get(f"/jobs/{job_id}/note", _Note))

    def write_note(
        self, job_id: int, text: str | None, *, expected_version: int | None = None
    ) -> Note | None:
        """Write on a job, in place of what stood there; None or an empty text takes it away."""
        body = {"text": entries.check_value("text", text, Prose | None)}
        path = f"/jobs/{job_id}/note"
        return _note(self._session.put(path, _Note, body, version=expected_version))

    def dismiss_all(self, ids: Sequence[int], *, reason: str | None = None) -> BulkResult:
        """Hide several jobs for good, each for itself."""
        checked = entries.check_value("reason", reason, Line | None)
        return self._all("dismiss", ids, {} if checked is None else {"reason": checked})

    def restore_all(self, ids: Sequence[int]) -> BulkResult:
        """Show several jobs again, each for itself."""
        return self._all("restore", ids, {})

    def tag_all(self, ids: Sequence[int], names: Sequence[str]) -> BulkResult:
        """Put tags on several jobs, each for itself; raises FormError for a wrong name."""
        return self._all("tag", ids, {"tags": names})

    def untag_all(self, ids: Sequence[int], names: Sequence[str]) -> BulkResult:
        """Take tags off several jobs, each for itself; raises FormError for a wrong name."""
        return self._all("untag", ids, {"tags": names})

    def delete_all(self, ids: Sequence[int]) -> BulkResult:
        """Delete several jobs, each for itself; see `delete()`."""
        return self._all("delete", ids, {})

    def _all(self, action: str, ids: Sequence[int], more: Mapping[str, object]) -> BulkResult:
        body = {"action": action, "ids": list(ids), **more}
        return self._session.post("/jobs/bulk", BulkResult, body)


def _note(shown: _Note) -> Note | None:
    return None if shown.text is None else convert(structs.asdict(shown), Note)


def _words(filters: Filters) -> dict[str, Any]:
    """Return the parameters of a list's filters; two of them have other names there."""
    words: dict[str, Any] = {**filters}
    words["search"] = words.pop("text", None)
    words["status"] = words.pop("application", None)
    return words
