"""Postings on their whole way into the database, without a site's network.

    python -m tests.benchmarks.ingest_path URL_OF_A_DATABASE

Through a run's process: a collector there decodes pages of 1,000 postings from memory, they are
normalised, cross the pipe, and are committed under the run's fence. What is timed goes from one
commit to the next: a process and its imports are measured by `child`. The other side is the page
write alone, of the same records in the same pages.

Over HTTP: one client sends batches of 1,000 to a server on loopback, against COPY (SQLite:
`executemany`) of the very rows that such a batch leaves, through the driver alone.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import msgspec

from jobtracker_core import CollectorSettings, CommonQuery, JobTracker, Settings
from jobtracker_core.contract.host import Ack, Batch, PayRecord, Record
from jobtracker_core.contract.posting import Pay, Posting
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.runner.inline import InlineHost
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.supervisor import run_in_child
from jobtracker_core.storage import runs, upsert
from jobtracker_core.storage.engine import Database
from tests.benchmarks import memory_board
from tests.benchmarks.corpus import BEGINS, Corpus
from tests.benchmarks.databases import Driver, insert, opened, read_rows, renumbered, settle
from tests.benchmarks.http_reads import served
from tests.benchmarks.ratio import Ratio, compare
from tests.benchmarks.whole_run import started

PAGE = 1_000
PAGES = 5
_FAR = 1_000_000
"""How far beyond what is stored the bare rows' numbers begin."""

_PLUGIN = "memory_board"
_MARK = b"@number@"
"""Stands in a batch's ids, and becomes another number each time."""


def measure(db: Database, driver: Driver, url: str, *, rounds: int) -> Iterator[Ratio]:
    """Compare the way through a run's process, and the one over HTTP."""
    made = [_posting(one.record) for page in Corpus(size=PAGE * PAGES).pages(PAGE) for one in page]
    pages = [made[start : start + PAGE] for start in range(0, len(made), PAGE)]
    yield _through_child(db, pages, rounds)
    yield _over_http(db, driver, url, pages[0], rounds)


def _posting(record: Record) -> Posting:
    """Return what a site would have said of a record."""
    names = set(Posting.__struct_fields__) - {"pay", "posted_precision"}
    said = {name: getattr(record, name) for name in names}
    return Posting(**said, pay=None if record.pay is None else _pay(record.pay))


def _pay(pay: PayRecord) -> Pay:
    return Pay(**{name: getattr(pay, name) for name in Pay.__struct_fields__})


def _through_child(db: Database, pages: list[list[Posting]], rounds: int) -> Ratio:
    sources = (f"child{number}" for number in count(time.time_ns()))
    records = [[normalise(posting) for posting in page] for page in pages]
    with _installed(pages):
        _run(db, next(sources))
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            taken[0].append(_run(db, next(sources)))
            taken[1].append(_write(db, records[1:], next(sources)))
    ours, alone = map(median, taken)
    return Ratio(
        name=f"{db.dialect}: a run's process, decode to commit / page write",
        value=ours / alone,
        detail=f"{1 / ours:,.0f} rows/s against {1 / alone:,.0f} rows/s, {alone / ours:.2f} of it,"
        f" pages of {PAGE:,} new postings",
    )


