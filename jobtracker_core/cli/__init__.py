"""The command line `jobtracker`. A command's module is imported when that command is used."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit: 0 ok, 1 failed, 2 wrong use, 3 partial."""
    from jobtracker_core.cli.app import run

    sys.exit(run(sys.argv[1:]))
