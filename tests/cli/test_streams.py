"""Output that nobody reads, in processes of their own."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobtracker_core.cli.app import run

PROGRAM = f"{sys.executable} -m jobtracker_core"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "JOBTRACKER_DATA_DIR": str(folder)},
    )


@pytest.mark.parametrize("command", ["plugins show hiringcafe", "jobs list", "runs"])
def test_a_reader_that_goes_away_is_no_failure(command, tmp_path) -> None:
    result = shell(f"{PROGRAM} {command} | true", tmp_path)
    notes = ("0 shown of 0", "Next: Choose a site")
    told = [line for line in result.stderr.splitlines() if not line.startswith(notes)]
    assert (result.returncode, told) == (0, [])


def test_a_closed_output_is_no_crash(tmp_path) -> None:
    result = shell(f"{PROGRAM} jobs list >&-", tmp_path)
    assert "Traceback" not in result.stderr


class Full(io.StringIO):
    """A file on a disk that is full."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_one_line(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("JOBTRACKER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "stdout", Full())
    assert run(["plugins"]) == 1
    sys.stdout.close()  # what it writes to instead, for the rest of a process
    assert capsys.readouterr().err == "Error: output: No space left on device\n"
