"""Recorded runs: writing what a run exchanged with its site, and running today's plugin on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from jobtracker_core.contract.host import Ack, Batch, Record
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.http.record import MANIFEST, Recorder, RecordError, ReplayTransport
from jobtracker_core.ingest.private import redact
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.session import Task
from jobtracker_core.storage.runs import Run

RESULT_FILE = "result.json"


class Manifest(Struct, frozen=True, kw_only=True):
    """What was run when the exchanges were recorded.

    Attributes:
        run_id: Its number in the database of then.
    """

    collector: str
    distribution: str
    version: str
    query: dict[str, Any]
    settings: dict[str, Any]
    cursor: str | None
    recorded_at: datetime
    run_id: int | None = None


class RecordedResult(Struct, frozen=True, kw_only=True):
    """What the run came to.

    Attributes:
        asked: The postings whose details were asked for, in order.
        listed: Source ids of the postings on the list pages that were stored.
        new: Source ids of those that were new then; None in captures of before this was kept.
    """

    state: RunState
    error_class: str | None
    message: str | None
    counts: Counts
    asked: tuple[PostingRef, ...]
    listed: tuple[str, ...] = ()
    new: tuple[str, ...] | None = None


class Replayed(Struct, frozen=True, kw_only=True):
    """A replay beside what was recorded.

    Attributes:
        then: What the run came to when it was recorded; None if it was killed before its end.
        listed: Today's records of list pages, in the site's order; `detailed`, of detail pages.
        unused: Recorded requests that today's plugin did not make.
        batches: The same records as they came, page by page.
    """

    directory: str
    manifest: Manifest
    then: RecordedResult | None
    now: Result
    listed: tuple[Record, ...]
    detailed: tuple[Record, ...]
    unused: tuple[str, ...]
    batches: tuple[Batch, ...]


def record(
    directory: Path, task: Task, *, source: discovery.Source, now: datetime, run_id: int
) -> Recorder:
    """Start a capture; raises RecordError if the directory cannot take one."""
    manifest = Manifest(
        collector=source.info.name,
        distribution=source.distribution,
        version=source.version,
        query=forms.as_words(task.query),
        settings=forms.as_words(task.settings),
        cursor=task.cursor,
        recorded_at=now,
        run_id=run_id,
    )
    private = source.info.private
    return Recorder(
        directory,
        redact=lambda content, media: redact(content, media, private),
        manifest=msgspec.to_builtins(manifest),
    )


def write_result(
    recorder: Recorder,
    result: Result,
    *,
    asked: Iterable[PostingRef],
    listed: Iterable[str],
    new: Iterable[str],
) -> None:
    """Write what the run came to beside its exchanges; raises RecordError."""
    recorded = RecordedResult(
        state=result.outcome.state,
        error_class=result.outcome.error_class,
        message=result.outcome.message,
        counts=result.counts,
        asked=tuple(asked),
        listed=tuple(listed),
        new=tuple(new),
    )
    recorder.write(RESULT_FILE, recorded)


class _ReplayHost(DryHost):
    """Answers as the database did when the run was recorded.

    The same details are wanted, and the same postings are new: by that a run decides where to go on
    from its kept cursor.
    """

    def __init__(self, then: RecordedResult | None) -> None:
        super().__init__()
        self._asked = None if then is None else then.asked
        self._new = None if then is None or then.new is None else set(then.new)

    def deliver(self, batch: Batch) -> Ack:
        ack = super().deliver(batch)
        if batch.kind == "detail" or self._new is None:
            return ack
        on_page = {record.source_id for record in batch.records}
        new = len(on_page & self._new)
        self._new -= on_page
        return Ack(new=new, unchanged=len(batch.records) - new)

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        if self._asked is None:
            return super().details_wanted(refs, rechecks=rechecks)
        return self._asked


def replay(directory: Path, registry: discovery.Registry) -> Replayed:
    """Run today's plugin on a capture: no request leaves, nothing is stored, no time passes.

    Raises RecordError for a directory that holds none, and UnknownCollector.
    """
    transport = ReplayTransport(directory)
    try:
        manifest = msgspec.convert(transport.manifest, Manifest)
    except msgspec.ValidationError as error:
        raise RecordError(f"{directory / MANIFEST}: {error}; record the run again") from error
    then = _read_result(directory / RESULT_FILE)
    source = discovery.find(registry, manifest.collector)
    host = _ReplayHost(then)
    try:
        task = Task(
            collector=source.cls,
            settings=forms.fill(source.info.settings, manifest.settings),
            query=forms.fill(source.info.query, manifest.query),
            cursor=manifest.cursor,
        )
    except forms.FormError as error:
        raise RecordError(f"{directory / MANIFEST}: {error}; record the run again") from error
    result = execute(task, host, transport=transport, clock=JumpClock(manifest.recorded_at))
    return Replayed(
        directory=str(directory.absolute()),
        manifest=manifest,
        then=then,
        now=result,
        listed=tuple(host.listed.values()),
        detailed=tuple(host.detailed.values()),
        unused=tuple(transport.unused()),
        batches=tuple(host.batches),
    )


def replay_run(run: Run, registry: discovery.Registry) -> Replayed:
    """Run today's plugin on what a run recorded; raises RecordError if it recorded nothing."""
    directory = run.params.get("record")
    if directory is None:
        raise RecordError(
            f"run {run.id} was not recorded; collect again with --record DIR, "
            "or name the directory of a capture"
        )
    replayed = replay(Path(directory), registry)
    if replayed.manifest.run_id != run.id:
        raise RecordError(
            f"{directory} holds the capture of another run than {run.id}; name a directory"
        )
    return replayed


def _read_result(path: Path) -> RecordedResult | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=RecordedResult)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise RecordError(f"{path}: {error}; record the run again") from error
