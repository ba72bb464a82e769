"""What a worker's timers do: ticks, rescue, probes, pruning. Any number of workers may do it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.runner.ending import tell_of
from jobtracker_core.runner.inline import LogSink
from jobtracker_core.runner.pump import pump
from jobtracker_core.runner.sites import limits_of_sites, site_of
from jobtracker_core.storage import indexing, probes, queue, retention, slots
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.retention import Retention
from jobtracker_core.storage.sweep import sweep
from jobtracker_core.storage.turns import Turns

PROBE_LIMITS: Final = queue.Limits(runtime_s=300, requests=20)
"""A probe reads one page; it need not be long about it."""

_SELF: Final = Actor(kind="local", name="worker")


class Housekeeping:
    """Keeps the queue in order. Each method is for one thread at a time, and may raise anything.

    Args:
        serving: The collectors that are probed here: those that the worker would run.
        rules: After how long things are forgotten.
        stop: Says that the worker ends: what takes long is broken off, for whoever comes next.
    """

    def __init__(
        self,
        db: Database,
        registry: discovery.Registry,
        settings_of: Callable[[str], CollectorSettings],
        *,
        serving: Collection[str],
        rules: Retention,
        on_log: LogSink,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._db = db
        self._registry = registry
        self._settings_of = settings_of
        self._serving = frozenset(serving)
        self._rules = rules
        self._on_log = on_log
        self._stop = stop
        self._unusable: dict[int, str] = {}

    def follow_plugins(self) -> None:
        """Have the sites' limits follow the plugins, which may be other ones than before."""
        slots.follow(self._db, limits_of_sites(self._registry, self._settings_of))

    def pump(self) -> None:
        """Turn due ticks into runs."""
        done = pump(self._db, stop=self._stop)
        for number, why in done.unusable.items():
            if self._unusable.get(number) != why:
                self._on_log("warning", "schedule unusable", {"search": number, "error": why})
        self._unusable = dict(done.unusable)
        for number, ticked in done.ticked.items():
            fields = {"search": number, "outcome": ticked.outcome, "run": ticked.run_id}
            self._on_log("info", "schedule ticked", fields)
            if ticked.outcome == "missed":
                self._tell(ticked.run_id)

    def sweep(self) -> None:
        """Take runs from dead workers, and end those that nobody began in time."""
        swept = sweep(self._db)
        for rescued in swept.rescued:
            fields = {"run": rescued.run_id, "state": rescued.state}
            self._on_log("warning", "run taken from a dead worker", fields)
        for number in swept.missed:
            self._on_log("warning", "run missed", {"run": number})
        ended = [rescued.run_id for rescued in swept.rescued if rescued.state != "pending"]
        for number in (*ended, *swept.missed):
            self._tell(number)

    def probe(self) -> None:
        """Put a probe of each collector into the queue whose pause is over."""
        for name in probes.due(self._db):
            if name in self._serving:
                made = probes.begin(
                    self._db, probe_of(discovery.find(self._registry, name), self._settings_of)
                )
                if made is not None:
                    self._on_log("info", "probe queued", {"collector": name, "run": made.run_id})

    def prune(self) -> None:
        """Delete what nobody looks at any more."""
        gone = retention.prune(self._db, self._rules, actor=_SELF, turns=Turns(self._stop))
        if gone.counts:
            self._on_log("info", "pruned", gone.counts)

    def index(self) -> None:
        """Index what descriptions say that came or changed."""
        indexing.work_off(self._db, stop=self._stop)

    def _tell(self, run_id: int) -> None:
        tell_of(self._db, run_id, self._registry, self._on_log)


def probe_of(
    source: discovery.Source, settings_of: Callable[[str], CollectorSettings]
) -> queue.Wanted:
    """Return the probe of a collector as the queue takes it; raises ConfigError."""
    info = source.info
    return queue.Wanted(
        collector=info.name,
        trigger="probe",
        query=forms.as_words(info.canary),
        query_hash=None,
        site=site_of(info, settings_of),
        max_parallel=info.limits.max_running,
        singleton_key=f"probe:{info.name}",
        max_attempts=1,
        limits=PROBE_LIMITS,
    )
