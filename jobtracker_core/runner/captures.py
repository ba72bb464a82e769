"""Recorded runs: writing what a run exchanged with its site, and running today's plugin on it."""

from __future__ import annotations

from collections.abc import Sequence
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

RESULT_FILE = "result.json"


class Manifest(Struct, frozen=True, kw_only=True):
    """What was run when the exchanges were recorded."""

    collector: str
    distribution: str
    version: str
    query: dict[str, Any]
    settings: dict[str, Any]
    cursor: str | None
    recorded_at: datetime


class RecordedResult(Struct, frozen=True, kw_only=True):
    """What the run came to.

    Attributes:
        asked: The postings whose details were asked for, in order.
        acks: What the database knew of each list page: it decided where the run went on.
    """

    state: RunState
    error_class: str | None
    message: str | None
    counts: Counts
    asked: tuple[PostingRef, ...]
    acks: tuple[Ack, ...]


class Replayed(Struct, frozen=True, kw_only=True):
    """A replay beside what was recorded.

    Attributes:
        then: What the run came to when it was recorded; None if it was killed before its end.
        listed: Today's records of list pages, in the site's order; `detailed`, of detail pages.
        unused: Recorded requests that today's plugin did not make.
    """

    manifest: Manifest
    then: RecordedResult | None
    now: Result
    listed: tuple[Record, ...]
    detailed: tuple[Record, ...]
    unused: tuple[str, ...]


def record(directory: Path, task: Task, *, source: discovery.Source, now: datetime) -> Recorder:
    """Start a capture; raises RecordError if the directory cannot take one."""
    manifest = Manifest(
        collector=source.info.name,
        distribution=source.distribution,
        version=source.version,
        query=forms.as_words(task.query),
        settings=forms.as_words(task.settings),
        cursor=task.cursor,
        recorded_at=now,
    )
    private = source.info.private
    return Recorder(
        directory,
        redact=lambda content, media: redact(content, media, private),
        manifest=msgspec.to_builtins(manifest),
    )


def write_result(
    recorder: Recorder, result: Result, *, asked: Sequence[PostingRef], acks: Sequence[Ack]
) -> None:
    """Write what the run came to beside its exchanges; raises RecordError."""
    recorded = RecordedResult(
        state=result.outcome.state,
        error_class=result.outcome.error_class,
        message=result.outcome.message,
        counts=result.counts,
        asked=tuple(asked),
        acks=tuple(acks),
    )
    recorder.write(RESULT_FILE, recorded)


class _ReplayHost(DryHost):
    """Knows what the database knew, and wants the details that were wanted then."""

    def __init__(self, then: RecordedResult | None) -> None:
        super().__init__()
        self._asked = None if then is None else then.asked
        self._acks = iter(() if then is None else then.acks)

    def deliver(self, batch: Batch) -> Ack:
        ack = super().deliver(batch)
        return next(self._acks, ack) if batch.kind == "list" else ack

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
        manifest=manifest,
        then=then,
        now=result,
        listed=tuple(host.listed.values()),
        detailed=tuple(host.detailed.values()),
        unused=tuple(transport.unused()),
    )


def _read_result(path: Path) -> RecordedResult | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=RecordedResult)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise RecordError(f"{path}: {error}; record the run again") from error
