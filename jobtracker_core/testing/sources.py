"""Where the conformance kit's answers come from: a practice site, or a recording."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.http.record import ReplayTransport
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.plugins import forms
from jobtracker_core.testing.bench import Bench
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_core.testing.proxy import InterceptProxy
from jobtracker_core.testing.verdict import CheckFailed

SIZES = (60, 90, 120, 180, 240, 320, 480, 640, 960)
"""Postings on the practice site: the first number that gives enough is taken."""
PAGES, POSTINGS = 3, 60
"""So many pages and postings are enough: 5 % of the postings are then some."""
_PEEK = 10


def site_bench(
    collector: type[JobCollector[Any, Any]],
    site: type[PracticeSite],
    *,
    query: CommonQuery,
    settings: Mapping[str, Any],
) -> Bench:
    """Make a bench on a practice site with so many postings that a run gives enough of them."""
    for size in SIZES:
        bench = _on_site(collector, site(postings=size), query=query, settings=settings)
        pages = bench.peek(_PEEK)
        found = sum(len(page.postings) for page in pages)
        if size == SIZES[-1] or (len(pages) >= PAGES and found >= POSTINGS):
            break
        bench.close()
    return bench


def _on_site(
    collector: type[JobCollector[Any, Any]],
    site: PracticeSite,
    *,
    query: CommonQuery,
    settings: Mapping[str, Any],
) -> Bench:
    info = collector.info
    with ExitStack() as stack:
        stack.enter_context(site)
        words: dict[str, Any] = {"base_url": site.base_url}
        proxy = None
        if "own_http" in info.features:
            proxy = stack.enter_context(InterceptProxy(site))
            if "ca_cert" in info.settings.__struct_fields__:
                words = {"ca_cert": str(proxy.ca_cert)}
        try:
            filled = forms.fill(info.settings, words | dict(settings))
        except forms.FormError as error:
            raise CheckFailed(
                f"the settings do not take what points them at the practice site: {error}",
                "take settings from CollectorSettings, and give each new one a default",
            ) from error
        bench = Bench(
            collector,
            name="practice site",
            settings=filled,
            query=query,
            now=datetime.now(UTC),
            live=lambda: CurlTransport(proxy=proxy.url if proxy else None),
            site=site,
            proxy=proxy,
        )
        bench.closing = stack.pop_all()
    return bench


class _Manifest(Struct, frozen=True, kw_only=True):
    collector: str
    query: dict[str, Any]
    settings: dict[str, Any]
    recorded_at: datetime


def recording_bench(collector: type[JobCollector[Any, Any]], directory: Path) -> Bench:
    """Make a bench on what `jobtracker collect --record` wrote."""
    info = collector.info
    manifest = msgspec.convert(ReplayTransport(directory).manifest, _Manifest)
    if manifest.collector != info.name:
        raise CheckFailed(
            f"{directory} is a recording of {manifest.collector!r}, not of {info.name!r}",
            "name another directory",
        )
    return Bench(
        collector,
        name="recording",
        settings=forms.fill(info.settings, manifest.settings),
        query=forms.fill(info.query, manifest.query),
        now=manifest.recorded_at,
        live=lambda: ReplayTransport(directory),
    )
