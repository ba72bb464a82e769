"""Collecting here for a server: what arrives there, and what a bad line does to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from access import token_for
from jobtracker_core import JobTracker, RemoteTracker, Settings, connect
from jobtracker_core.client import errors, host
from jobtracker_core.client.address import read_server
from jobtracker_core.client.host import SendingHost
from jobtracker_core.client.session import Session
from jobtracker_core.client.transport import Answer, HttpWire, Request
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.host import Batch
from jobtracker_core.contract.posting import Posting
from jobtracker_core.contract.run import RunState
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.plugins.discovery import UnknownCollector
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.pace import LocalPace
from jobtracker_core.tracker.ingest import IngestBatch, Ingested, Rejected
from jobtracker_hiringcafe.practice import HiringCafeSite

HERE = {
    "id", "first_seen_at", "details_at", "changed_at", "first_run_id", "company_id", "created_at",
    "last_seen_at", "last_run_id", "updated_at",
}  # fmt: skip
"""What is not the site's: when and by which run it was stored."""


class BadLine(HttpWire):
    """Loses so many answers to batches in a row, of every other batch."""

    def __init__(self, url: str, *, loses: int) -> None:
        super().__init__(read_server(url))
        self.loses = loses
        self.left = loses
        self.lost = 0

    def send(self, request: Request, *, timeout: float) -> Answer:
        answer = super().send(request, timeout=timeout)
        if "ingest" in request.path and self.left:
            self.left -= 1
            self.lost += 1
            raise errors.Lost("lost", "Try again.")
        self.left = self.loses
        return answer


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    with HiringCafeSite(postings=45) as site:
        yield site


@pytest.fixture
def here(site: HiringCafeSite, tmp_path: Path) -> Settings:
    """The settings of the machine that collects: there is no database."""
    return Settings(
        data_dir=tmp_path / "here",
        database_url=f"sqlite:///{tmp_path}/no/database.db",
        plugins=("hiringcafe",),
        collectors={"hiringcafe": {"base_url": site.base_url, "per_minute": 60_000}},
    )


@pytest.fixture
def sender(server: str, tracker: JobTracker) -> Iterator[Callable[..., RemoteTracker]]:
    """Connect with a token that may send alone."""
    opened = []

    def open_(wire: HttpWire | None = None, **options: Any) -> RemoteTracker:
        token = tracker.tokens.create("sender", [Scope.INGEST], **options).text
        if wire is None:
            remote = connect(server, token=token)
        else:
            remote = RemoteTracker(Session(wire, url=server, token=token))
        opened.append(remote)
        return remote

    yield open_
    for remote in opened:
        remote.close()


def stored(tracker: JobTracker) -> list[Any]:
    """Return all that the site said, job by job."""

    def bare(thing: Any) -> Any:
        if isinstance(thing, dict):
            return {name: bare(value) for name, value in thing.items() if name not in HERE}
        return [bare(one) for one in thing] if isinstance(thing, list | tuple) else thing

    details = [tracker.jobs.get(job.id) for job in tracker.jobs.search(limit=500).items]
    return sorted((bare(msgspec.to_builtins(one)) for one in details), key=str)


def test_the_same_is_stored_as_if_it_had_been_collected_there(
    tracker, here, site, sender, tmp_path
) -> None:
    remote = sender(collector="hiringcafe")
    collected = remote.collect("hiringcafe", {"limit": 42}, settings=here)
    assert collected.run.state is RunState.SUCCEEDED
    assert (collected.run.counts.new, collected.run.counts.details) == (42, 42)
    run = tracker.runs.get(collected.run.id)
    assert (run.state, run.trigger, run.query["limit"]) == (RunState.SUCCEEDED, "api", 42)
    kept = ("pages", "seen", "new", "changed", "details", "http_requests", "bytes_in")
    for name in kept:
        assert getattr(run.counts, name) == getattr(collected.run.counts, name), name
    assert not (tmp_path / "no").exists()

    local = msgspec.structs.replace(here, database_url=f"sqlite:///{tmp_path}/local.db")
    with JobTracker(local) as other:
        other.collectors.set_enabled("hiringcafe", True)
        other.collect("hiringcafe", {"limit": 42})
        assert stored(other) == stored(tracker)
    again = remote.collect("hiringcafe", {"limit": 42}, settings=here)
    assert (again.run.counts.new, again.run.counts.changed) == (0, 0)
    assert (again.run.counts.unchanged, again.run.counts.details) == (42, 0)
    assert again.run.id != collected.run.id


def test_what_gets_lost_is_sent_again_and_stored_once(
    tracker, here, server, sender, monkeypatch
) -> None:
    monkeypatch.setattr(host, "_FIRST_PAUSE_S", 0.001)
    line = BadLine(server, loses=3)
    lines: list[str] = []
    collected = sender(line).collect(
        "hiringcafe", {"limit": 5}, settings=here, on_log=lambda _, event, __: lines.append(event)
    )
    assert collected.run.state is RunState.SUCCEEDED
    assert line.lost == 3 * 7  # one page, five details, and the end
    assert lines.count("a page has not arrived; it is sent again") == 7
    [run] = tracker.runs.list()
    assert (run.counts.new, run.counts.details, run.state) == (5, 5, RunState.SUCCEEDED)
    assert tracker.jobs.count() == 5
    assert len(tracker.audit.list(action="ingest", limit=200).items) == 7


