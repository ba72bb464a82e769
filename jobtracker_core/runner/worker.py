"""A worker: claims runs and executes them, each in a process of its own."""

from __future__ import annotations

import os
import queue as queues
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from random import uniform
from typing import Final

from msgspec import Struct

from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.plugins import discovery
from jobtracker_core.runner.attempt import Workplace, attempt
from jobtracker_core.runner.cancelling import Cancellations
from jobtracker_core.runner.clock import Clock, SystemClock
from jobtracker_core.runner.clockwatch import ClockWatch
from jobtracker_core.runner.housekeeping import Housekeeping
from jobtracker_core.runner.inline import LogSink
from jobtracker_core.runner.limits import Patience
from jobtracker_core.storage import queue, workers
from jobtracker_core.storage.claims import LEASE_S, Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.storage.identity import worker_identity
from jobtracker_core.storage.retention import Retention
from jobtracker_core.storage.wakeup import Wakeup, open_wakeup

_LAST_S: Final = 10.0
"""Seconds before the end of its patience at which a draining worker asks its runs to stop."""

_PUMP_S: Final = 1.0
_SWEEP_S: Final = 10.0
_SEEN_S: Final = 15.0
_INDEX_S: Final = 2.0
_PROBE_S: Final = 5.0
_PRUNE_S: Final = 3_600.0
_AGAIN_S: Final = 1.0
"""Seconds after which a database that failed is asked again."""


class Options(Struct, frozen=True, kw_only=True):
    """How a worker works.

    Attributes:
        slots: Runs it takes at once.
        collectors: Those it serves; None is all that are installed.
        poll_s: Seconds after which it looks for work although nothing has woken it.
        drain_s: Seconds that runs have to come to their end once the worker is to end.
        lease_s: Seconds after which a run may be taken from a worker that is silent.
        retention: After how long things are forgotten.
        version: Of this program, to show.
    """

    slots: int = 4
    collectors: frozenset[str] | None = None
    poll_s: float = 10.0
    drain_s: float = 60.0
    lease_s: float = LEASE_S
    retention: Retention = Retention(runs=timedelta(days=90), events=timedelta(days=90))
    version: str = "-"

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise ValueError(f"slots: {self.slots} is none; a worker takes at least 1 run at once")


