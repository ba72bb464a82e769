"""Recorded runs: writing what a run exchanged with its site, and running today's plugin on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.http.record import Recorder, RecordError, ReplayTransport
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
    """What the run came to. `asked` are the postings whose details were asked for, in order."""

    state: RunState
    error_class: str | None
    message: str | None
    counts: Counts
    asked: tuple[PostingRef, ...]


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
        settings={"base_url": task.settings.base_url},
        cursor=task.cursor,
        recorded_at=now,
    )
    private = source.info.private
    return Recorder(
        directory,
        redact=lambda content, media: redact(content, media, private),
        manifest=msgspec.to_builtins(manifest),
    )


def write_result(directory: Path, result: Result, *, asked: Sequence[PostingRef]) -> None:
    """Write what the run came to beside its exchanges."""
    recorded = RecordedResult(
        state=result.outcome.state,
        error_class=result.outcome.error_class,
        message=result.outcome.message,
        counts=result.counts,
        asked=tuple(asked),
    )
    content = msgspec.json.format(msgspec.json.encode(recorded), indent=1)
    (directory / RESULT_FILE).write_bytes(content)


class _ReplayHost(DryHost):
    """Wants the details that were asked for when the run was recorded."""

    def __init__(self, asked: Sequence[PostingRef] | None) -> None:
        super().__init__()
        self._asked = asked

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        if self._asked is None:
            return super().details_wanted(refs, rechecks=rechecks)
        return self._asked


def replay(directory: Path, registry: discovery.Registry) -> Replayed:
    """Run today's plugin on a capture: no request leaves, nothing is stored, no time passes.

    Raises RecordError for a directory that holds none, UnknownCollector and FormError.
    """
    transport = ReplayTransport(directory)
    try:
        manifest = msgspec.convert(transport.manifest, Manifest)
    except msgspec.ValidationError as error:
        raise RecordError(
            f"{directory / 'manifest.json'}: {error}; record the run again"
        ) from error
    then = _read_result(directory / RESULT_FILE)
    source = discovery.find(registry, manifest.collector)
    host = _ReplayHost(None if then is None else then.asked)
    task = Task(
        collector=source.cls,
        settings=forms.fill(source.info.settings, manifest.settings),
        query=forms.fill(source.info.query, manifest.query),
        cursor=manifest.cursor,
    )
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
    except msgspec.DecodeError as error:
        raise RecordError(f"{path}: {error}; record the run again") from error