@contextmanager
def _installed(pages: list[list[Posting]]) -> Iterator[None]:
    """Install the collector of a site that has these pages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        info = folder / f"{_PLUGIN}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {_PLUGIN}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[jobtracker]\n{_PLUGIN} = {_PLUGIN}\n")
        shutil.copy(memory_board.__file__, folder / f"{_PLUGIN}.py")
        (folder / "pages").write_bytes(b"\n".join(map(msgspec.json.encode, pages)))
        sys.path.insert(0, name)
        try:
            yield
        finally:
            sys.path.remove(name)


class _Timed(InlineHost):
    """Notes when each page was committed."""

    committed: tuple[float, ...] = ()

    def deliver(self, batch: Batch) -> Ack:
        ack = super().deliver(batch)
        if batch.records:
            assert ack.new == PAGE, ack
            self.committed = (*self.committed, time.perf_counter())
        return ack


def _run(db: Database, source: str) -> float:
    """Run the collector in a process of its own; return the seconds of a row."""
    since, clock = time.monotonic(), SystemClock()
    claim = started(db, source)
    task = Task(
        collector=memory_board.MemoryBoard, settings=CollectorSettings(), query=CommonQuery()
    )
    with Heartbeat(db, claim, since=since) as beat:
        host = _Timed(
            db,
            claim,
            source=source,
            beat=beat,
            clock=clock,
            stop=threading.Event(),
            on_progress=lambda _: None,
            on_log=lambda *_: None,
        )
        result = run_in_child(
            task, host, RunLimits(), plugin=_PLUGIN, label="benchmark", clock=clock
        )
    assert result.counts.new == PAGES * PAGE, result.outcome
    runs.finish(db, claim, state=result.outcome.state, counts=result.tail)
    first, *_, last = host.committed
    return (last - first) / ((PAGES - 1) * PAGE)


def _write(db: Database, pages: list[list[Record]], source: str) -> float:
    start = time.perf_counter()
    for page in pages:
        with db.write() as conn:
            upsert.write_page(
                conn, source=source, kind="list", records=page, run_id=None, now=BEGINS
            )
    return (time.perf_counter() - start) / (len(pages) * PAGE)


def _over_http(db: Database, driver: Driver, url: str, page: list[Posting], rounds: int) -> Ratio:
    name = f"sent{time.time_ns()}"
    bodies = _bodies(name, page, rounds + 2)
    settings = Settings(data_dir=Path(), database_url=url, plugins=())
    with JobTracker(settings) as tracker, served(url) as address:
        token = tracker.tokens.create(name, ["ingest"]).text
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as connection:
            head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}"
            _send(connection, head, next(bodies))
            template = read_rows(db, driver, name)
            assert len(template["jobs"]) == PAGE
            far = max(row[0] for row in template["jobs"]) + _FAR
            bare = iter(
                [
                    renumbered(template, far + n * 10 * PAGE, f"bare{name}")
                    for n in range(rounds + 1)
                ]
            )
            ratio = compare(
                f"{db.dialect}: POST /collect/ingest / bare"
                f" {'COPY' if db.dialect == 'postgresql' else 'executemany'}",
                lambda: _send(connection, head, next(bodies)),
                lambda: insert(db, driver, next(bare)),
                rounds=rounds,
                unit=f"{PAGE} new postings",
            )
    settle(db, driver)
    return msgspec.structs.replace(ratio, detail=f"{ratio.detail}, {1 / ratio.value:.2f} of it")


def _bodies(collector: str, page: list[Posting], number: int) -> Iterator[bytes]:
    """Give batches of one run, each with other ids."""
    marked = [
        msgspec.structs.replace(posting, source_id=f"{_MARK.decode()}-{posting.source_id}")
        for posting in page
    ]
    made = [
        msgspec.json.encode(
            {"collector": collector, "key": "bench", "batch": batch, "postings": marked}
        ).replace(_MARK, b"%d" % batch)
        for batch in range(1, number + 1)
    ]
    return iter(made)


def _send(connection: socket.socket, head: str, body: bytes) -> None:
    """Send a batch over a kept connection, and read the answer."""
    start = f"POST /api/v1/collect/ingest HTTP/1.1\r\n{head}\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0 or len(data) < end + 4 + _length(data[:end]):
        more = connection.recv(262_144)
        if not more:
            raise ConnectionError("the server hung up")
        data += more
    if not data.startswith(b"HTTP/1.1 200") or f'"new":{PAGE}'.encode() not in data:
        raise RuntimeError(data[:500])


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])


def main() -> int:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ingest_path")
    parser.add_argument("url", help="URL of a database; what is stored stays in it")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with opened(arguments.url) as (db, driver):
        for ratio in measure(db, driver, arguments.url, rounds=arguments.rounds):
            sys.stdout.write(f"{ratio.name:<62} {ratio.value:7.3f}   {ratio.detail}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
