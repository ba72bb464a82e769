"""A run's own process: `python -m jobtracker_core.runner.child`, started by the supervisor alone.

What is to be run comes through standard input, so that neither the command line nor the
environment tells anybody. Before a plugin is imported, the pipe moves to descriptors of its own,
standard output joins standard error, and the process bounds itself. It knows no database.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Literal, NoReturn, TypeVar

import msgspec

from jobtracker_core.contract.errors import CancelReason, ErrorClass
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress, Proxy
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.contract.run import RunState
from jobtracker_core.plugins import discovery
from jobtracker_core.runner import channel, confine
from jobtracker_core.runner.clock import Clock, SystemClock
from jobtracker_core.runner.live import execute_live
from jobtracker_core.runner.outcome import Evidence, Outcome, decide
from jobtracker_core.runner.session import Task

ALIVE_EVERY = 10.0
"""Seconds between two signs of life of a run that only waits."""

NOBODY_LISTENS = 70
"""Exit code where the supervisor is gone, or where this process is none that it started."""

A = TypeVar("A", bound=channel.Message)


class PipeHost:
    """A `RunHost` at the other end of a pipe.

    If that end is closed, the process ends at once: nobody would hear how the run went. The same
    goes for a copy of this process that a plugin forked.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read = read
        self._write = write
        self._process = os.getpid()
        self._frames = channel.Frames()
        self._turn = threading.Lock()
        self._reason: CancelReason | None = None
        self._spoke = 0.0

    def start(self) -> channel.Start:
        """Wait for what is to be run."""
        with self._turn:
            return self._next(channel.Start)

    def terminate(self, *_: object) -> None:
        """Take SIGTERM as the wish to stop; the supervisor mostly says for what reason."""
        self._reason = self._reason or "stopped"

    def deliver(self, batch: Batch) -> Ack:
        """See RunHost."""
        return self._ask(channel.Deliver(batch=batch), channel.Acked).ack

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        """See RunHost."""
        asked = channel.DetailsWanted(refs=tuple(refs), rechecks=rechecks)
        return self._ask(asked, channel.Chosen).refs

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """See RunHost."""
        asked = channel.Acquire(key=key, per_minute=per_minute, burst=burst)
        return self._ask(asked, channel.Granted).grant

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None = None) -> None:
        """See RunHost."""
        self._ask(channel.SlowDown(key=key, cause=cause, retry_after=retry_after), channel.Noted)

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:
        """See RunHost."""
        return self._ask(channel.NextProxy(failed=failed, cause=cause), channel.Proxied).proxy

    def progress(self, progress: Progress) -> None:
        """See RunHost; nobody answers."""
        self.tell(channel.Reported(progress=progress))

    def log(
        self,
        level: Literal["debug", "info", "warning"],
        event: str,
        fields: Mapping[str, object],
    ) -> None:
        """See RunHost; nobody answers, and what is long is cut."""
        told = channel.plain_fields(fields)
        self.tell(channel.Logged(level=level, event=event[: channel.TEXT_CAP], fields=told))

    def cancelled(self) -> CancelReason | None:
        """Look whether the supervisor has said so, and show that the run lives."""
        with self._turn:
            while self._waiting():
                self._note(self._receive())
        if time.monotonic() - self._spoke >= ALIVE_EVERY:
            self.tell(channel.Alive())
        return self._reason

    def tell(self, message: channel.Message) -> None:
        """Send what nobody answers. Raises TooMuch."""
        with self._turn:
            self._send(message)

    def _ask(self, question: channel.Message, kind: type[A]) -> A:
        with self._turn:
            self._send(question)
            return self._next(kind)

    def _next(self, kind: type[A]) -> A:
        """Return the answer; raise what the host raised."""
        while True:
            message = self._receive()
            if isinstance(message, kind):
                return message
            if isinstance(message, channel.Raised):
                raise message.error()
            self._note(message)

    def _note(self, message: channel.Message) -> None:
        if not isinstance(message, channel.Stop):
            raise TypeError(f"{type(message).__name__} came, and nobody asked")
        self._reason = message.reason

    def _send(self, message: channel.Message) -> None:
        if os.getpid() != self._process:
            leave(NOBODY_LISTENS)
        self._spoke = time.monotonic()
        left = memoryview(channel.frame(message))
        try:
            while left:
                left = left[os.write(self._write, left) :]
        except BrokenPipeError:
            leave(NOBODY_LISTENS)

    def _waiting(self) -> bool:
        return self._frames.waiting or bool(select.select([self._read], [], [], 0)[0])

    def _receive(self) -> channel.ToChild:
        while (body := self._frames.take()) is None:
            chunk = os.read(self._read, 65_536)
            if not chunk:
                leave(NOBODY_LISTENS)
            self._frames.feed(chunk)
        return channel.read_to_child(body)


