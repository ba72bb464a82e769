"""A collector whose site needs no network, and which takes its time or waits for a file.

The word `text` of its query says how: "quick", "paced" (a pause before each page) or "gated"
(before its second page it waits for the file `go` beside this one).
"""

from __future__ import annotations

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
SIZE = 5
PAGES = 6


class Board(JobCollector[CommonQuery, CollectorSettings]):
    """Six pages of five postings; cursors are page numbers."""

    info = CollectorInfo(
        name="paced",
        title="Paced board",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        hosts=("board.example",),
        limits=Limits(max_running=4),
        policy=Policy(summary="none"),
        canary=CommonQuery(text="quick"),
        features=frozenset({"resume"}),
    )

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        for number in range(int(cursor or 0), PAGES):
            if query.text == "paced":
                ctx.pause(0.4)
            elif query.text == "gated" and number == 1:
                ctx.log.warning("at the gate", place=query.location)
                while not (HERE / "go").exists():
                    ctx.pause(0.02)
            yield Page(
                postings=tuple(
                    Posting(
                        source_id=f"{query.location}-{i}",
                        url=f"https://board.example/{i}",
                        title=f"Job {i} in {query.location}",
                        company=f"Works {i % 7}",
                    )
                    for i in range(number * SIZE, (number + 1) * SIZE)
                ),
                cursor=None if number == PAGES - 1 else str(number + 1),
                total_hint=PAGES * SIZE,
            )


@hookimpl
def jobtracker_collectors() -> list[type[Board]]:
    return [Board]
