"""A run keeps its lease while its collector is busy, and writes nothing once it may have lost it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from crews import wait_until
from frozen import FrozenTime
from jobtracker_core import Page, Private
from jobtracker_core.contract.host import Batch
from jobtracker_core.contract.run import RunState
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.runner import beat as beats
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.execute import execute
from jobtracker_core.runner.inline import InlineHost
from jobtracker_core.storage import proxies, runs, search
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import LeaseLost
from jobtracker_core.storage.tables import collector_runs

Pages = Callable[..., Iterator[Page]]


@pytest.fixture
def claim(db: Database) -> runs.Claim:
    return start(db)


def start(db: Database) -> runs.Claim:
    return runs.start(
        db,
        collector="board",
        trigger="manual",
        query={},
        query_hash="q",
        plugin_name=None,
        plugin_version=None,
        concurrency_key="board.example",
        max_running=1,
        worker_id=runs.worker_identity(),
    )


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def unreachable() -> Iterator[Database]:
    db = open_database("postgresql://nobody@127.0.0.1:1/nowhere")
    yield db
    db.close()


def host(db: Database, claim: runs.Claim, beat: Heartbeat, kit) -> InlineHost:
    return InlineHost(
        db,
        claim,
        source="board",
        beat=beat,
        clock=kit.clock,
        stop=threading.Event(),
        on_progress=lambda _: None,
        on_log=lambda *_: None,
    )


def busy_beyond_the_lease(
    frozen: FrozenTime, hand: Hand, claim: runs.Claim, kit, *, renewed: bool
) -> Pages:
    """Pages of a collector that is busy for two leases, in steps of a quarter."""

    def is_renewed() -> bool:
        return runs.get(frozen.db, claim.run_id).heartbeat_at == frozen.at

    def pages(query, ctx, cursor):
        for _ in range(8):
            hand.time += runs.LEASE_S / 4
            frozen.advance(seconds=runs.LEASE_S / 4)
            if renewed:
                wait_until(is_renewed)
        yield Page(postings=(kit.posting(1),), total_hint=1)

    return pages


@pytest.mark.fault(
    "F4",
    done="A collector was busy for longer than the lease.",
    holds="The heartbeat kept the run.",
)
def test_a_collector_that_is_busy_beyond_its_lease_keeps_its_run(
    frozen: FrozenTime, hand: Hand, kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beats, "_BEATS", 1_000)  # of the time outside, in which nothing is late
    db, claim = frozen.db, start(frozen.db)
    task = kit.task(kit.scripted(busy_beyond_the_lease(frozen, hand, claim, kit, renewed=True)))
    with Heartbeat(db, claim, since=hand.time, monotonic=hand) as beat:
        result = execute(
            task, host(db, claim, beat, kit), transport=kit.no_transport, clock=kit.clock
        )
    assert result.outcome.state is RunState.SUCCEEDED, result.outcome.message
    assert search.count_jobs(db) == 1
    alive = [thread.name for thread in threading.enumerate() if "heartbeat" in thread.name]
    assert alive == []


@pytest.mark.fault(
    "F4",
    done="Twin: the heartbeat was taken away while a collector was busy beyond its lease.",
    holds="The run was lost, and nothing of it was written.",
)
def test_without_its_heartbeat_it_loses_the_run_and_writes_nothing(
    frozen: FrozenTime, hand: Hand, kit
) -> None:
    db, claim = frozen.db, start(frozen.db)
    task = kit.task(kit.scripted(busy_beyond_the_lease(frozen, hand, claim, kit, renewed=False)))
    beat = Heartbeat(db, claim, since=hand.time, monotonic=hand)
    with pytest.raises(LeaseLost):
        execute(task, host(db, claim, beat, kit), transport=kit.no_transport, clock=kit.clock)
    assert search.count_jobs(db) == 0


def test_a_request_to_stop_reaches_the_run(db: Database, claim: runs.Claim, kit) -> None:
    beat = Heartbeat(db, claim, since=time.monotonic())
    assert beat.beat(db)
    assert host(db, claim, beat, kit).cancelled() is None
    runs.request_cancel(db, claim.run_id)
    assert beat.beat(db)
    assert host(db, claim, beat, kit).cancelled() == "stopped"


def test_a_run_that_somebody_else_has_is_given_up_at_once(
    db: Database, claim: runs.Claim, kit
) -> None:
    beat = Heartbeat(db, claim, since=time.monotonic())
    with db.write() as conn:
        conn.execute(sa.update(collector_runs).values(fence=2, worker_id="somebody"))
    assert not beat.beat(db)
    for use in (host(db, claim, beat, kit).cancelled, beat.check):
        with pytest.raises(LeaseLost, match="worker somebody has it"):
            use()


def test_a_database_that_does_not_answer_is_trusted_no_longer_than_its_last_word(
    db: Database, claim: runs.Claim, hand: Hand, unreachable: Database, kit
) -> None:
    beat = Heartbeat(db, claim, since=hand.time, lease_s=60, monotonic=hand)
    hand.time += 54
    assert beat.beat(unreachable)
    beat.check()
    hand.time += 2
    inline = host(db, claim, beat, kit)
    for write in (inline.cancelled, lambda: inline.deliver(Batch(kind="list", records=()))):
        with pytest.raises(LeaseLost, match="could not renew its lease in time"):
            write()
    assert runs.get(db, claim.run_id).counts.pages == 0


def test_a_slow_round_trip_stretches_nothing(
    db: Database, claim: runs.Claim, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat = Heartbeat(db, claim, since=hand.time, lease_s=60, monotonic=hand)

    def slow(*_args: object, **_how: object) -> bool:
        hand.time += 50
        return False

    monkeypatch.setattr(runs, "beat", slow)
    assert beat.beat(db)
    hand.time += 4
    beat.check()
    hand.time += 2
    with pytest.raises(LeaseLost):
        beat.check()


def test_a_delivery_renews_the_trust(db: Database, hand: Hand, kit) -> None:
    claim = start(db)
    beat = Heartbeat(db, claim, since=hand.time, lease_s=60, monotonic=hand)
    inline = host(db, claim, beat, kit)
    hand.time += 50
    inline.deliver(Batch(kind="list", records=()))
    hand.time += 50
    beat.check()


def test_a_page_that_took_too_long_to_write_is_not_kept(
    db: Database, claim: runs.Claim, hand: Hand, kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat = Heartbeat(db, claim, since=hand.time, lease_s=60, monotonic=hand)
    checkpoint = runs.checkpoint

    def late(*args, **how) -> None:
        checkpoint(*args, **how)
        hand.time += 60

    monkeypatch.setattr(runs, "checkpoint", late)
    kept = (normalise(kit.posting(1), private=Private()),)
    with pytest.raises(LeaseLost):
        host(db, claim, beat, kit).deliver(Batch(kind="list", records=kept))
    assert search.count_jobs(db) == 0


def test_what_a_plugin_logs_of_its_proxy_is_hidden(db: Database, claim: runs.Claim, kit) -> None:
    proxies.add(db, "http://canary-user:canary-word@gate.example:80", pool="home")
    lines: list[object] = []
    inline = InlineHost(
        db,
        claim,
        source="board",
        beat=Heartbeat(db, claim, since=time.monotonic()),
        pool=proxies.find_pool(db, "home"),
        clock=kit.clock,
        stop=threading.Event(),
        on_progress=lambda _: None,
        on_log=lambda *line: lines.append(line),
    )
    proxy = inline.proxy()
    assert proxy is not None
    inline.log("info", f"asking {proxy.url}", {"proxy": proxy.url, "n": 1})
    assert "***@gate.example:80" in str(lines)
    assert "canary" not in str(lines)
