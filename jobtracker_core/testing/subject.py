"""What the conformance kit looks at: a collector, and where its answers come from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from msgspec import structs

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.info import CollectorInfo
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import forms
from jobtracker_core.plugins.discovery import Registry, load
from jobtracker_core.plugins.practice import practice_sites
from jobtracker_core.testing.bench import Bench
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_core.testing.sources import recording_bench, site_bench
from jobtracker_core.testing.traces import Traces
from jobtracker_core.testing.verdict import CheckFailed


class Subject:
    """Use it as a context: it starts the practice site when a check first needs it.

    Args:
        collector: The class.
        query: Words of the query; the canary's if there are none.
        settings: Settings beside those by which it is pointed at the site.
        site: The plugin's practice site.
        replay: Directory of a recorded run.
        registry: Where the collector should be found; all installed plugins if it is None.
    """

    def __init__(
        self,
        collector: type[JobCollector[Any, Any]],
        *,
        query: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        site: type[PracticeSite] | None = None,
        replay: Path | None = None,
        registry: Registry | None = None,
    ) -> None:
        self.collector = collector
        self.site = site
        self.replay = replay
        self._words = query
        self._settings = dict(settings or {})
        self._registry = registry
        self._open = ExitStack()
        self._left: list[str] = []

    @property
    def info(self) -> CollectorInfo:
        """The collector's card."""
        return self.collector.info

    @property
    def own_http(self) -> bool:
        """Whether it does its own HTTP."""
        return "own_http" in getattr(self.info, "features", ())

    @property
    def query(self) -> CommonQuery:
        """What is asked for on the practice site: all that there is, so never with a limit."""
        if self._words is None:
            return structs.replace(self.info.canary, limit=None)
        try:
            return structs.replace(forms.fill(self.info.query, self._words), limit=None)
        except forms.FormError as error:
            raise CheckFailed(
                f"`query` of the test does not fit the collector: {error}",
                "name words that the collector's query has",
            ) from error

    @cached_property
    def registry(self) -> Registry:
        """All installed plugins."""
        return load() if self._registry is None else self._registry

    @cached_property
    def sites(self) -> Mapping[str, type]:
        """All installed practice sites."""
        if self._registry is None:
            return practice_sites()
        return {} if self.site is None else {self.info.name: self.site}

    @cached_property
    def on_site(self) -> Bench:
        """Runs on the practice site."""
        if self.site is None:
            raise LookupError("there is no practice site")
        before = Traces.now()
        bench = site_bench(self.collector, self.site, query=self.query, settings=self._settings)
        self._open.callback(bench.close)
        return self._first_run(bench, before)

    @cached_property
    def on_recording(self) -> Bench:
        """Runs on the recording."""
        if self.replay is None:
            raise LookupError("there is no recording")
        before = Traces.now()
        return self._first_run(recording_bench(self.collector, self.replay), before)

    def _first_run(self, bench: Bench, before: Traces) -> Bench:
        """Run once: what is set up at first use, such as a log, is seen then or never."""
        with suppress(CheckFailed):  # told by every check that needs the run
            _ = bench.plain
        self._left += before.lasting_changes()
        return bench

    @property
    def benches(self) -> tuple[Bench, ...]:
        """All sources of answers that there are."""
        site = (self.on_site,) if self.site is not None else ()
        recorded = self.replay is not None and not self.own_http
        return (*site, self.on_recording) if recorded else site

    @property
    def left_behind(self) -> tuple[str, ...]:
        """What the first runs changed in this process, in words."""
        _ = self.benches
        return tuple(self._left)

    def close(self) -> None:
        """Stop the practice site."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