def test_a_server_that_stays_away_ends_the_run_with_its_name(
    tracker, here, server, sender, monkeypatch
) -> None:
    monkeypatch.setattr(host, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(host, "PATIENCE_S", 0.05)
    with pytest.raises(errors.Lost):
        sender(BadLine(server, loses=10**9)).collect("hiringcafe", {"limit": 5}, settings=here)
    [run] = tracker.runs.list()
    assert run.state is RunState.RUNNING  # until its silence has lasted a quarter of an hour


def test_a_run_that_is_stopped_keeps_what_was_sent(tracker, here, sender) -> None:
    stop = threading.Event()
    collected = sender().collect(
        "hiringcafe", {}, settings=here, stop=stop, on_progress=lambda _: stop.set()
    )
    assert collected.run.state is RunState.CANCELLED
    run = tracker.runs.get(collected.run.id)
    assert (run.state, run.error_class) == (RunState.PARTIAL, "cancelled")
    assert tracker.jobs.count() > 0


def test_what_cannot_be_sent_is_not_collected(here, site, sender, remote, tracker) -> None:
    def collect(facade: RemoteTracker, name: str = "hiringcafe", query: Any = None, **more: Any):
        return facade.collect(name, query or {}, settings=here, **more)

    with pytest.raises(UnknownCollector):
        collect(remote, "nobody")
    with pytest.raises(FormError):
        collect(remote, query={"limit": "many"})
    with pytest.raises(errors.NarrowToken, match="sends pages of other alone"):
        collect(sender(collector="other"))
    with (
        connect(remote.url, token=token_for(tracker, Scope.JOBS_READ)) as reader,
        pytest.raises(errors.NarrowToken, match="does not allow ingest; it allows jobs:read"),
    ):
        collect(reader)
    collectors = {"hiringcafe": {"proxy_pool": "p"}}
    with pytest.raises(ConfigError, match="pools are kept in a database"):
        remote.collect(
            "hiringcafe", {}, settings=msgspec.structs.replace(here, collectors=collectors)
        )
    assert not site.requests
    assert tracker.runs.list() == ()


class Picky:
    """A server that cannot read the second posting of a batch; `batches` are those that came."""

    def __init__(self) -> None:
        self.batches: list[IngestBatch] = []

    def put(self, batch: IngestBatch) -> Ingested:
        self.batches.append(batch)
        found = len(batch.postings)
        rejected = (Rejected(index=1, field="title", reason="is empty"),) if found > 1 else ()
        return Ingested(
            run_id=7, batch=batch.batch, state=RunState.RUNNING, found=found, new=found,
            changed=0, unchanged=0, rejected=rejected, details_wanted=("p3",),
        )  # fmt: skip


def test_pages_are_cut_to_what_a_server_takes_and_what_it_rejects_is_told(tmp_path) -> None:
    picky, told = Picky(), []
    pace = LocalPace(tmp_path / "pace.db")
    sending = SendingHost(
        picky,  # type: ignore[arg-type]  # it has the one method that counts
        IngestBatch(collector="board", key="k", batch=1),
        pace=pace,
        stop=threading.Event(),
        on_progress=lambda _: None,
        on_log=lambda _, event, fields: told.append((event, fields.get("path"))),
    )
    for count, size in ((1_001, 1), (300, 1_000)):
        picky.batches.clear()
        records = tuple(
            normalise(
                Posting(
                    source_id=f"p{number}",
                    url=f"https://board.example/{number}",
                    title="x",
                    description=("y" * 60 + " ") * size,
                )
            )
            for number in range(count)
        )
        ack = sending.deliver(Batch(kind="list", records=records))
        assert ack.new == count
        assert len(picky.batches) > 1
        assert sum(len(batch.postings) for batch in picky.batches) == count
        assert all(len(batch.postings) <= 1_000 for batch in picky.batches)
        assert all(len(msgspec.json.encode(batch)) < 9_000_000 for batch in picky.batches)
    assert sending.rejected > 1
    assert len({batch.batch for batch in picky.batches}) == len(picky.batches)
    assert ("the server cannot read a posting", "postings[1].title") in told
    assert sending.deliver(Batch(kind="list", records=())).new == 0
    refs = list(records[:5])
    assert [ref.source_id for ref in sending.details_wanted(refs)] == ["p3"]  # type: ignore[arg-type]
    grants = [pace.acquire("site:x", per_minute=60, burst=1).wait for _ in range(2)]
    assert (grants[0], grants[1] > 0) == (0, True)
    pace.slow_down("site:x", cause="http_429", retry_after=600)
    pace.close()
    with_later_run = LocalPace(tmp_path / "pace.db")
    assert with_later_run.acquire("site:x", per_minute=60, burst=1).cooling
    with_later_run.close()
