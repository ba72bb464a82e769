"""A worker as a program, for the tests that kill, freeze and mislead it.

Argument: JSON with `url`, `data` and the worker's `options`. It writes its log as lines of JSON.
Beside what a worker does, each page leaves the fence that it was written under in the table
`audit`, in the page's own transaction. `strike` has the process send a signal to itself, once, at one
place: in the transaction of a page, right after a claim, or in the transaction of a sweep that took a
run. `clock` names a file with seconds that this process's clocks are to be off by.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def mislead(file: Path) -> None:
    """Put all of this process's clocks off, but for the one that never jumps."""
    real, real_time = dt.datetime, time.time

    def off() -> float:
        return float(file.read_text() or 0)

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

    def now(_cls: type, tz: dt.tzinfo | None = None) -> dt.datetime:
        return real.now(tz) + dt.timedelta(seconds=off())

    vars(dt)["datetime"] = Kind("datetime", (real,), {"now": classmethod(now)})
    vars(time)["time"] = lambda: real_time() + off()


def be_struck(place: str, told: dict[str, Any]) -> None:
    """Send the signal that is meant for this place, if it was not sent yet."""
    strike = told.get("strike", {})
    if strike.get("at") != place or Path(strike["mark"]).exists():
        return
    Path(strike["mark"]).touch()
    os.kill(os.getpid(), strike["signal"])
    time.sleep(1)  # it is another thread that hears the signal, and stops this one


def main(told: dict[str, Any]) -> None:
    if "clock" in told:
        mislead(Path(str(told["clock"])))

    from jobtracker_core import JobTracker, Settings
    from jobtracker_core.cli.worker import Crew, on_signals
    from jobtracker_core.runner import worker as workers
    from jobtracker_core.runner.limits import Patience
    from jobtracker_core.storage import queue, retry, runs, sweep

    vars(workers)["_SWEEP_S"] = 0.5
    vars(retry)["_FIRST_LOSS_S"] = 0
    vars(retry)["POLICY"] = {**retry.POLICY, "db": retry.Pauses(0.2, 1)}
    checkpoint = runs.checkpoint

    def audited(conn, claim, **facts):
        checkpoint(conn, claim, **facts)
        conn.exec_driver_sql(
            f"INSERT INTO audit (run_id, fence) VALUES ({claim.run_id}, {claim.fence})"
        )
        be_struck("page", told)

    claim, rescue = queue.claim, sweep.rescue

    def claimed(*args, **facts):
        made = claim(*args, **facts)
        if made is not None:
            be_struck("claim", told)
        return made

    def rescued(conn):
        taken = rescue(conn)
        if taken:
            be_struck("sweep", told)
        return taken

    runs.checkpoint = audited
    queue.claim = claimed
    sweep.rescue = rescued

    def tell(level: str, event: str, fields: Any) -> None:
        line = {"event": event, "level": level, **dict(fields)}
        sys.stdout.write(json.dumps(line, default=str) + "\n")
        sys.stdout.flush()

    settings = Settings(
        data_dir=Path(str(told["data"])), database_url=str(told["url"]), plugins=("crew_board",)
    )
    with JobTracker(settings) as tracker:
        worker = workers.Worker(
            tracker.database,
            tracker.registry,
            tracker.collector_settings,
            options=workers.Options(**told["options"]),
            on_log=tell,
            patience=Patience(tick=0.05, grace=2),
        )
        crew = Crew(worker)
        with on_signals(crew.tell):
            crew.start()
            crew.wait()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
