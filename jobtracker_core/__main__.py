"""`python -m jobtracker_core` is `jobtracker`."""

from __future__ import annotations

from jobtracker_core.cli import main

main()
