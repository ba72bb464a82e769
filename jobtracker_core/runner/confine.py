"""What processes ask of the operating system for themselves: bounds, and ties to each other.

Linux has all of it. Elsewhere there is no `prctl`: a child whose supervisor was killed lives until
its next call finds the pipe closed, and processes that left their group are followed only from the
last look at them.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
from typing import Final

from jobtracker_core.runner.limits import MEGABYTE, RunLimits

FILE_SIZE: Final = 64 * MEGABYTE
"""Bytes of the largest file that a run may write."""

_STACK: Final = 512 * 1024
"""Bytes of a thread's stack: those of 8 MB, the default, would count against the memory."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38


def tie_to_parent() -> None:
    """Die when the thread that started this process does; gain no rights by programs run."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, for as long as this process lives."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def limit(limits: RunLimits) -> None:
    """Bound this process and all that it starts; call it before any stranger's code runs."""
    memory = limits.memory_mb * MEGABYTE
    _bound(resource.RLIMIT_CORE, 0, 0)
    _bound(resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 2)
    _bound(resource.RLIMIT_DATA, memory, memory)
    _bound(resource.RLIMIT_NOFILE, limits.files, limits.files)
    _bound(resource.RLIMIT_FSIZE, FILE_SIZE, FILE_SIZE)
    threading.stack_size(_STACK)
    # A signal that the supervisor's own process ignores would be ignored here as well.
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


def _bound(what: int, soft: int, hard: int) -> None:
    """Lower a limit; one that is lower already stays."""
    _, present = resource.getrlimit(what)
    if present != resource.RLIM_INFINITY:
        hard = min(hard, present)
    resource.setrlimit(what, (min(soft, hard), hard))


def _prctl(option: int, argument: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
