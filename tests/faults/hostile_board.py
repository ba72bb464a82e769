"""A collector that does what its query's `text` names: harm of every kind, or nothing but its work."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import mmap
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from jobtracker_core import (
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    JobCollector,
    Limits,
    Page,
    Pay,
    Policy,
    Posting,
    RunContext,
    hookimpl,
)
from odd_items import AMOUNTS, RAW

Mode = Callable[[RunContext], Iterator[Page]]
MODES: dict[str, Mode] = {}
MEGABYTE = 1024 * 1024
BULK = {"text": "word " * 25_000}
"""Nearly as much as is kept of one item."""


def mode(function: Callable[[RunContext], Iterator[Page] | None]) -> None:
    """Register a mode; one that only does something is followed by a good page."""

    def pages(ctx: RunContext) -> Iterator[Page]:
        made = function(ctx)
        yield from (page(1),) if made is None else made

    MODES[function.__name__] = pages


def posting(number: int, **fields: Any) -> Posting:
    return Posting(
        source_id=str(number),
        url=f"https://board.example/{number}",
        title=f"Job {number}",
        **fields,
    )


def page(*numbers: int, cursor: str | None = None) -> Page:
    return Page(postings=tuple(map(posting, numbers)), cursor=cursor)


def spin() -> None:
    while True:
        pass


def rest() -> None:
    while True:
        time.sleep(60)


def forked(function: Callable[[], object]) -> int:
    """Run a function in a copy of this process; return its process id."""
    pid = os.fork()
    if pid == 0:
        try:
            function()
        finally:
            os._exit(0)
    return pid


@mode
def good(ctx):
    yield page(1, 2, cursor="2")
    yield page(3)


@mode
def prints(ctx):
    print("by print")  # noqa: T201
    print("by print to stderr", file=sys.stderr)  # noqa: T201
    os.write(1, b"by write\n")
    os.write(1, b"\xff\x00 no text\n")
    subprocess.run(["/bin/sh", "-c", "echo by a program"], check=True)


@mode
def floods_output(ctx):
    while True:
        os.write(1, b"x" * 65_536)


@mode
def floods_log(ctx):
    while True:
        ctx.log.info("again", text="x" * 1_000)


@mode
def huge_log(ctx):
    ctx.log.info("e" * MEGABYTE, text="x" * 50 * MEGABYTE, number=2**70, odd="\ud800")


@mode
def huge_page(ctx):
    yield Page(postings=tuple(posting(n, raw=BULK) for n in range(150)))


@mode
def many_pages(ctx):
    for number in range(1_000):
        yield Page(postings=(posting(number, raw=BULK),), cursor=str(number))


@mode
def endless_paging(ctx):
    for number in range(1_000_000):
        yield page(number, cursor=str(number))


@mode
def leaves_processes(ctx):
    def detach() -> None:
        os.setsid()
        forked(rest)

    forked(rest)
    os.waitpid(forked(detach), 0)
    subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)


@mode
def leaves_processes_without_a_mark(ctx):
    process = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True, env={})
    ctx.log.info("started", pid=process.pid)
    # The parent is still there when the processes are looked at.
    while not (Path(__file__).parent / f"looked-{os.environ['JT_RUN']}").exists():
        ctx.pause(0.02)


@mode
def eight_forks_that_spin(ctx):
    for _ in range(8):
        forked(spin)
    rest()


@mode
def two_copies_go_on(ctx):
    os.fork()


@mode
def leaks_files(ctx):
    kept = []
    while True:
        kept.append(Path("/dev/null").open())  # noqa: SIM115


@mode
def opens_many_files(ctx):
    with contextlib.ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(Path("/dev/null").open())


@mode
def exits(ctx):
    os._exit(0)


@mode
def exits_with_a_code(ctx):
    os._exit(3)


@mode
def leaves_by_exception(ctx):
    raise SystemExit(0)


@mode
def interrupts(ctx):
    raise KeyboardInterrupt


@mode
def writes_rubbish(ctx):
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"\x00\x00\x00\x05rubbish" * 100)
    rest()


@mode
def closes_the_pipe(ctx):
    os.closerange(3, 256)
    rest()


@mode
def ignores_sigterm(ctx):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ctx.log.info("hanging")
    rest()


@mode
def waits_politely(ctx):
    yield page(1, cursor="1")
    ctx.log.info("waiting")
    ctx.pause(600)


@mode
def hangs(ctx):
    yield page(1, cursor="1")
    ctx.log.info("hanging")
    rest()


@mode
def hangs_in_company(ctx):
    forked(rest)
    yield page(1, cursor="1")
    ctx.log.info("hanging")
    rest()


@mode
def stops_itself(ctx):
    ctx.log.info("hanging")
    os.kill(os.getpid(), signal.SIGSTOP)


@mode
def hogs_memory(ctx):
    kept = []
    while True:
        kept.append(bytearray(8 * MEGABYTE))


@mode
def hogs_shared_memory(ctx):
    kept = []
    while True:
        block = mmap.mmap(-1, 16 * MEGABYTE)
        block.write(b"x" * 16 * MEGABYTE)
        kept.append(block)
        time.sleep(0.02)


@mode
def hogs_memory_in_children(ctx):
    def hold() -> None:
        kept = bytearray(b"x") * (150 * MEGABYTE)
        rest()
        kept.clear()

    for _ in range(4):
        forked(hold)
    rest()


@mode
def loops(ctx):
    spin()


@mode
def matches_for_ever(ctx):
    re.match(r"(a+)+$", "a" * 64 + "b")


@mode
def segfaults(ctx):
    ctypes.string_at(0)


@mode
def aborts(ctx):
    os.abort()


@mode
def changes_the_process(ctx):
    os.chdir("/")
    os.umask(0o777)
    for number in (signal.SIGTERM, signal.SIGXCPU, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout = sys.stderr = None
    os.environ.clear()
    os.nice(5)


@mode
def never_exits(ctx):
    atexit.register(rest)
    threading.Thread(target=rest).start()


@mode
def spies(ctx):
    ctx.log.info("environment", text=" ".join(f"{k}={v}" for k, v in os.environ.items()))
    ctx.log.info("command line", text=Path("/proc/self/cmdline").read_text())
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            ctx.log.info("descriptor", number=entry.name, to=str(entry.readlink()))


def delivers(kind: str) -> Iterator[Page]:
    """An odd raw item between two good ones, or odd numbers elsewhere."""
    if kind == "huge_total":
        yield Page(postings=(posting(1),), total_hint=10**30)
    elif kind == "odd_pay":
        pays = [Pay(min=value, max=value) for value in AMOUNTS]
        yield Page(postings=tuple(posting(n, pay=pay) for n, pay in enumerate(pays)))
    else:
        yield Page(postings=(posting(1), posting(2, raw=RAW[kind]()), posting(3)))


class Item(Struct):
    id: int
    title: str = "Job"


class Answer(Struct):
    items: list[Any]


def asks(ctx: RunContext, address: str) -> Iterator[Page]:
    """Not hostile at all: what it asks is."""
    response = ctx.http.get(address)
    if not address.endswith(".json"):
        yield page(1)
        return
    items = ctx.each(ctx.decode(response, Answer).items, Item, path="$.items")
    postings = tuple(posting(item.id, raw=raw) for raw, item in items.pairs())
    yield Page(postings=postings, skipped=items.skipped)


class HostileBoard(JobCollector[CommonQuery, CollectorSettings]):
    info = CollectorInfo(
        name="hostile",
        title="Hostile",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        hosts=("board.example",),
        policy=Policy(summary="none"),
        canary=CommonQuery(text="good"),
        features=frozenset({"resume"}),
        limits=Limits(per_minute=60_000),
    )

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        mode = str(query.text)
        if mode.startswith("http"):
            yield from asks(ctx, mode)
        elif mode.startswith("delivers "):
            yield from delivers(mode.removeprefix("delivers "))
        else:
            yield from MODES[mode](ctx)


class PatientBoard(HostileBoard):
    info = CollectorInfo(
        **{
            **{name: getattr(HostileBoard.info, name) for name in CollectorInfo.__struct_fields__},
            "name": "hostile_endless",
            "limits": Limits(max_pages=50),
        }
    )


class HastyBoard(HostileBoard):
    info = CollectorInfo(
        **{
            **{name: getattr(HostileBoard.info, name) for name in CollectorInfo.__struct_fields__},
            "name": "hostile_hasty",
            "limits": Limits(per_minute=60_000, timeout=1.0),
        }
    )


@hookimpl
def jobtracker_collectors():
    return [HostileBoard, PatientBoard, HastyBoard]
