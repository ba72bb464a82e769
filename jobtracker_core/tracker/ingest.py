"""Pages that somebody else has read: stored as if they had been collected here."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.info import WHOLE_NAME, Private
from jobtracker_core.contract.posting import Posting
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.ingest.normalise import Unreadable, normalise
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.context import locate
from jobtracker_core.runner.ending import tell_of
from jobtracker_core.runner.soundness import sound_posting, to_posting
from jobtracker_core.storage import endings, ingests, jobs
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.request_keys import KeyReused
from jobtracker_core.storage.texts import clean
from jobtracker_core.tracker.change import Change
from jobtracker_core.tracker.stored import Installation

MOST_POSTINGS: Final = 1_000
LONGEST_QUERY: Final = 16 * 1024
"""Bytes of a query as JSON: it stands in each list of runs."""

Outcome = Literal["succeeded", "partial", "failed"]

_LONGEST_FIELD: Final = 200
_LONGEST_REASON: Final = 1_000

_LOG = logging.getLogger("jobtracker.ingest")
_FIELDS = frozenset(Posting.__struct_fields__)


class IngestBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of postings that was read elsewhere. All batches with one `key` are one run.

    The first that comes opens the run, whatever its number; the one with `done` ends it.
    """

    collector: Annotated[str, Meta(description="Whose postings these are", pattern=WHOLE_NAME)]
    key: Annotated[
        str,
        Meta(description="The sender's own name of the run", min_length=1, max_length=200),
    ]
    batch: Annotated[
        int,
        Meta(description="The batch's number: sent again, it is stored once", ge=1, le=1_000_000),
    ]
    postings: Annotated[
        list[dict[str, Any]],
        Meta(
            description="Postings with the fields of the contract's `Posting`: `source_id`, `url` "
            "and `title`, and what else is known",
            max_length=MOST_POSTINGS,
        ),
    ] = []
    kind: Annotated[
        Literal["list", "detail"],
        Meta(description="Whether they stood on a list or each on a page of its own"),
    ] = "list"
    done: Annotated[bool, Meta(description="This is the last batch of the run")] = False
    outcome: Annotated[Outcome, Meta(description="How the run ended; with `done`")] = "succeeded"
    end_confirmed: Annotated[
        bool, Meta(description="The site said that there is no more; with `done`")
    ] = False
    error_class: Annotated[
        ErrorClass | None, Meta(description="Why the run did not succeed; with `done`")
    ] = None
    error: (
        Annotated[str, Meta(description="The same in words; with `done`", max_length=500)] | None
    ) = None
    query: Annotated[
        dict[str, Any],
        Meta(
            description="What was asked of the site; from the first batch. At most 16 KiB of JSON"
        ),
    ] = {}
    http_requests: Annotated[int, Meta(description="Requests that it took", ge=0, le=1_000_000)] = 0
    bytes_in: Annotated[int, Meta(description="Bytes that came in", ge=0, le=2**40)] = 0


class Rejected(Struct, frozen=True, kw_only=True):
    """A posting that was not stored. `index` is its place in the batch, from 0."""

    index: int
    field: str
    reason: str


class Ingested(Struct, frozen=True, kw_only=True):
    """What became of a batch.

    Attributes:
        state: Of the run, after this batch.
        found: Postings that could be read; of one that stands twice, the last one holds.
        new: Stored for the first time.
        changed: Known, and something differs now; each counts once in a run.
        unchanged: Known, and as they were.
        rejected: Those that could not be read; all others are stored.
        details_wanted: Source ids of this list whose own pages were never read.
    """

    run_id: int
    batch: int
    state: RunState
    found: int
    new: int
    changed: int
    unchanged: int
    rejected: tuple[Rejected, ...]
    details_wanted: tuple[str, ...] = ()


class RunOver(Exception):  # noqa: N818
    """The run that a batch belongs to has ended; nothing was stored."""

    def __init__(self, run_id: int, state: RunState) -> None:
        super().__init__(f"run {run_id} takes no more batches: it is {state}")
        self.hint = "Send the batches of another run under another key."


class NotYours(Exception):  # noqa: N818
    """The sender is bound to another collector."""

    def __init__(self, bound_to: str) -> None:
        super().__init__(f"this token sends pages of {bound_to} alone")
        self.hint = "Use a token that is bound to this collector, or to none."


