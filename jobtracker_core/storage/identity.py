"""Which process works on a run, in a form that other processes can judge."""

from __future__ import annotations

import functools
import os
import secrets
import socket
from pathlib import Path

_UNKNOWN = "-"


def worker_identity() -> str:
    """Return `host:boot-id:pid-namespace:pid:random`, new in every process.

    On the same host, boot and PID namespace, whoever reads it can tell that the process is dead.
    """
    return _identity(os.getpid())


def is_dead_neighbour(worker_id: str) -> bool:
    """Say whether this is a process of this very machine that exists no more.

    False wherever that cannot be known for certain: then only the lease decides. (A process that
    got the dead one's number by chance also leaves it to the lease.)
    """
    place, _, rest = worker_id.rpartition(":")[0].rpartition(":")
    if place != _place() or _UNKNOWN in place.split(":") or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False  # it exists but is another user's
    return False


@functools.cache
def _identity(pid: int) -> str:
    # Cached by number, so that a forked child does not go by its parent's name.
    return f"{_place()}:{pid}:{secrets.token_hex(4)}"


@functools.cache
def _place() -> str:
    host = socket.gethostname().replace(":", "_") or _UNKNOWN
    return f"{host}:{_boot_id()}:{_pid_namespace()}"


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _UNKNOWN


def _pid_namespace() -> str:
    try:
        link = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return _UNKNOWN
    return link.strip("pid:[]")