def main(clock: Clock | None = None) -> NoReturn:
    """Run what standard input says, tell how it went, and end."""
    confine.tie_to_parent()
    host = PipeHost(*_take_pipe())
    start = host.start()
    if os.getppid() != start.parent:
        leave(NOBODY_LISTENS)
    signal.signal(signal.SIGTERM, host.terminate)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine.limit(start.limits)
    host.tell(_run(start, host, clock or SystemClock()))
    leave(0)


def leave(code: int) -> NoReturn:
    """End at once: no exit handler of a plugin and no thread of its own is waited for."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _take_pipe() -> tuple[int, int]:
    """Move the pipe away from descriptors that programs print to; return read and write end."""
    read, write = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return read, write


def _run(start: channel.Start, host: PipeHost, clock: Clock) -> channel.Ended | channel.GaveUp:
    try:
        found = _load(start)
        if isinstance(found, Outcome):
            return channel.GaveUp(outcome=found)
        host.tell(channel.Ready())
        return channel.Ended(result=execute_live(found, host, clock=clock))
    except channel.TooMuch as error:
        return channel.GaveUp(outcome=_too_much(error))
    except BaseException as error:  # noqa: BLE001  (a plugin may raise anything)
        if isinstance(error, MemoryError):
            # What the run held is given back first: telling needs some memory too.
            traceback.clear_frames(error.__traceback__)
        return channel.GaveUp(outcome=decide(Evidence(cause=error)))


def _load(start: channel.Start) -> Task | Outcome:
    """Import the plugin; return what is to be run, or why it cannot be."""
    registry = discovery.load({start.plugin})
    try:
        source = discovery.find_usable(registry, start.collector)
        info = source.info
        return Task(
            collector=source.cls,
            settings=msgspec.msgpack.decode(start.settings, type=info.settings),
            query=msgspec.msgpack.decode(start.query, type=info.query),
            cursor=start.cursor,
            max_pages=start.max_pages,
            max_requests=start.max_requests,
            max_seconds=start.max_seconds,
            probe=start.probe,
        )
    except (discovery.UnknownCollector, discovery.Unavailable) as error:
        return _not_loaded(_problems(registry) or str(error))
    except msgspec.ValidationError as error:
        return _not_loaded(
            f"the plugin that is installed now is not the one that the worker knows: {error}",
            hint="Restart the worker after installing or updating a plugin.",
        )


def _problems(registry: discovery.Registry) -> str:
    return "; ".join(problem.message for one in registry.plugins for problem in one.problems)


def _not_loaded(
    message: str, hint: str = "`jobtracker plugins list` shows what is wrong with the plugin."
) -> Outcome:
    return Outcome(state=RunState.FAILED, error_class="plugin_import", message=message, hint=hint)


def _too_much(error: Exception) -> Outcome:
    return Outcome(
        state=RunState.FAILED,
        keep_cursor=True,
        error_class="output_limit",
        message=f"the run gave more at once than is taken: {error}",
        hint="Report it to the plugin's author: its pages must be smaller.",
    )


if __name__ == "__main__":
    main()
