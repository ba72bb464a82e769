"""Collectors of a server; see `tracker.collectors`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from jobtracker_core.client.session import Session, segment
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.tracker.collector_reports import CollectorReport, CollectorSchema


class Collectors:
    """Which sites are collected: all are off until they are turned on.

    The cards of collectors hold Python classes, so that `list()` and `set_enabled()` are only where
    the plugins are; `reports()` and `update()` do the same here.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def enabled(self, name: str) -> bool:
        """Say whether a collector is on; raises UnknownCollector."""
        found = self.report(name)
        if not found.installed:
            self.schema(name)  # raises, and says why
        return found.enabled

    def reports(self) -> tuple[CollectorReport, ...]:
        """List all collectors by name, those whose plugin is gone included, and how they do."""
        return self._session.get("/collectors", tuple[CollectorReport, ...])

    def report(self, name: str) -> CollectorReport:
        """Return one collector as `reports()` does; raises UnknownCollector."""
        return self._session.get(_path(name), CollectorReport)

    def schema(self, name: str) -> CollectorSchema:
        """Describe a collector's queries and settings; raises UnknownCollector."""
        return self._session.get(f"{_path(name)}/schema", CollectorSchema)

    def update(
        self,
        name: str,
        *,
        enabled: bool | None = None,
        settings: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
    ) -> CollectorReport:
        """Change what is given of a collector, and nothing else.

        Raises UnknownCollector, FormError naming each wrong setting as `settings.NAME`, and Stale.
        """
        body: dict[str, Any] = {} if enabled is None else {"enabled": enabled}
        if settings is not None:
            body["settings"] = msgspec.to_builtins(dict(settings), enc_hook=str)
        return self._session.put(_path(name), CollectorReport, body, version=expected_version)

    def probe(self, name: str) -> Enqueued:
        """Have a worker look whether a collector's site answers as its plugin expects.

        Raises CollectorOff, UnknownCollector, Unavailable and ConfigError.
        """
        return self._session.post(f"{_path(name)}/probe", Enqueued)


def _path(name: str) -> str:
    return f"/collectors/{segment(name)}"