class Worker:
    """Claims runs, executes them, and keeps the queue in order while it does.

    `run()` works in the thread that calls it until `drain()` or `stop()` is called from another
    one. One worker is run once; there may be several in a process and any number on a database.

    Args:
        settings_of: Returns what the operator set for a collector; raises ConfigError.
        on_log: Called with level, event and fields, from several threads at once.
        patience: How long to wait for a run's process.

    Attributes:
        worker_id: As in the runs that it has.

    Raises UnknownCollector if it is to serve one that is not there.
    """

    def __init__(
        self,
        db: Database,
        registry: discovery.Registry,
        settings_of: Callable[[str], CollectorSettings],
        *,
        options: Options,
        on_log: LogSink,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        names = registry.sources if options.collectors is None else options.collectors
        self._serving = {
            name: queue.Installed(distribution=source.distribution, version=source.version)
            for name in sorted(names)
            for source in [discovery.find(registry, name)]
        }
        self._db = db
        self._options = options
        self._on_log = on_log
        self._draining = threading.Event()
        self._place = Workplace(
            db=db,
            registry=registry,
            settings_of=settings_of,
            clock=clock or SystemClock(),
            lease_s=options.lease_s,
            patience=patience or Patience(),
            on_log=on_log,
            shutdown=threading.Event(),
            at_once=threading.Event(),
            cancellations=Cancellations(),
        )
        self._clock_watch = ClockWatch(db, self._place.clock, on_log)
        self._claims: queues.SimpleQueue[tuple[Claim, float] | None] = queues.SimpleQueue()
        self._changed = threading.Condition()
        self._busy = 0
        self._wakeup: Wakeup | None = None
        self._house = Housekeeping(
            db,
            registry,
            settings_of,
            serving=self._serving,
            rules=options.retention,
            on_log=on_log,
            stop=self._draining.is_set,
        )
        # A process has one identity, and may have several workers.
        self.worker_id = f"{worker_identity()}.{secrets.token_hex(2)}"

    @property
    def draining(self) -> bool:
        """Whether it claims no more."""
        return self._draining.is_set()

    @property
    def clock_skew_s(self) -> float | None:
        """Seconds that the database's clock is ahead of this machine's; None until it is known."""
        return self._clock_watch.skew_s

    def drain(self) -> None:
        """Claim no more, let the runs come to their end for a while, then give them back."""
        self._draining.set()
        self._wake()

    def stop(self) -> None:
        """End the runs' processes at once and give the runs back."""
        self._place.at_once.set()
        self.drain()
        with self._changed:
            self._changed.notify_all()

    def run(self) -> None:
        """Work until told to end. Raises StorageError if the database fails at the beginning."""
        # Whoever runs no worker need not load it.
        from jobtracker_core.runner.scheduler import Timers  # noqa: PLC0415

        wakeup = self._wakeup = open_wakeup(self._db)
        slots = [
            # Each lives as long as the worker: a run's process dies with the thread it is of.
            threading.Thread(target=self._work, name=f"slot {number}")
            for number in range(1, self._options.slots + 1)
        ]
        try:
            self._begin()
            for slot in slots:
                slot.start()
            with Timers(self._say_clock_was_set) as timers:
                house = self._house
                timers.every(_PUMP_S, self._guarded(house.pump))
                timers.every(_SWEEP_S, self._guarded(house.sweep), jitter=_SWEEP_S / 5)
                timers.every(_PROBE_S, self._guarded(house.probe), jitter=_PROBE_S / 5)
                timers.every(_PRUNE_S, self._guarded(house.prune), jitter=_PRUNE_S / 5)
                timers.every(_INDEX_S, self._guarded(house.index), jitter=_INDEX_S / 5)
                timers.every(_SEEN_S, self._guarded(self._say_seen))
                timers.every(_SEEN_S, self._guarded(self._clock_watch.look))
                self._claim_until_told(wakeup)
                self._finish_up()
        finally:
            self._draining.set()
            self._place.at_once.set()
            for _ in slots:
                self._claims.put(None)
            for slot in slots:
                if slot.is_alive():
                    slot.join()
            with self._changed:
                self._wakeup = None
            wakeup.close()
            self._guarded(lambda: workers.gone(self._db, self.worker_id))()
            self._on_log("info", "worker ended", {"worker": self.worker_id})

    def _begin(self) -> None:
        options = self._options
        served = None if options.collectors is None else sorted(options.collectors)
        workers.register(
            self._db,
            self.worker_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=options.version,
            slots=options.slots,
            collectors=served,
        )
        told = {"worker": self.worker_id, "slots": options.slots, "collectors": [*self._serving]}
        self._on_log("info", "worker started", told)
        # At once: the runs of a worker that was killed here wait for nobody else.
        self._house.follow_plugins()
        self._house.sweep()

    # Claiming, in the thread of run().

    def _claim_until_told(self, wakeup: Wakeup) -> None:
        failing = False
        while not self.draining:
            try:
                self._place.cancellations.look(self._db)
                if self._take_one():
                    continue
                pause = self._pause()
                failing = False
            except StorageError as error:
                if not failing:
                    self._on_log("warning", "the database fails", {"error": str(error)})
                failing = True
                self._draining.wait(_AGAIN_S)
                continue
            wakeup.wait(pause)

    def _take_one(self) -> bool:
        with self._changed:
            if self._busy >= self._options.slots:
                return False
        since = time.monotonic()
        claim = queue.claim(
            self._db, self.worker_id, serving=self._serving, lease_s=self._options.lease_s
        )
        if claim is None:
            return False
        with self._changed:
            self._busy += 1
        self._claims.put((claim, since))
        return True

    def _pause(self) -> float:
        # Spread, so that many workers do not look at the same moment.
        poll = self._options.poll_s * uniform(0.8, 1.2)  # noqa: S311
        due = queue.seconds_to_next(self._db)
        return poll if due is None else min(poll, due)

    def _wake(self) -> None:
        with self._changed:
            if self._wakeup is not None:
                self._wakeup.wake()

    # Executing, one thread for each slot.

    def _work(self) -> None:
        while (taken := self._claims.get()) is not None:
            claim, since = taken
            try:
                attempt(self._place, claim, since=since)
            except Exception as error:  # noqa: BLE001  (a slot must outlive its runs)
                fields: dict[str, object] = {"run": claim.run_id, "error": str(error)}
                if not isinstance(error, StorageError):
                    fields["trace"] = traceback.format_exc()
                self._on_log("warning", "run broken off", fields)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
                self._wake()

    # Ending, in the thread of run().

    def _finish_up(self) -> None:
        with self._changed:
            told = {"runs": self._busy, "seconds": self._options.drain_s}
        self._on_log("info", "worker drains", told)
        patience = self._options.drain_s
        self._wait_for_runs(max(patience - _LAST_S, 0.0))
        self._place.shutdown.set()
        self._wait_for_runs(min(patience, _LAST_S))
        self._place.at_once.set()
        self._wait_for_runs(None)

    def _wait_for_runs(self, seconds: float | None) -> None:
        """Wait until no run is left; with a limit, also until it is to be ended at once."""

        def over() -> bool:
            told = seconds is not None and self._place.at_once.is_set()
            return told or not self._busy

        with self._changed:
            self._changed.wait_for(over, seconds)

    # What the timers do.

    def _guarded(self, function: Callable[[], object]) -> Callable[[], None]:
        def call() -> None:
            try:
                function()
            except Exception as error:  # noqa: BLE001  (the next turn may go well)
                fields = {"what": getattr(function, "__name__", "?"), "error": str(error)}
                self._on_log("warning", "housekeeping failed", fields)

        return call

    def _say_seen(self) -> None:
        state: workers.State = "draining" if self.draining else "working"
        workers.seen(self._db, self.worker_id, state=state)

    def _say_clock_was_set(self, seconds: float) -> None:
        self._on_log("warning", "the clock jumped", {"seconds": round(seconds, 1)})
