"""`jobtracker --help` against Python alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.ratio import Ratio, compare


def measure(rounds: int) -> Ratio:
    """Return how many times as long as bare Python the help takes."""
    command = Path(sys.executable).with_name("jobtracker")

    def ours() -> None:
        subprocess.run([command, "--help"], check=True, stdout=subprocess.DEVNULL)

    def bare() -> None:
        subprocess.run([sys.executable, "-c", "pass"], check=True)

    return compare("--help / bare python", ours, bare, rounds=rounds * 3, unit="one process each")
