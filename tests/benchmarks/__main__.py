"""Run all measurements and print them as a table.

Every figure is a ratio of two things that ran in turn within this process, so that a loaded or a slow
machine changes it little. Absolute times are printed beside it for orientation only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import page_write, start_up
from tests.benchmarks.ratio import Ratio


def main() -> int:
    """Print one line per ratio."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--rows", type=int, default=20_000, help="rows stored beforehand")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    ratios: list[Ratio] = [start_up.measure(arguments.rounds)]
    with TemporaryDirectory() as folder:
        for url in page_write.databases(Path(folder)):
            ratios += page_write.measure(url, rows=arguments.rows, rounds=arguments.rounds)
    width = max(len(r.name) for r in ratios)
    for ratio in ratios:
        sys.stdout.write(f"{ratio.name:<{width}}  {ratio.value:6.2f}   {ratio.detail}\n")
    return 0


sys.exit(main())
