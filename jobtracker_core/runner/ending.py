"""The end of a run of this process: its row, the plugins that want to hear, and the result."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Literal

from msgspec import Struct

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import JobRef, RunState, RunSummary
from jobtracker_core.plugins.discovery import Registry
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.inline import InlineHost, LogSink
from jobtracker_core.runner.outcome import words
from jobtracker_core.storage import jobs, runs, sweep
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import LeaseLost, StorageError

_AGAIN_S: Final = 1.0
"""Seconds after which a database that failed is asked again."""


class Collected(Struct, frozen=True, kw_only=True):
    """A run that ended.

    Attributes:
        new: The jobs that it brought.
        hint: The user's next step, where there is one.
    """

    run: RunSummary
    new: tuple[JobRef, ...]
    hint: str | None = None


@contextlib.contextmanager
def claimed(
    db: Database,
    claim: Claim,
    registry: Registry,
    on_log: LogSink,
    *,
    patience_s: float = 0.0,
    hurry: threading.Event | None = None,
) -> Iterator[None]:
    """Let no run stay "running" because of an error of ours on the way; tell of it if it ends.

    Where the database takes not even that, it is asked again for `patience_s` seconds or until
    `hurry` is set; then the lease ends by itself, and a sweep calls the run lost.
    """
    try:
        yield
    except LeaseLost as error:
        # Often the run is still this worker's by name: then nobody need wait for a sweep.
        with contextlib.suppress(StorageError):
            _tell_if_ended(sweep.give_up(db, claim, str(error)), db, claim, registry, on_log)
        raise
    except Exception as error:
        cause: ErrorClass = "db" if isinstance(error, StorageError) else "internal"
        end = partial(_break_off, db, claim, RunState.FAILED, cause, _words(error))
        state = _with_patience(end, claim, on_log, patience_s, hurry or threading.Event())
        with contextlib.suppress(StorageError):
            _tell_if_ended(state, db, claim, registry, on_log)
        raise
    except BaseException as error:
        with contextlib.suppress(StorageError):
            state = _break_off(db, claim, RunState.CANCELLED, "internal", _words(error))
            _tell_if_ended(state, db, claim, registry, on_log)
        raise


def _break_off(
    db: Database, claim: Claim, state: RunState, cause: ErrorClass, message: str
) -> RunState | None:
    return runs.finish(db, claim, state=state, error_class=cause, error_message=message)


def _with_patience(
    end: Callable[[], RunState | None],
    claim: Claim,
    on_log: LogSink,
    patience_s: float,
    hurry: threading.Event,
) -> RunState | None:
    """Write the end of a run; return the state it has then, None too where it cannot be written."""
    deadline = time.monotonic() + patience_s
    told = False
    while True:
        try:
            return end()
        except StorageError as error:
            if time.monotonic() >= deadline or hurry.is_set():
                return None
            if not told:
                fields = {"run": claim.run_id, "error": str(error)}
                on_log("warning", "the end of a run waits for the database", fields)
            told = True
        hurry.wait(_AGAIN_S)


def _tell_if_ended(
    state: RunState | None, db: Database, claim: Claim, registry: Registry, on_log: LogSink
) -> None:
    if state not in {None, RunState.PENDING}:
        tell_of(db, claim.run_id, registry, on_log)


def _words(error: BaseException) -> str:
    if isinstance(error, StorageError):
        return str(error)
    return "stopped at once" if isinstance(error, KeyboardInterrupt) else words(error)


def finish(
    db: Database, claim: Claim, result: Result, host: InlineHost, registry: Registry
) -> Collected:
    """Write how a run ended, and tell the plugins."""
    outcome = result.outcome
    runs.finish(
        db,
        claim,
        state=outcome.state,
        error_class=outcome.error_class,
        error_message=outcome.message,
        error_detail=outcome.detail,
        end_confirmed=outcome.end_confirmed,
        keep_cursor=outcome.keep_cursor,
        counts=result.tail,
        filters=result.filters,
    )
    summary = runs.get(db, claim.run_id).summary
    tell(summary, host.new, registry, host.log)
    return Collected(run=summary, new=tuple(host.new), hint=outcome.hint)


def tell(
    summary: RunSummary,
    new: Sequence[JobRef],
    registry: Registry,
    on_log: Callable[[Literal["warning"], str, Mapping[str, object]], None],
) -> None:
    """Call the plugins' hooks one by one: a notifier that fails stops no other."""
    for impl in registry.hooks.hook.jobtracker_run_finished.get_hookimpls():
        arguments = {"run": summary, "new": tuple(new)}
        try:
            impl.function(**{name: arguments[name] for name in impl.argnames})
        except (Exception, SystemExit) as error:  # noqa: BLE001  (a stranger's code)
            fields = {"page": summary.counts.pages, "plugin": impl.plugin_name}
            on_log("warning", "notifier failed", {**fields, "error": words(error)})


def tell_of(db: Database, run_id: int, registry: Registry, on_log: LogSink) -> None:
    """Tell the plugins of a run that ended, with all that its attempts brought.

    Not of a probe, which is no run of anybody's.
    """
    run = runs.get(db, run_id)
    if run.trigger == "probe":
        return
    new = jobs.brought_by(db, run.collector, run_id, count=run.counts.new)

    def log(level: Literal["warning"], event: str, fields: Mapping[str, object]) -> None:
        on_log(level, event, {"run": run_id, "collector": run.collector, **fields})

    tell(run.summary, new, registry, log)
