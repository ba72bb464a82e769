"""Places that processes can be started in, each with a network of its own where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True):
    """A place to start a process in.

    Attributes:
        within: What its command line begins with.
        host: The address of this process, seen from there.
        apart: Whether it is a network of its own.
    """

    within: tuple[str, ...]
    host: str
    apart: bool


@contextmanager
def two_places() -> Iterator[tuple[Place, Place]]:
    """Give two network namespaces, each with a wire to this one.

    Where they are not allowed: two addresses of this machine.
    """
    with ExitStack() as stack:
        if _allowed():
            yield _namespace(stack, 1), _namespace(stack, 2)
        else:
            one, two = (Place(within=(), host=f"127.0.0.{n}", apart=False) for n in (2, 3))
            yield one, two


def _allowed() -> bool:
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        return False
    command = "ip link add probe type veth peer name eborp"
    tried = subprocess.run(["unshare", "-n", *command.split()], check=False, capture_output=True)
    return tried.returncode == 0


def _namespace(stack: ExitStack, number: int) -> Place:
    name = f"jt{os.getpid()}n{number}"
    # One of the 16,384 nets of four addresses in 10.213.0.0/16, by the number of this process.
    index = (os.getpid() * 2 + number) % 16_384 * 4
    ours, theirs = (f"10.213.{(index + n) // 256}.{(index + n) % 256}" for n in (1, 2))
    _ip("netns", "add", name)
    stack.callback(_ip, "netns", "delete", name)
    # It ends with the namespace that its other end is in.
    _ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
    _ip("address", "add", f"{ours}/30", "dev", f"{name}a")
    _ip("link", "set", f"{name}a", "up")
    inside: Sequence[str] = ("-n", name)
    _ip(*inside, "address", "add", f"{theirs}/30", "dev", f"{name}b")
    for device in ("lo", f"{name}b"):
        _ip(*inside, "link", "set", device, "up")
    return Place(within=("ip", "netns", "exec", name), host=ours, apart=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
