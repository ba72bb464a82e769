"""One attempt at a run that a worker has claimed: from its row, through a child, to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from msgspec import Struct, structs

from jobtracker_core.contract.errors import CancelReason, ConfigError, ErrorClass
from jobtracker_core.contract.host import Progress
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.info import Limits as CollectorLimits
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.runner import processes
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.cancelling import Cancellations
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.ending import claimed, tell_of
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.inline import InlineHost, LogSink
from jobtracker_core.runner.limits import MEGABYTE, Patience, RunLimits
from jobtracker_core.runner.outcome import Outcome
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.supervisor import run_in_child
from jobtracker_core.runner.weighing import weigh
from jobtracker_core.storage import attempts, endings, events, runs
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.proxies import ProxyPool, find_pool
from jobtracker_core.storage.runs import Run

WARNINGS_KEPT: Final = 100
"""So many warnings of one attempt become events; the log has them all."""

EXPECTATIONS_KEPT: Final = 5
"""So often an attempt notes how much there is to do."""


class Workplace(Struct, frozen=True, kw_only=True):
    """What all attempts of a worker share.

    Attributes:
        settings_of: Returns what the operator set for a collector; raises ConfigError.
        shutdown: Once set, runs are asked to stop, and given back.
        at_once: Once set, their processes are ended without asking.
        cancellations: Who of them is to be stopped.
    """

    db: Database
    registry: discovery.Registry
    settings_of: Callable[[str], CollectorSettings]
    clock: Clock
    lease_s: float
    patience: Patience
    on_log: LogSink
    shutdown: threading.Event
    at_once: threading.Event
    cancellations: Cancellations


class _AtOnce(Exception):  # noqa: N818
    """The worker ends now."""


class _Prepared(Struct, frozen=True, kw_only=True):
    """All that a run's process needs."""

    source: discovery.Source
    task: Task
    limits: RunLimits
    pool: ProxyPool | None


class _Host(InlineHost):
    """An InlineHost that the worker can end at once."""

    at_once: threading.Event

    def cancelled(self) -> CancelReason | None:
        if self.at_once.is_set():
            raise _AtOnce
        return super().cancelled()


