"""A collector whose site is the file `pages` beside it: what it answered, read into memory at once.

Copied to a folder of its own, so that a run's process finds it as it finds every plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

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

_PAGES = Path(__file__).with_name("pages")
_decoder = msgspec.json.Decoder(tuple[Posting, ...])


class MemoryBoard(JobCollector[CommonQuery, CollectorSettings]):
    """Pages as JSON, a line each."""

    info = CollectorInfo(
        name="memory_board",
        title="Memory board",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        hosts=("board.example",),
        limits=Limits(),
        policy=Policy(summary="none"),
        canary=CommonQuery(),
    )

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        """Give page after page."""
        answers = _PAGES.read_bytes().splitlines()
        for number, answer in enumerate(answers, 1):
            yield Page(
                postings=_decoder.decode(answer),
                cursor=str(number) if number < len(answers) else None,
            )


@hookimpl
def jobtracker_collectors() -> list[type[MemoryBoard]]:
    """Name the collector."""
    return [MemoryBoard]
