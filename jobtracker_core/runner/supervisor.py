"""The near end of a run's process: starts it, answers it, watches it, and ends it.

Pages are committed here, by the host, under its fence. The process itself has no way to a database.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Final, Literal

from jobtracker_core.contract.errors import Cancelled, CancelReason, CollectError, ErrorClass
from jobtracker_core.contract.host import Ack, Batch, RunHost
from jobtracker_core.contract.run import Counts
from jobtracker_core.runner import channel, confine
from jobtracker_core.runner.bounds import Bounds
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.execute import Result, cleaned
from jobtracker_core.runner.hiding import Hiding
from jobtracker_core.runner.launch import COMMAND, launch, start_frame
from jobtracker_core.runner.limits import MEGABYTE, Patience, RunLimits
from jobtracker_core.runner.printed import Printed
from jobtracker_core.runner.processes import Tree, Use
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.verdict import Death, Kill, judge, killed_after

_TREE_SHARE: Final = 1.5
"""So many times the memory of one process all of them together may hold."""
_CHUNK: Final = 256 * 1024
_LAST_WORDS: Final = 1.0
"""Seconds for a process that told its result to end by itself."""


def run_in_child(
    task: Task,
    host: RunHost,
    limits: RunLimits,
    *,
    plugin: str,
    label: str,
    clock: Clock,
    drain: threading.Event | None = None,
    patience: Patience | None = None,
    command: Sequence[str] = COMMAND,
    on_use: Callable[[Use], None] = lambda _: None,
) -> Result:
    """Run a collector in a process of its own, to its outcome.

    All calls of `host` are made in this thread, which is also the one that the process dies with.
    None of the run's processes is left when this returns or raises.

    Args:
        task: What is to be run. Its collector must come from `plugin`.
        host: Commits, grants, and says when to stop. What it raises that is no `CollectError` ends
            the process and is raised here: a database that is gone, a lease that is lost.
        limits: What the run may use up.
        plugin: Name of the entry point that brings the collector; no other one is loaded.
        label: Names this run among all on this machine; stands in the environment of its processes.
        clock: For deadlines.
        drain: Set it from any thread to have the run stopped with "shutdown".
        patience: How long to wait for what.
        command: What is started in place of the usual child.
        on_use: Called with what the processes hold and have used, at each look at them.

    Raises OSError if no process can be started.
    """
    run = _Run(task, host, limits, clock, drain, patience, on_use)
    return run.run(plugin, label, command)


class _Run:
    """One child, from its start to its end."""

    def __init__(
        self,
        task: Task,
        host: RunHost,
        limits: RunLimits,
        clock: Clock,
        drain: threading.Event | None,
        patience: Patience | None,
        on_use: Callable[[Use], None],
    ) -> None:
        self._task = task
        self._host = host
        self._limits = limits
        self._clock = clock
        self._drain = drain or threading.Event()
        self._patience = patience or Patience()
        self._on_use = on_use
        self._frames = channel.Frames()
        self._outgoing = bytearray()
        self._printed = Printed(self._log_printed)
        self._selector = selectors.DefaultSelector()
        self._counts = Counts()
        self._hiding = Hiding()
        self._bounds = Bounds(task)
        self._spoken = {"output": 0, "pages": 0}
        self._loaded = self._gone = self._list_read = self._cpu_used_up = False
        self._deaf_since: float | None = None
        self._stop: tuple[CancelReason, float] | None = None
        self._kill: Kill | None = None
        self._final: channel.Ended | channel.GaveUp | None = None
        self._started = self._heard = self._next_look = clock.monotonic()

    def run(self, plugin: str, label: str, command: Sequence[str]) -> Result:
        confine.adopt_orphans()
        with contextlib.ExitStack() as stack:
            stack.callback(self._selector.close)
            process = self._process = stack.enter_context(launch(command, label))
            self._tree = Tree(process, label)
            stack.callback(self._tree.kill)
            self._open(stack)
            self._tell(start_frame(self._task, plugin, self._limits))
            self._serve()
            if self._final is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_LAST_WORDS)
            left = self._tree.kill()
            self._read_printed()
            self._printed.close()
            if left:
                self._log("warning", "processes that do not end", left=left)
        return self._result()

    def _open(self, stack: contextlib.ExitStack) -> None:
        process = self._process
        assert process.stdin is not None  # noqa: S101  (three pipes were asked for)
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        self._to = process.stdin.fileno()
        self._from = process.stdout.fileno()
        self._output = process.stderr.fileno()
        for descriptor in (self._to, self._from, self._output):
            os.set_blocking(descriptor, False)
        self._selector.register(self._from, selectors.EVENT_READ, self._read_channel)
        self._selector.register(self._output, selectors.EVENT_READ, self._read_printed)
        if hasattr(os, "pidfd_open"):
            exited = os.pidfd_open(process.pid)
            stack.callback(os.close, exited)
            self._selector.register(exited, selectors.EVENT_READ, self._bury)

    def _serve(self) -> None:
        """Answer and watch, until there is a result, a reason to kill, or no process any more."""
        while not (self._final or self._kill or self._gone):
            left = self._next_look - self._clock.monotonic()
            for key, _ in self._selector.select(max(left, 0.0)):
                key.data()
            if self._clock.monotonic() >= self._next_look:
                self._look()

    # What comes through the pipes.

    def _read_channel(self) -> None:
        try:
            chunk = os.read(self._from, _CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self._frames.feed(chunk)
            self._hear()
        else:
            self._forget(self._from)
            self._deaf_since = self._clock.monotonic()

    def _hear(self) -> None:
        """Act on the frames that are whole; while an answer is stuck, on none."""
        try:
            while not (self._outgoing or self._final or self._kill):
                body = self._frames.take()
                if body is None:
                    break
                message = channel.read_from_child(body)
                self._heard = self._clock.monotonic()
                kind = "pages" if isinstance(message, channel.Deliver) else "output"
                if self._within(kind, len(body)):
                    self._act(message)
        except channel.Garbled as error:
            self._end("internal", f"the run's process does not keep to its protocol: {error}")

    def _act(self, message: channel.FromChild) -> None:  # noqa: C901  (a table)
        host, bounds = self._host, self._bounds
        match message:
            case channel.Ready():
                self._loaded = True
            case channel.Deliver(batch=batch):
                self._answer(lambda: channel.Acked(ack=self._deliver(bounds.batch(batch))))
            case channel.DetailsWanted(refs=refs, rechecks=rechecks):
                self._list_read = True
                self._answer(
                    lambda: channel.Chosen(refs=tuple(host.details_wanted(refs, rechecks=rechecks)))
                )
            case channel.Acquire(key=key):
                own, rate, burst = bounds.key(key), bounds.per_minute, bounds.burst
                self._answer(
                    lambda: channel.Granted(grant=host.acquire(own, per_minute=rate, burst=burst))
                )
            case channel.SlowDown(key=key, cause=cause, retry_after=after):
                own = bounds.key(key)
                self._answer(lambda: self._slow_down(own, cause, after))
            case channel.NextProxy(failed=failed, cause=cause):
                note = self._hiding.note
                self._answer(
                    lambda: channel.Proxied(proxy=note(host.proxy(failed=failed, cause=cause)))
                )
            case channel.Reported(progress=progress):
                self._pass_on(lambda: host.progress(progress))
            case channel.Logged(level=level, event=event, fields=fields):
                self._pass_on(lambda: host.log(level, event, fields))
            case channel.Ended() | channel.GaveUp():
                self._final = bounds.final(message)
            case channel.Alive():
                pass
        if self._final is None:
            self._ask_to_stop(host.cancelled())

    def _deliver(self, batch: Batch) -> Ack:
        ack = self._host.deliver(batch)
        made = Counts(new=ack.new, changed=ack.changed, unchanged=ack.unchanged)
        self._counts += batch.counts + made
        return ack

    def _slow_down(self, key: str, cause: ErrorClass, after: float | None) -> channel.Noted:
        self._host.slow_down(key, cause=cause, retry_after=after)
        return channel.Noted()

    def _answer(self, call: Callable[[], channel.Message]) -> None:
        try:
            answer = call()
        except CollectError as error:
            answer = channel.Raised.of(error)
        # However long that took, the child could say nothing meanwhile.
        self._heard = self._clock.monotonic()
        self._tell(answer)

    def _pass_on(self, call: Callable[[], None]) -> None:
        """Call the host for what nobody waits for; all that it can ask for is to stop."""
        try:
            call()
        except Cancelled as error:
            self._ask_to_stop(error.reason)

    def _read_printed(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._output, _CHUNK):
                self._printed.feed(chunk)
                if not self._within("output", len(chunk)):
                    return
            self._forget(self._output)

    def _log_printed(self, line: str) -> None:
        self._log("debug", "printed", text=line)

    def _log(self, level: Literal["debug", "warning"], event: str, **fields: object) -> None:
        told = {"page": self._counts.pages, **fields}
        self._pass_on(lambda: self._host.log(level, event, told))

    def _within(self, kind: str, size: int) -> bool:
        """Count what was said; False, and the end of the run, if it is too much."""
        self._spoken[kind] += size
        cap = self._limits.pages_mb if kind == "pages" else self._limits.output_mb
        if self._spoken[kind] <= cap * MEGABYTE:
            return True
        what = "pages" if kind == "pages" else "log, progress and printed text"
        self._end("output_limit", f"more than {cap:,} MB of {what}")
        return False

    # What goes through the pipe.

    def _tell(self, message: channel.Message) -> None:
        self._outgoing += channel.frame(message)
        self._flush()

    def _flush(self) -> None:
        """Write what the pipe takes; a child that reads nothing is not heard either."""
        try:
            while self._outgoing:
                del self._outgoing[: os.write(self._to, self._outgoing)]
        except BlockingIOError:
            self._expect(writing=True)
            return
        except BrokenPipeError:
            self._outgoing.clear()
        self._expect(writing=False)

    def _write_channel(self) -> None:
        self._flush()
        self._hear()

    def _expect(self, *, writing: bool) -> None:
        known = self._selector.get_map()
        if writing and self._to not in known:
            self._selector.register(self._to, selectors.EVENT_WRITE, self._write_channel)
            self._forget(self._from)
        elif not writing and self._to in known:
            self._forget(self._to)
            if self._deaf_since is None:
                self._selector.register(self._from, selectors.EVENT_READ, self._read_channel)

    def _forget(self, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    # What is watched.

    def _look(self) -> None:
        now = self._clock.monotonic()
        self._next_look = now + self._patience.tick
        if not hasattr(os, "pidfd_open") and self._process.poll() is not None:
            self._bury()
            return
        self._weigh()
        if not self._loaded and now - self._started > self._patience.loading:
            self._end("plugin_import", "importing the plugin does not come to an end")
        elif self._loaded and now - self._heard > self._patience.silence:
            quiet = f"no sign of life for {self._patience.silence:.0f} seconds"
            self._end("runtime_limit", quiet)
        elif self._deaf_since is not None and now - self._deaf_since > self._patience.tick:
            self._end("internal", "the run's process closed its end of the pipe")
        elif self._stop is not None and now - self._stop[1] > self._patience.grace:
            self._kill = self._kill or killed_after(self._stop[0])
        else:
            self._ask_to_stop(self._reason(now))

    def _weigh(self) -> None:
        limits = self._limits
        most = int(limits.memory_mb * MEGABYTE * _TREE_SHARE)
        use = self._tree.weigh(memory_limit=most)
        self._on_use(use)
        self._cpu_used_up = use.cpu >= limits.cpu_s
        if use.memory > most:
            held = f"{use.memory // MEGABYTE:,} MB"
            self._end("memory_limit", f"the run's processes hold {held} of memory together")
        elif use.cpu > limits.cpu_s:
            self._end("cpu_limit", "the run's processor time is used up")

    def _reason(self, now: float) -> CancelReason | None:
        asked = self._host.cancelled()  # first: it raises where the run must end at once
        if self._drain.is_set():
            return "shutdown"
        return "deadline" if now - self._started > self._limits.runtime_s else asked

    def _ask_to_stop(self, reason: CancelReason | None) -> None:
        """Ask once; whoever does not hear it is killed when the grace is over."""
        if reason is None or self._stop is not None:
            return
        self._stop = (reason, self._clock.monotonic())
        self._tell(channel.Stop(reason=reason))
        self._tree.signal(signal.SIGTERM)

    def _end(self, error_class: ErrorClass, message: str) -> None:
        self._kill = self._kill or Kill(error_class=error_class, message=message)

    def _bury(self) -> None:
        """Hear what a process said that is gone."""
        self._process.wait()
        self._outgoing.clear()
        with contextlib.suppress(BlockingIOError):
            while not (self._final or self._kill) and (chunk := os.read(self._from, _CHUNK)):
                self._frames.feed(chunk)
                self._hear()
                self._outgoing.clear()
        self._gone = True

    def _result(self) -> Result:
        match self._final:
            case channel.Ended(result=result):
                return result
            case channel.GaveUp(outcome=outcome):
                pass
            case _:
                outcome = judge(
                    Death(
                        code=self._process.returncode,
                        kill=self._kill,
                        stop=self._stop and self._stop[0],
                        loaded=self._loaded,
                        pages=self._counts.pages,
                        list_read=self._list_read,
                        cpu_used_up=self._cpu_used_up,
                        printed=self._printed.tail,
                    )
                )
        kept = cleaned(outcome, self._task.collector.info.private, self._hiding.hide)
        return Result(outcome=kept, counts=self._counts, tail=Counts(), filters=())