class Ingest:
    """Takes pages of runs that are executed elsewhere."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def put(self, batch: IngestBatch, *, bound_to: str | None = None) -> Ingested:
        """Store a batch, once, however often and by however many it is sent.

        It goes the way of all pages: cleaned, private parts blanked, sanitised, compared. The
        collector may be off, or not installed here. One whose sender is silent for a quarter of an
        hour is ended by the next sweep. Plugins hear of the end of a run as of any other's.

        Args:
            batch: Its key is the sender's own: two senders may use the same one.
            bound_to: The only collector that the sender may send pages of.

        Raises NotYours, FormError, RunOver, and KeyReused if another batch came under this number.
        """
        if bound_to is not None and bound_to != batch.collector:
            raise NotYours(bound_to)
        if len(msgspec.json.encode(batch.query)) > LONGEST_QUERY:
            raise FormError({"query": f"is longer than {LONGEST_QUERY:,} bytes as JSON"})
        digest = _digest(batch)
        # Cleaning takes its time: it is done before anybody waits for the transaction.
        records, rejected = _read(batch, self._private(batch.collector))
        try:
            with self._tracker.change("ingest.batch") as change:
                answer = self._store(change, batch, digest, records, rejected)
        except _Told as told:
            return told.answer
        if batch.done:
            tell_of(self._tracker.database, answer.run_id, self._tracker.registry, _log)
        return answer

    def _private(self, collector: str) -> Private:
        source = self._tracker.registry.sources.get(collector)
        return Private() if source is None else source.info.private

    def _store(
        self,
        change: Change,
        batch: IngestBatch,
        digest: bytes,
        records: Mapping[str, Record],
        rejected: tuple[Rejected, ...],
    ) -> Ingested:
        sender = ingests.Sender(
            name=self._tracker.actor.label,
            collector=batch.collector,
            key=batch.key,
            query=batch.query,
        )
        with change.db.write() as conn:
            opened = ingests.open_run(conn, sender)
            run_id = opened.claim.run_id
            before = ingests.answer_to(conn, run_id, batch.batch)
            if before is not None:
                raise _again(before, digest)
            if opened.state is not RunState.RUNNING:
                raise RunOver(run_id, opened.state)
            if opened.http_requests + batch.http_requests > ingests.MOST_REQUESTS:
                raise FormError({"http_requests": "are more than a run can count, in all batches"})
            counts = ingests.store(
                conn,
                opened.claim,
                source=batch.collector,
                kind=batch.kind,
                records=[*records.values()],
                counts=_counts(batch, len(records), len(rejected)),
            )
            state = self._end(change, opened.claim, batch) if batch.done else opened.state
            answer = Ingested(
                run_id=run_id,
                batch=batch.batch,
                state=state,
                found=len(records),
                new=counts.new,
                changed=counts.changed,
                unchanged=counts.unchanged,
                rejected=rejected,
                details_wanted=_wanted(change, batch, records),
            )
            kept = ingests.Answer(text=msgspec.json.encode(answer).decode(), digest=digest)
            ingests.keep_answer(conn, run_id, batch.batch, kept)
        change.note(
            collector=batch.collector, batch=batch.batch, found=len(records), new=counts.new
        )
        return change.made(answer, f"run:{run_id}")

    def _end(self, change: Change, claim: Claim, batch: IngestBatch) -> RunState:
        state = RunState(batch.outcome)
        endings.finish(
            change.db,
            claim,
            state=state,
            error_class=batch.error_class,
            error_message=batch.error,
            end_confirmed=batch.end_confirmed,
        )
        return state


def _log(level: str, event: str, fields: Mapping[str, object]) -> None:
    _LOG.warning("%s: %s: %s", level, event, fields)


class _Told(Exception):  # noqa: N818
    """The batch was stored before; the change is taken back, for there is none."""

    def __init__(self, answer: Ingested) -> None:
        self.answer = answer


def _again(before: ingests.Answer, digest: bytes) -> Exception:
    if before.digest != digest:
        return KeyReused(
            "another batch came under this key and number",
            "Give each batch of a run a number of its own.",
        )
    return _Told(msgspec.json.decode(before.text, type=Ingested))


def _digest(batch: IngestBatch) -> bytes:
    try:
        said = msgspec.json.encode(batch)
    except UnicodeEncodeError:
        # Postings may hold halves of surrogate pairs: they are written as they came, escaped.
        said = json.dumps(msgspec.to_builtins(batch)).encode()
    return sha256(said).digest()


def _read(batch: IngestBatch, private: Private) -> tuple[dict[str, Record], tuple[Rejected, ...]]:
    records: dict[str, Record] = {}
    rejected = []
    for index, item in enumerate(batch.postings):
        try:
            record = _record(item, private)
        except Unreadable as error:
            # Both may quote what came, which may be no text.
            field, reason = clean(error.field, _LONGEST_FIELD), clean(error.reason, _LONGEST_REASON)
            rejected.append(Rejected(index=index, field=field, reason=reason))
        else:
            records[record.source_id] = record
    return records, tuple(rejected)


def _record(item: Mapping[str, Any], private: Private) -> Record:
    unknown = sorted(item.keys() - _FIELDS)
    if unknown:
        raise Unreadable(unknown[0][:80], "unknown field")
    try:
        posting = to_posting(item)
    except msgspec.ValidationError as error:
        path, what = locate(error)
        raise Unreadable(path.removeprefix("$").removeprefix(".") or "posting", what) from error
    try:
        return normalise(sound_posting(posting), private=private)
    except RecursionError as error:
        raise Unreadable("raw", "nests too deep") from error


def _counts(batch: IngestBatch, found: int, rejected: int) -> Counts:
    listed = batch.kind == "list"
    return Counts(
        pages=1 if listed and batch.postings else 0,
        details=0 if listed else found,
        seen=found if listed else 0,
        rejected=rejected,
        http_requests=batch.http_requests,
        bytes_in=batch.bytes_in,
    )


def _wanted(change: Change, batch: IngestBatch, records: Mapping[str, Record]) -> tuple[str, ...]:
    if batch.kind == "detail" or not records:
        return ()
    return tuple(jobs.details_missing(change.db, batch.collector, [*records]))
