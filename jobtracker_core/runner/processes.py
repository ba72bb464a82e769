"""The processes of one run: found, weighed and ended together. The only place that asks psutil."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Final

import psutil
from msgspec import Struct

MARK: Final = "JT_RUN"
"""Variable in the environment of all processes of a run; its value is the run's label."""

_END_WITHIN: Final = 5.0
_PAUSE: Final = 0.02


class Use(Struct, frozen=True, kw_only=True):
    """What a run's processes hold now, in bytes, and have used so far, in seconds."""

    memory: int
    cpu: float


class Tree:
    """The child and whatever descends from it, also what has left its group or lost its parent.

    A descendant is known by its parents, its session, or `MARK`; once seen it stays known. For one
    thread, the one that started the child.

    Args:
        child: Leads a session of its own.
        label: The value of `MARK` in its environment.
    """

    def __init__(self, child: subprocess.Popen[bytes], label: str) -> None:
        self._child = child
        self._label = label
        self._here = psutil.Process()
        self._known: dict[psutil.Process, None] = {}
        self._strangers: set[psutil.Process] = set()
        with contextlib.suppress(psutil.NoSuchProcess):
            self._known[psutil.Process(child.pid)] = None
        self._cpu = 0.0

    def weigh(self, *, memory_limit: int) -> Use:
        """Look at all processes.

        Memory is their resident sets; only if that is above `memory_limit`, pages that they share
        are counted once.
        """
        memory, cpu = 0, 0.0
        alive = self._look()
        for process in alive:
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                memory += process.memory_info().rss
        if memory > memory_limit and len(alive) > 1:
            memory = sum(map(_share, alive))
        self._cpu = max(self._cpu, cpu)
        return Use(memory=memory, cpu=self._cpu)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the run."""
        for process in self._look():
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    def kill(self) -> int:
        """End them all, whatever they do about it; return how many would not go within 5 s."""
        deadline = time.monotonic() + _END_WITHIN
        while (alive := self._look()) and time.monotonic() < deadline:
            # Stopped first: while one is being ended, the others start no more.
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for process in alive:
                    with contextlib.suppress(psutil.Error):
                        process.send_signal(number)
            time.sleep(_PAUSE)
        return len(alive)

    def _look(self) -> list[psutil.Process]:
        """Find what is new, forget what has ended; return what lives."""
        for process in self._found():
            self._known[process] = None
        alive = []
        for process in list(self._known):
            if self._lives(process):
                alive.append(process)
            else:
                del self._known[process]
        return alive

    def _found(self) -> Iterator[psutil.Process]:
        for process in self._roots():
            with contextlib.suppress(psutil.Error):
                yield from process.children(recursive=True)
        # Whoever lost its parent has become ours, where the system allows that.
        for process in self._here.children():
            if process in self._known or process in self._strangers:
                continue
            if process.pid != self._child.pid and self._ours(process):
                yield process
                with contextlib.suppress(psutil.Error):
                    yield from process.children(recursive=True)
            else:
                self._strangers.add(process)

    def _roots(self) -> list[psutil.Process]:
        """Return those known processes whose parent is none of them."""
        pids = {process.pid for process in self._known}
        roots = []
        for process in self._known:
            with contextlib.suppress(psutil.Error):
                if process.ppid() not in pids:
                    roots.append(process)
        return roots

    def _ours(self, process: psutil.Process) -> bool:
        try:
            if os.getsid(process.pid) == self._child.pid:
                return True
            return process.environ().get(MARK) == self._label
        except (OSError, psutil.Error):
            return False

    def _lives(self, process: psutil.Process) -> bool:
        """Say whether a process runs; reap it if it was a child or an orphan of ours."""
        if process.pid == self._child.pid:
            return self._child.poll() is None
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                return process.is_running()
            if process.ppid() == self._here.pid:
                os.waitpid(process.pid, os.WNOHANG)
        except (OSError, psutil.Error):
            return False
        return False


def end_marked(label: str) -> int:
    """Kill what a run left behind whose supervisor was killed; return how many there were.

    Such a run's own process dies with its supervisor. What the plugin started does not, and is
    found by `MARK`. For whoever takes the run up on the same machine.
    """
    ended = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(MARK) == label:
                process.kill()
                ended += 1
    return ended


def _share(process: psutil.Process) -> int:
    """Return a process's part of the memory: of a page that four hold, a quarter."""
    with contextlib.suppress(psutil.Error):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.uss))
    return 0
