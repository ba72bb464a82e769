"""The whole path of `execute` on a practice site without its network.

The site's answers are asked once and then kept in memory, so neither sockets nor the making of
answers is measured. The bare side does the work that no design can leave out, on the same answers:
the plugin's own `collect()` and `details()` on a context that only hands the answers over,
`normalise`, and one `executemany` of the rows for the list and the details. The ratio is what the
rest costs: the client with its classification, the counters, filters and checks of a run, the page
write, and a transaction with lease and cursor for every page and every detail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from jobtracker_core.contract.context import Response
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.http.exchange import Answer, Request
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.context import Context, Stopwatch
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import execute
from jobtracker_core.runner.filters import QueryFilters
from jobtracker_core.runner.inline import InlineHost
from jobtracker_core.runner.session import Task
from jobtracker_core.storage import runs
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.testing.practice import Seen
from jobtracker_hiringcafe import HiringCafe, HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite
from tests.benchmarks.databases import Driver, Rows, insert, read_rows, renumbered
from tests.benchmarks.ratio import Ratio, compare

POSTINGS = 330
NOW = datetime(2026, 11, 23, tzinfo=UTC)
_FAR = 5_000_000_000
_BASE = "http://127.0.0.1:1"


class KeptAnswers:
    """A transport that asks the site's own code once per address and then answers from memory."""

    def __init__(self, site: HiringCafeSite) -> None:
        self._site = site
        self._kept: dict[str, Answer] = {}

    def send(self, request: Request, *, timeout: float) -> Answer:
        if request.url not in self._kept:
            parts = urlsplit(request.url)
            reply, _ = self._site.serve(
                Seen(
                    method=request.method,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                    headers={name: value or "" for name, value in request.headers},
                )
            )
            headers = {"content-type": reply.content_type, **reply.headers}
            self._kept[request.url] = Answer(
                status=reply.status,
                url=request.url,
                headers=tuple((name.lower(), value) for name, value in headers.items()),
                content=reply.body,
                elapsed=0.0,
            )
        return self._kept[request.url]

    def close(self) -> None:
        """Nothing is open."""


class _HandsOver:
    """An `Http` that hands answers over and looks at nothing."""

    def __init__(self, answers: KeptAnswers) -> None:
        self._answers = answers

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str | None] | None = None,
        accept: Collection[int] = (200,),
    ) -> Response:
        if params:
            url = f"{url}?{urlencode(params)}"
        answer = self._answers.send(Request(method="GET", url=url), timeout=1)
        return Response(
            status=answer.status,
            url=url,
            headers=dict(answer.headers),
            content=answer.content,
            elapsed=0.0,
        )

    def post(self, url: str, **_: Any) -> Response:
        raise AssertionError(f"HiringCafe posts nothing, but {url}")


def measure(db: Database, driver: Driver, *, rounds: int) -> list[Ratio]:
    """Compare a run in which every posting is new with the work it cannot do without."""
    answers = KeptAnswers(HiringCafeSite(postings=POSTINGS))
    settings = HiringCafe.info.settings(base_url=_BASE, per_minute=1e9)
    task = Task(collector=HiringCafe, settings=settings, query=HiringCafeQuery())
    sources = (f"run{number}" for number in count())
    _run(db, task, answers, "template")
    template = read_rows(db, driver, "template")
    assert len(template["jobs"]) == POSTINGS
    bare = iter([renumbered(template, _FAR + n * 10_000, "bare") for n in range(rounds + 1)])
    return [
        compare(
            f"{db.dialect}: execute / bare reading and writing",
            lambda: _run(db, task, answers, next(sources)),
            lambda: _bare(db, driver, task, answers, next(bare)),
            rounds=rounds,
            unit=f"{POSTINGS} postings with details",
        )
    ]


def started(db: Database, source: str) -> Claim:
    """Begin a run of a collector."""
    return runs.start(
        db,
        collector=source,
        trigger="manual",
        query={},
        query_hash=source,
        plugin_name=None,
        plugin_version=None,
        concurrency_key=source,
        max_running=1,
        worker_id=runs.worker_identity(),
    )


def _run(db: Database, task: Task, answers: KeptAnswers, source: str) -> None:
    since = time.monotonic()
    claim = started(db, source)
    clock = JumpClock(NOW)
    with Heartbeat(db, claim, since=since) as beat:
        host = InlineHost(
            db,
            claim,
            source=source,
            beat=beat,
            clock=clock,
            stop=threading.Event(),
            on_progress=lambda _: None,
            on_log=lambda *_: None,
        )
        result = execute(task, host, transport=answers, clock=clock)
    assert result.counts.new == result.counts.details == POSTINGS, result.outcome
    runs.finish(db, claim, state=result.outcome.state, counts=result.tail)


def _bare(db: Database, driver: Driver, task: Task, answers: KeptAnswers, rows: Rows) -> None:
    host, clock = DryHost(), JumpClock(NOW)
    context = Context(
        http=_HandsOver(answers),
        host=host,
        clock=clock,
        watch=Stopwatch(clock, host, seconds=3600),
        filters=QueryFilters(task.query, task.collector.info),
    )
    collector = task.collector(task.settings)
    private = task.collector.info.private
    listed: list[Record] = []
    for page in collector.collect(task.query, context):
        listed += [normalise(posting, private=private) for posting in page.postings]
    for record in listed:
        ref = PostingRef(source_id=record.source_id, url=record.url, title=record.title)
        normalise(collector.details(ref, context), private=private)
    assert len(listed) == POSTINGS
    insert(db, driver, rows)
