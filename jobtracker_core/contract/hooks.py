"""The hooks of contract 1. More are added when something uses them; none is ever changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pluggy

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.run import JobRef, RunSummary

PROJECT = "jobtracker"
"""Pluggy's project name, and the entry-point group that plugins are found through."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Specifications; implementations are module-level functions marked with `hookimpl`."""

    @hookspec
    def jobtracker_collectors(self) -> Iterable[type[JobCollector[Any, Any]]]:
        """Return this plugin's collector classes. Must not touch the network or the disk."""
        raise NotImplementedError

    @hookspec
    def jobtracker_run_finished(self, run: RunSummary, new: Sequence[JobRef]) -> None:
        """Hear of a run that ended, after it was committed, and of the jobs it brought.

        Called in the process that owns the run or that ended it for a dead worker, never in the
        collector's own; not for probes, nor for a run that is cancelled before it began. What it
        raises is logged and changes nothing.
        """
        raise NotImplementedError

    @hookspec
    def jobtracker_litestar_plugins(self) -> Iterable[object]:
        """Return Litestar plugins to add to the server. This is trusted code."""
        raise NotImplementedError
