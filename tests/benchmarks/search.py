"""Searching a large corpus over HTTP: how long each kind of query takes, and whether it finds.

    python -m tests.benchmarks.search sqlite:////somewhere/million.db

The database is one that `make bench-data` filled. All kinds are asked in turn, so that none of them
has the machine's caches to itself, and the server keeps no answers. Each answer is a page of 50 with
its total. The value of a kind is its median against that of a list without a query in the same turn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx
from msgspec import Struct

from jobtracker_core import JobTracker, Settings
from tests.benchmarks.corpus import Corpus
from tests.benchmarks.http_reads import served
from tests.benchmarks.load import Answers, Load
from tests.benchmarks.ratio import Ratio

CLIENTS: Final = 8
SECONDS: Final = 20.0
"""Of each of the two turns."""

LIMIT: Final = 50
PAGES: Final = 3_000
"""How deep the deep page is, where there are as many."""

FIRST: Final = 3
"""Among so many hits the right job has to be."""

FILTER: Final = "source:company"
"""What one job of twenty has."""

PLAIN: Final = "no query"
DEEP: Final = "deep page"
QUERIES: Final[Mapping[str, tuple[str, ...]]] = {
    "rare": ("turnip", "luthier", "zither"),
    "common": ("python", "kubernetes", "erfahrung"),
    "very common": ("the", "experience", "und"),
    "two rare": ("turnip zither", "turnip monograph"),
    "common and rare": ("python turnip", "experience monograph"),
    "phrase": ('"data engineer"', '"python software"', '"machine learning"'),
    "not": ("python -java", "zither -python"),
    "prefix": ("pyth*", "kub*", "luth*"),
    "field": ("title:accountant", "company:quokka", "place:berlin"),
}
"""By kind; each is asked with a filter, too."""

NO_HIT: Final = ("xylophonist", "luthier glaciologist", "title:turnip")


class Turn(Struct, frozen=True, kw_only=True):
    """What the kinds took with one client, and with several."""

    alone: Mapping[str, Answers]
    together: Mapping[str, Answers]


def measure(url: str, *, seconds: float = SECONDS) -> Iterator[Ratio]:
    """Time all kinds of query, a page far down, and look for the jobs that queries are about."""
    dialect = url.partition(":")[0]
    settings = Settings(data_dir=Path(), database_url=url, plugins=())
    with JobTracker(settings) as tracker, served(url, JOBTRACKER_API_KEPT_MB="0") as address:
        token = tracker.tokens.create("bench", ["jobs:read"]).text
        rows = tracker.jobs.count()
        last = tracker.jobs.search(limit=1).items[0].id
        deep = min(PAGES, rows // LIMIT // 2)
        mark = str(last - deep * LIMIT)
        kinds = _kinds(mark)
        loads = [Load(address, token, clients=number) for number in (1, CLIENTS)]
        turn = Turn(
            alone=loads[0].mixed(kinds, seconds=seconds),
            together=loads[1].mixed(kinds, seconds=seconds),
        )
        yield from _told(dialect, turn)
        yield _depth(dialect, loads[0], deep, mark, seconds=seconds / 4)
        yield _relevance(dialect, address, token, Corpus(size=rows))


def _kinds(mark: str) -> dict[str, list[str]]:
    """Return the paths of each kind."""
    kinds = {PLAIN: [_path()]}
    for kind, queries in QUERIES.items():
        kinds[kind] = [_path(search=query) for query in queries]
    for kind, queries in QUERIES.items():
        kinds[f"{kind}, filtered"] = [_path(search=f"{query} {FILTER}") for query in queries]
    kinds["no hit"] = [_path(search=query) for query in NO_HIT]
    kinds[DEEP] = [_path(search=query, after=mark) for query in ("python", "zither", "the")]
    return kinds


def _path(**query: str) -> str:
    return f"/api/v1/jobs?{urlencode({'limit': LIMIT, **query})}"


def _told(dialect: str, turn: Turn) -> Iterator[Ratio]:
    plain = turn.alone[PLAIN].percentile(0.5)
    for kind, alone in turn.alone.items():
        yield Ratio(
            name=f"{dialect}: search, {kind} / a list without",
            value=alone.percentile(0.5) / plain,
            detail=f"1 client {_said(alone)}, {CLIENTS} clients {_said(turn.together[kind])}",
        )
    phrases = [kind for kind in turn.alone if kind.startswith("phrase")]
    others = [kind for kind in turn.alone if kind not in phrases]
    for what, names in {"words": others, "phrases": phrases}.items():
        for who, answers in {"1 client": turn.alone, f"{CLIENTS} clients": turn.together}.items():
            for share in (0.5, 0.99):
                slowest = max(names, key=lambda kind: answers[kind].percentile(share))
                taken = answers[slowest].percentile(share)
                yield Ratio(
                    name=f"{dialect}: slowest p{share * 100:.0f} of {what}, {who} / a list without",
                    value=taken / answers[PLAIN].percentile(share),
                    detail=f"{slowest}: {taken * 1000:.3g} ms",
                )


def _said(answers: Answers) -> str:
    p50, p99 = (answers.percentile(share) * 1000 for share in (0.5, 0.99))
    return f"p50 {p50:.3g}, p99 {p99:.3g} ms ({len(answers.took)})"


def _depth(dialect: str, load: Load, page: int, mark: str, *, seconds: float) -> Ratio:
    found = load.mixed(
        {"first": [_path(count="false")], "deep": [_path(count="false", after=mark)]},
        seconds=seconds,
    )
    first, deep = found["first"].percentile(0.5), found["deep"].percentile(0.5)
    return Ratio(
        name=f"{dialect}: page {page:,} / page 1",
        value=deep / first,
        detail=f"{deep * 1000:.3g} ms against {first * 1000:.3g} ms, 1 client, behind job {mark}",
    )


def _relevance(dialect: str, address: str, token: str, corpus: Corpus) -> Ratio:
    """Count the queries whose right job is among the first hits by relevance."""
    wrong: list[str] = []
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
        for query, source_id in corpus.answers.items():
            if source_id not in _first_hits(client, query):
                wrong.append(query)
    asked = len(corpus.answers)
    return Ratio(
        name=f"{dialect}: right job among the first {FIRST} / queries",
        value=(asked - len(wrong)) / asked,
        detail=f"{asked - len(wrong)} of {asked}" + (f"; not {wrong}" if wrong else ""),
    )


def _first_hits(client: httpx.Client, query: str) -> Sequence[str]:
    path = _path(search=query, sort="relevance", count="false")
    answer = client.get(path).raise_for_status().json()
    return [item["source_id"] for item in answer["items"][:FIRST]]


def main() -> int:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search")
    parser.add_argument("url", help="URL of a database that make bench-data filled")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each turn")
    arguments = parser.parse_args()
    for ratio in measure(arguments.url, seconds=arguments.seconds):
        sys.stdout.write(f"{ratio.name:<62} {ratio.value:7.2f}   {ratio.detail}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
