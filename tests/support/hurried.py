"""`jobtracker` with its times made shorter and, for twins, with guards taken away.

Run as a program: the environment says what is to be changed, the arguments are the command line's.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import os
import time
from collections.abc import Sequence


def shift_clock(seconds: float) -> None:
    """Have this process believe in another time of day; what is monotonic stays as it is."""
    step = dt.timedelta(seconds=seconds)
    tell, tell_ns, tell_now = time.time, time.time_ns, dt.datetime.now
    time.time = lambda: tell() + seconds
    time.time_ns = lambda: tell_ns() + int(seconds * 1e9)
    # The type is C's own, and takes no assignments; its dictionary does.
    fields = gc.get_referents(dt.datetime.__dict__)[0]
    fields["now"] = classmethod(lambda _, tz=None: tell_now(tz) + step)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(dt.datetime))


def change(lease_s: float, without: Sequence[str]) -> None:
    """Shorten the lease and what is measured by it, and remove guards by their names.

    For before anything else is loaded: other modules take what they need by name.
    """
    from jobtracker_core.storage import claims, engine

    claims.LEASE_S = lease_s
    if "fence" in without:
        claims.hold = lambda conn, claim: engine.now(conn)
    from jobtracker_core.runner import beat, worker
    from jobtracker_core.storage import retry

    if "trust" in without:
        beat.Heartbeat.check = lambda self: self._monotonic()  # type: ignore[method-assign]
    if "heartbeat" in without:
        beat.Heartbeat.beat = lambda self, db: True  # type: ignore[method-assign]
    retry.POLICY["db"] = retry.Pauses(0.5, 1)  # type: ignore[index]
    retry._FIRST_LOSS_S = 0.5  # type: ignore[assignment]
    worker._SWEEP_S = lease_s / 3  # type: ignore[misc]


if __name__ == "__main__":
    if shift := os.environ.get("HURRIED_CLOCK_S"):
        shift_clock(float(shift))
    change(float(os.environ["HURRIED_LEASE_S"]), os.environ.get("HURRIED_WITHOUT", "").split())
    from jobtracker_core.cli import main

    main()
