"""Our own server as it would be if nobody had to bring a token: what their check costs shows by it.

python -m tests.benchmarks.peers.without_tokens serve …
"""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

from jobtracker_core.api.access import Gate
from jobtracker_core.cli.app import run
from jobtracker_core.storage.audit import Actor


async def _admit(_gate: Gate, connection: Any, _handler: Any) -> None:
    connection.scope["auth"] = None
    connection.scope["user"] = Actor(kind="token", id=1, name="anybody")


if __name__ == "__main__":
    with patch.object(Gate, "admit", _admit):
        sys.exit(run(sys.argv[1:]))
