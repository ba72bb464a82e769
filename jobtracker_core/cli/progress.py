"""A run's log and progress on standard error: one live line at a terminal, log lines elsewhere."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

import click
from msgspec import Struct

from jobtracker_core.contract.host import Progress
from jobtracker_core.logs import Log, run_sink

_LINE_EVERY = 5.0
"""Seconds between two log lines of progress, so that a log file stays readable."""


class Sinks(Struct, frozen=True):
    """Where a run tells of itself."""

    progress: Callable[[Progress], None]
    log: Callable[[str, str, Mapping[str, object]], None]


@contextlib.contextmanager
def watch(name: str, log: Log) -> Iterator[Sinks]:
    """Write a run's log to `log`, and show its progress, while the block runs."""
    if not sys.stderr.isatty():
        lines = _Lines(name, log)
        yield Sinks(lines.progress, lines.log)
        return
    started = time.monotonic()
    phases: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        write = _live(stack)

        def progress(told: Progress) -> None:
            now = time.monotonic()
            begun = phases.setdefault(told.phase, started if not phases else now)
            write(line(name, told, seconds=now - started, of_phase=now - begun))

        yield Sinks(progress, run_sink(log))


class _Lines:
    """Progress as lines of the log, now and then. Their run is the one that the log names."""

    def __init__(self, name: str, log: Log) -> None:
        self._name = name
        self._log = log
        self._write = run_sink(log)
        self._run: object = None
        self._last = 0.0

    def log(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        self._run = fields.get("run", self._run)
        self._write(level, event, fields)

    def progress(self, told: Progress) -> None:
        now = time.monotonic()
        if now - self._last < _LINE_EVERY:
            return
        self._last = now
        counts = told.counts
        self._log.info(
            "progress",
            run=self._run,
            collector=self._name,
            page=counts.pages,
            phase=told.phase,
            done=told.done,
            total=told.total,
            new=counts.new,
            changed=counts.changed,
            unchanged=counts.unchanged,
            http_requests=counts.http_requests,
        )


def line(name: str, progress: Progress, *, seconds: float, of_phase: float) -> str:
    """Return a run's progress in one line; time left only where a total is known.

    `seconds` have passed since the run began, `of_phase` of them in its present phase.
    """
    counts = progress.counts
    parts = [
        f"{name}:",
        f"{counts.pages} pages,",
        f"{counts.new} new, {counts.changed} changed, {counts.unchanged} known",
    ]
    if progress.phase == "details":
        parts.append(f"· details {progress.done}/{progress.total}")
    rate = counts.http_requests / seconds if seconds > 0 else 0.0
    parts.append(f"· {counts.http_requests} requests, {rate:.1f}/s")
    if progress.total and 0 < progress.done < progress.total:
        left = of_phase / progress.done * (progress.total - progress.done)
        parts.append(f"· about {_duration(left)} left")
    return " ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _live(stack: contextlib.ExitStack) -> Callable[[str], None]:
    from rich.console import Console
    from rich.text import Text

    status = stack.enter_context(Console(stderr=True).status(Text("starting")))
    return lambda text: status.update(Text(text))


def _tell(text: str) -> None:
    """Write a line to whoever watches; a watcher that went away must not end the run."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets; the second one acts as always."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])
        _tell("Stopping after what is under way; again to stop at once.")

    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