class _Story:
    """Tells of one attempt: all of it in the log, warnings also in the run's events."""

    def __init__(self, place: Workplace, claim: Claim) -> None:
        self._place = place
        self._claim = claim
        self._left = WARNINGS_KEPT
        self._expected: dict[str, int] = {}
        self._told = 0
        self.ended = False

    def log(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        """Take a line of the run's log; raises LeaseLost, as everything does that writes for it."""
        self._place.on_log(level, event, fields)
        if level != "warning" or self.ended or not self._left:
            return
        self._left -= 1
        told = {k: v for k, v in fields.items() if k not in {"run", "collector"}}
        kind = event.replace(" ", "_")
        events.append(self._place.db, self._claim, kind, told, level="warning")

    def expect(self, progress: Progress) -> None:
        """Note how much there is to do, when that is first known and when it becomes more.

        A site that says something else on each page is heard a few times.
        """
        known = self._expected.get(progress.phase, 0)
        if self.ended or progress.total is None or progress.total <= known:
            return
        if self._told >= EXPECTATIONS_KEPT:
            return
        self._told += 1
        self._expected[progress.phase] = progress.total
        told = {"phase": progress.phase, "total": progress.total}
        events.append(self._place.db, self._claim, "expects", told)


class _Meter:
    """The most that an attempt's processes held and used."""

    def __init__(self) -> None:
        self._memory = 0
        self._cpu = 0.0

    def note(self, use: processes.Use) -> None:
        self._memory = max(self._memory, use.memory)
        self._cpu = max(self._cpu, use.cpu)

    @property
    def usage(self) -> attempts.Usage:
        return attempts.Usage(peak_rss_mb=self._memory // MEGABYTE, cpu_s=round(self._cpu, 3))


def attempt(place: Workplace, claim: Claim, *, since: float) -> RunState | None:
    """Work on a claimed run until it ends, is given back or is lost; return the state it has then.

    For a thread that lives longer than the run: the run's process dies with it. `since` is
    `time.monotonic()` before the claim. None means that the run is somebody else's by now.

    Raises StorageError where the database fails or the lease is lost; nothing of the run's is left
    then but its row.
    """
    db = place.db
    broken_off = claimed(
        db,
        claim,
        place.registry,
        place.on_log,
        # As long as the lease may last: after that a sweep may take the run at any moment.
        patience_s=place.lease_s,
        hurry=place.at_once,
    )
    with (
        broken_off,
        Heartbeat(db, claim, since=since, lease_s=place.lease_s) as beat,
        place.cancellations.of(claim) as stop,
    ):
        run = runs.get(db, claim.run_id)
        if run.cancel_requested_at is not None:
            # Told between the claim and now, when nobody here listened for this run.
            stop.set()
        _end_orphans(db, run, claim)
        return _attempt(place, claim, run, beat, stop)


def label_of(worker_id: str, run_id: int, fence: int) -> str:
    """Return what an attempt's processes are known by, unique among all machines."""
    return f"{worker_id}/{run_id}.{fence}"


def _end_orphans(db: Database, run: Run, claim: Claim) -> None:
    """End what earlier attempts left running on this machine whose workers were killed."""
    for earlier in attempts.list_attempts(db, run.id):
        if earlier.outcome == "lost" and earlier.fence < claim.fence:
            processes.end_marked(label_of(earlier.worker_id, run.id, earlier.fence))


def _attempt(
    place: Workplace, claim: Claim, run: Run, beat: Heartbeat, stop: threading.Event
) -> RunState | None:
    story, meter = _Story(place, claim), _Meter()
    prepared = _prepare(place, run)
    host = _Host(
        place.db,
        claim,
        source=run.collector,
        beat=beat,
        pool=None if isinstance(prepared, Outcome) else prepared.pool,
        clock=place.clock,
        stop=stop,
        on_progress=story.expect,
        on_log=story.log,
    )
    host.at_once = place.at_once
    events.append(place.db, claim, "started", _introduction(run))
    host.log("info", "run started", {"page": 0, **_introduction(run)})
    if isinstance(prepared, Outcome):
        result = Result(outcome=prepared, counts=Counts(), tail=Counts(), filters=())
        return _end(place, claim, run, result, host, story, meter, from_front=False)
    try:
        result = run_in_child(
            prepared.task,
            host,
            prepared.limits,
            plugin=prepared.source.plugin,
            label=label_of(claim.worker_id, run.id, claim.fence),
            clock=place.clock,
            drain=place.shutdown,
            patience=place.patience,
            on_use=meter.note,
        )
    except _AtOnce:
        return _give_back(place, claim, Counts(), meter)
    if result.outcome.error_class == "drained":
        return _give_back(place, claim, result.tail, meter)
    from_front = prepared.task.from_front
    return _end(place, claim, run, result, host, story, meter, from_front=from_front)


def _introduction(run: Run) -> dict[str, object]:
    return {
        "attempt": run.attempt,
        "worker": run.worker_id,
        "plugin": run.plugin_name,
        "version": run.plugin_version,
        "goes_on": run.cursor is not None,
    }


def _prepare(place: Workplace, run: Run) -> _Prepared | Outcome:
    """Return what the run's process needs, or how a run ends that cannot even begin."""
    try:
        source = discovery.find_usable(place.registry, run.collector)
        settings = place.settings_of(run.collector)
        if run.proxy_pool is not None:
            settings = structs.replace(settings, proxy_pool=run.proxy_pool)
        return _Prepared(
            source=source,
            task=Task(
                collector=source.cls,
                settings=settings,
                query=forms.fill(source.info.query, run.query),
                cursor=run.cursor,
                max_pages=run.limit_pages,
                max_requests=_requests_left(run),
                max_seconds=run.limit_runtime_s,
                probe=run.trigger == "probe",
            ),
            limits=_limits(run, source.info.limits),
            pool=None if settings.proxy_pool is None else _pool(place.db, settings.proxy_pool),
        )
    except (discovery.UnknownCollector, discovery.Unavailable) as error:
        return _refuse("plugin_import", str(error), "See `jobtracker collectors`.")
    except ConfigError as error:
        return _refuse("config", str(error), error.hint)
    except forms.FormError as error:
        return _refuse("validation", str(error), "Correct the query.")


def _requests_left(run: Run) -> int | None:
    """Return how many requests the run may still send: earlier attempts have sent some."""
    if run.limit_requests is None:
        return None
    return max(run.limit_requests - run.counts.http_requests, 0)


def _limits(run: Run, own: CollectorLimits) -> RunLimits:
    given = {name: getattr(run, f"limit_{name}") for name in ("memory_mb", "cpu_s", "runtime_s")}
    given = {name: value for name, value in given.items() if value is not None}
    try:
        return RunLimits(**{"runtime_s": own.max_minutes * 60, **given})
    except ValueError as error:
        field, _, problem = str(error).partition(": ")
        raise ConfigError(f"limits.{field}", problem) from error


def _pool(db: Database, name: str) -> ProxyPool:
    try:
        return find_pool(db, name)
    except NotFound as error:
        raise ConfigError("proxy_pool", f"{error}. {error.hint}") from error


def _refuse(error_class: ErrorClass, message: str, hint: str | None) -> Outcome:
    # What an earlier attempt has read stays good.
    return Outcome(
        state=RunState.FAILED,
        error_class=error_class,
        message=message,
        hint=hint,
        keep_cursor=True,
    )


def _give_back(place: Workplace, claim: Claim, tail: Counts, meter: _Meter) -> RunState | None:
    state = endings.requeue(place.db, claim, outcome="drained", counts=tail, usage=meter.usage)
    kind = "given_back" if state is RunState.PENDING else "ended"
    if state is RunState.CANCELLED:
        tell_of(place.db, claim.run_id, place.registry, place.on_log)
    _say_end(place, claim, state, kind, {"reason": "the worker shuts down"})
    return state


def _end(
    place: Workplace,
    claim: Claim,
    run: Run,
    result: Result,
    host: _Host,
    story: _Story,
    meter: _Meter,
    *,
    from_front: bool,
) -> RunState | None:
    weighed = weigh(place.db, run, result, host, from_front=from_front)
    outcome = weighed.outcome
    state = endings.finish(
        place.db,
        claim,
        state=outcome.state,
        error_class=outcome.error_class,
        error_message=outcome.message,
        error_detail=outcome.detail,
        end_confirmed=outcome.end_confirmed,
        keep_cursor=outcome.keep_cursor,
        counts=result.tail,
        filters=result.filters,
        fill=weighed.fill,
        usage=meter.usage,
    )
    story.ended = True
    kind = "put_off" if state is RunState.PENDING else "ended"
    told = {"error_class": outcome.error_class, "message": outcome.message}
    told = {name: value for name, value in told.items() if value is not None}
    if state is not None and state is not RunState.PENDING:
        tell_of(place.db, run.id, place.registry, place.on_log)
    _say_end(place, claim, state, kind, told)
    return state


def _say_end(
    place: Workplace, claim: Claim, state: RunState | None, kind: str, told: Mapping[str, Any]
) -> None:
    run = runs.get(place.db, claim.run_id)
    fields = {"run": run.id, "collector": run.collector, "page": run.counts.pages}
    if state is None:
        place.on_log("warning", "run lost to another worker", fields)
        return
    counts = {"new": run.counts.new, "changed": run.counts.changed, "known": run.counts.unchanged}
    line = {**fields, "state": state.value, **told, **counts}
    place.on_log(_level(state, kind), f"run {kind.replace('_', ' ')}", line)


def _level(state: RunState, kind: str) -> Literal["info", "warning"]:
    bad = state in {RunState.FAILED, RunState.SUSPECT} or kind == "put_off"
    return "warning" if bad else "info"
