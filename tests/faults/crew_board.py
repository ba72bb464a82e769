"""A site of known postings, and a collector that reads it: plainly, with a wait, or to its death.

`text` names what it does, `location` which postings the site has. `go` beside this file lets
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
