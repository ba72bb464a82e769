"""What must be seen soon, however long the answers take in which it is looked for."""

from __future__ import annotations

import time
from collections.abc import Callable


def seen_within(seconds: float, seen: Callable[[], bool]) -> None:
    """Look until it is seen; fail if a look that began later than so many seconds does not see it.

    What counts is when somebody asked: an answer that a busy machine gave late may tell what held
    when it was asked for.
    """
    begun = time.monotonic()
    while True:
        asked = time.monotonic() - begun
        if seen():
            return
        assert asked < seconds, f"asked {asked:.2f} s later it was not seen"
        time.sleep(0.005)
