"""A site of known postings, and a collector that reads it: plainly, with a wait, or to its death.

`text` names what it does, `location` which postings the site has; one text stands for a single long
page. `go` beside this file lets
through whoever waits.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from jobtracker_core import (
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    JobCollector,
    Limits,
    Page,
    Policy,
    Posting,
    RunContext,
    hookimpl,
)

HERE = Path(__file__).parent
PAGES, SIZE = 4, 3
MANY, BAD = 500, 317


def one_of_many(number: int) -> Posting:
    """A posting of a long page; one of them has no title."""
    return Posting(
        source_id=f"many-{number}",
        url=f"https://board.example/many/{number}",
        title=" " if number == BAD else f"Job {number}",
    )


class Board(JobCollector[CommonQuery, CollectorSettings]):
    """Four pages of three postings; cursors are page numbers."""

    info = CollectorInfo(
        name="crew",
        title="Crew board",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        hosts=("board.example",),
        limits=Limits(max_running=2),
        policy=Policy(summary="none"),
        canary=CommonQuery(text="plain"),
        features=frozenset({"resume"}),
    )

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        if query.text == "one of many is bad":
            yield Page(postings=tuple(map(one_of_many, range(MANY))), total_hint=MANY)
            return
        for number in range(int(cursor or 0), PAGES):
            if number == 1:
                self.halfway(query, ctx)
            yield Page(
                postings=tuple(
                    Posting(
                        source_id=f"{query.location}-{i}",
                        url=f"https://board.example/{i}",
                        title=f"Job {i}",
                    )
                    for i in range(number * SIZE, (number + 1) * SIZE)
                ),
                cursor=None if number == PAGES - 1 else str(number + 1),
                total_hint=PAGES * SIZE,
            )

    def halfway(self, query: CommonQuery, ctx: RunContext) -> None:
        match query.text:
            case "gated":
                ctx.log.warning("at the gate", place=query.location)
                while not (HERE / "go").exists():
                    ctx.pause(0.02)
            case "deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                ctx.log.warning("at the gate", place=query.location)
                while True:
                    time.sleep(60)
            case "kills its worker":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(60)
            case "crashes":
                ctypes.string_at(0)
            case _:
                ctx.pause(0.05)


@hookimpl
def jobtracker_collectors() -> list[type[Board]]:
    return [Board]
