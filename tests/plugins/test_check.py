"""Each rule of the contract that can be seen in a class, and a class that breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from jobtracker_core import (
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    FilterSupport,
    JobCollector,
    Limits,
    Page,
    Policy,
    Posting,
    PostingRef,
    RunContext,
)
from jobtracker_core.plugins.check import examine

INFO = CollectorInfo(
    name="board",
    title="Board",
    homepage="https://board.example",
    contract=1,
    query=CommonQuery,
    hosts=("board.example", "*.board.example", "127.0.0.1:80"),
    policy=Policy(summary="fine"),
    canary=CommonQuery(text="engineer"),
    filters={"remote": FilterSupport.AFTER, "text": FilterSupport.NATIVE},
)


class Loose(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Takes whatever comes."""


class Clashing(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    record: str | None = None


class Other(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another query."""


def board(**changes: Any) -> type[JobCollector[Any, Any]]:
    class Board(JobCollector[CommonQuery, CollectorSettings]):
        info = msgspec.structs.replace(INFO, **changes)

        def collect(
            self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
        ) -> Iterator[Page]:
            yield Page(postings=())

    return Board


def test_a_good_collector_has_no_problems() -> None:
    assert examine(board()) == []


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"contract": 2}, "contract"),
        ({"contract": 0}, "contract"),
        ({"name": "Board"}, "name"),
        ({"name": "b"}, "name"),
        ({"name": "b" * 41}, "name"),
        ({"name": "9board"}, "name"),
        ({"homepage": "board.example"}, "info"),
        ({"hosts": ()}, "hosts"),
        ({"hosts": ("https://board.example",)}, "hosts"),
        ({"hosts": ("board.example/path",)}, "hosts"),
        ({"hosts": ("*",)}, "hosts"),
        ({"filters": {"colour": FilterSupport.NATIVE}}, "filters"),
        ({"filters": {"location": FilterSupport.AFTER}}, "filters"),
        ({"limits": Limits(per_minute=0)}, "limits"),
        ({"limits": Limits(max_pages=-1)}, "limits"),
        ({"limits": Limits(rechecks=-1)}, "limits"),
        ({"limits": Limits(rechecks=0)}, None),
        ({"limits": Limits(per_minute=float("nan"))}, "limits"),
        ({"limits": Limits(max_minutes=float("inf"))}, "limits"),
        ({"features": frozenset({"resum"})}, "features"),
        ({"query": Clashing, "canary": Clashing()}, "query"),
        ({"policy": Policy(summary="  ")}, "policy"),
        ({"query": Loose, "canary": Loose()}, "query"),
        ({"query": dict}, "query"),
        ({"settings": CommonQuery}, "settings"),
        ({"canary": Other(), "query": CommonQuery}, None),
        ({"query": Other}, "canary"),
        ({"query": Other, "canary": Other()}, "types"),
        ({"features": frozenset({"details"})}, "details"),
    ],
)
def test_each_rule_catches_its_breach(changes: dict[str, Any], stage: str | None) -> None:
    found = examine(board(**changes))
    assert ({p.stage for p in found} >= {stage}) if stage else found == []
    assert all(p.hint for p in found)


def test_details_without_the_feature_are_told() -> None:
    class Silent(board()):  # type: ignore[misc]
        def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
            raise NotImplementedError

    (found,) = examine(Silent)
    assert (found.stage, found.message) == ("details", "details() is written but not declared")


def test_an_abstract_collector_is_told() -> None:
    class Half(JobCollector[CommonQuery, CollectorSettings]):
        info = INFO

    (found,) = examine(Half)
    assert found.stage == "class"


@pytest.mark.parametrize("thing", [42, dict, None, board()(CollectorSettings())])
def test_what_is_no_collector_class_is_told(thing: object) -> None:
    (found,) = examine(thing)
    assert found.stage == "class"


def test_a_collector_without_a_card_is_told() -> None:
    class Bare(JobCollector[CommonQuery, CollectorSettings]):
        def collect(
            self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
        ) -> Iterator[Page]:
            yield Page(postings=())

    (found,) = examine(Bare)
    assert found.stage == "info"
