"""A collector that wants a secret of its operator."""

from __future__ import annotations

from collections.abc import Iterator

from jobtracker_core import (
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    JobCollector,
    Page,
    Policy,
    RunContext,
    hookimpl,
)


class KeyedSettings(CollectorSettings, frozen=True, kw_only=True):
    """What it needs."""

    api_key: str | None = None


class KeyedBoard(JobCollector[CommonQuery, KeyedSettings]):
    """Has nothing."""

    info = CollectorInfo(
        name="keyed",
        title="Keyed board",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        settings=KeyedSettings,
        hosts=("board.example",),
        policy=Policy(summary="none"),
        canary=CommonQuery(text="plain"),
    )

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        yield Page(postings=(), total_hint=0)


@hookimpl
def jobtracker_collectors() -> list[type[KeyedBoard]]:
    return [KeyedBoard]
