"""File systems of a few megabytes, to be filled to their last byte.

Root mounts one. Whoever is not root gets a namespace in which it may, and the test runs there again:
nothing outside of it can see the mount.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

VARIABLE = "JOBTRACKER_SMALL_DISK"
"""Where the file system is, in a test that runs in a namespace of its own."""

_CHUNKS = (1 << 20, 1 << 16, 1 << 12, 1)

# In a user namespace whoever made it is root, and may mount; in another one within it, they have
# their usual rights again: PostgreSQL does not run as root.
_INSIDE = """
mount -t tmpfs -o "size=$1m,mode=0755" tmpfs "$2" || exit 77
shift 2
exec unshare --user --map-user=1000 --map-group=1000 "$@"
"""
_NOT_ALLOWED = 77


def can_mount() -> bool:
    """Say whether a test can have its file system in this process."""
    return VARIABLE in os.environ or os.geteuid() == 0


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Give a file system of that size; for a process that can mount, or is inside already."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        yield Path(given)
        return
    with _folder() as path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(
                f"this root may not mount a file system ({done.stderr.strip()}): "
                "give it CAP_SYS_ADMIN, or run this test as an ordinary user"
            )
        try:
            yield path
        finally:
            subprocess.run(["umount", "--lazy", str(path)], check=True)


def run_again_inside(node: str, root: Path, megabytes: int) -> None:
    """Run a test in a namespace of its own that has such a file system; fail as it does."""
    with _folder() as path:
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
        test = [sys.executable, "-m", "pytest", *options, node]
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _INSIDE, "sh"]
        command += [str(megabytes), str(path), *test]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        env.pop("JOBTRACKER_FAULT_REPORT", None)
        env[VARIABLE] = str(path)
        try:
            done = subprocess.run(
                command, cwd=root, env=env, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            pytest.fail("a small file system takes root, or `unshare` of util-linux: install it")
    if done.returncode == _NOT_ALLOWED or "unshare failed" in done.stderr:
        pytest.fail(
            "a small file system takes root, or a user namespace, which is not allowed here "
            f"({done.stderr.strip()}): run this test as root"
        )
    assert done.returncode == 0, done.stdout + done.stderr


def fill(path: Path) -> None:
    """Take all that is left of a file system, with one file."""
    with path.open("wb", buffering=0) as file:
        for size in _CHUNKS:
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
        with pytest.raises(OSError, match="No space left"):
            file.write(b"x")


@contextmanager
def _folder() -> Iterator[Path]:
    # Not among pytest's own, which only their owner may enter.
    path = Path(tempfile.mkdtemp(prefix="jt-disk-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
