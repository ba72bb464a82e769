"""A collector that does what its query's `text` names, and waits for a file beside this one.

`postings` beside it holds how many postings the site has, `go` lets through whoever waits.
"""

from __future__ import annotations

import signal
import subprocess
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
    RunSummary,
    Transient,
    hookimpl,
)

HERE = Path(__file__).parent
SIZE = 2


class Board(JobCollector[CommonQuery, CollectorSettings]):
    """Pages of two postings; cursors are page numbers."""

    info = CollectorInfo(
        name="gated",
        title="Gated board",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        hosts=("board.example",),
        limits=Limits(max_running=2),
        policy=Policy(summary="none"),
        canary=CommonQuery(text="plain"),
        features=frozenset({"resume"}),
    )

    @classmethod
    def unavailable(cls) -> str | None:
        return "it is broken" if (HERE / "unavailable").exists() else None

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        if query.text == "down" or (HERE / "down").exists():
            raise Transient("nobody answers", error_class="network")
        if query.text == "orphan":
            subprocess.Popen(["sleep", "600"], start_new_session=True)
        if query.text == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        count = int((HERE / "postings").read_text())
        for number in range(int(cursor or 0), max(-(-count // SIZE), 1)):
            if number == 1 and query.text != "plain":
                self.wait(query, ctx)
            last = (number + 1) * SIZE >= count
            ids = range(number * SIZE, min(count, (number + 1) * SIZE))
            yield Page(
                postings=tuple(
                    Posting(
                        source_id=f"{query.location}-{i}",
                        url=f"https://board.example/{i}",
                        title=f"Job {i}",
                        company="Example Works" if query.text != "bare" else None,
                    )
                    for i in ids
                ),
                cursor=None if last else str(number + 1),
                total_hint=count,
            )

    def wait(self, query: CommonQuery, ctx: RunContext) -> None:
        ctx.log.warning("at the gate", place=query.location)
        while not (HERE / "go").exists():
            if query.text == "deaf":
                time.sleep(0.02)
            else:
                ctx.pause(0.02)


@hookimpl
def jobtracker_collectors() -> list[type[Board]]:
    return [Board]


@hookimpl
def jobtracker_run_finished(run: RunSummary) -> None:
    with (HERE / "finished").open("a") as file:
        file.write(f"{run.id} {run.state}\n")
