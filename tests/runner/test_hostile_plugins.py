"""Collectors that make mistakes, or mean harm: each ends as what it is, and harms nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from jobtracker_core import (
    CollectError,
    LayoutChanged,
    Limits,
    Page,
    Posting,
    Private,
    RunState,
    Transient,
)


class UntoldError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class BareError(CollectError):
    def __init__(self) -> None:
        """Forget about the base class."""


class Stranger(str):
    """As HTML parsers give it."""

    __slots__ = ()


def ends(result: Any) -> tuple[RunState, str | None]:
    return result.outcome.state, result.outcome.error_class


@pytest.mark.parametrize(
    ("error", "error_class"),
    [
        (Transient(None), "network"),  # type: ignore[arg-type]
        (Transient(KeyError("x")), "network"),  # type: ignore[arg-type]
        (Transient(UntoldError()), "network"),  # type: ignore[arg-type]
        (Transient("x", error_class="bogus"), "internal"),  # type: ignore[arg-type]
        (LayoutChanged("$", sample=b"\xff{}"), "parse"),  # type: ignore[arg-type]
        (LayoutChanged(None, sample={"a": 1}), "parse"),  # type: ignore[arg-type]
        (BareError(), "internal"),
        (UntoldError(), "internal"),
        (GeneratorExit(), "internal"),
        (SystemExit(3), "internal"),
        (BaseException("odd"), "internal"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("where", ["collect", "details"])
def test_whatever_a_plugin_raises_ends_the_run_in_words(kit, error, error_class, where) -> None:
    def raising(ref: Any, ctx: Any) -> Posting:
        raise error

    if where == "collect":
        result = kit.run(lambda *_: kit.fail(error))
        assert result.outcome.state is RunState.FAILED
    else:
        result = kit.run(kit.paged(2), raising)
        assert result.outcome.state is RunState.PARTIAL
        assert len(kit.host.listed) == 2
    assert result.outcome.error_class == error_class
    assert result.outcome.message
    assert result.outcome.hint


def test_ctrl_c_is_no_bug_of_the_plugin(kit) -> None:
    with pytest.raises(KeyboardInterrupt):
        kit.run(lambda *_: kit.fail(KeyboardInterrupt()))


@pytest.mark.fault(
    "F24",
    done="One posting had a field of a wrong type.",
    holds="It was left out and counted, and all others were stored.",
)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_id", 7),
        ("title", None),
        ("title", b"bytes"),
        ("url", ["https://board.example/1"]),
        ("remote", "moon"),
        ("remote", "\ud800"),
        ("employment", ("full_time", "moon")),
        ("skills", (1, 2)),
        ("posted_at", "yesterday"),
        ("posted_at", "\udfff"),
        ("closed", "yes"),
        ("places", "Berlin"),
        ("raw", {"a": object()}),
        ("raw", [1, 2]),
    ],
)
def test_a_field_of_a_wrong_type_costs_its_posting_and_no_other(kit, field, value) -> None:
    odd = kit.posting(1)
    odd = Posting(**{**{n: getattr(odd, n) for n in Posting.__struct_fields__}, field: value})
    result = kit.run(kit.one(Page(postings=(odd, kit.posting(2), kit.posting(3)))))
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert set(kit.host.listed) == {"2", "3"}
    (skip,) = kit.host.batches[0].skipped
    assert field in skip.path


def test_what_python_takes_for_the_same_is_made_the_same(kit) -> None:
    odd = kit.posting(1, title=Stranger("A job"), remote="remote", seniority="senior")
    odd = Posting(
        **{**{n: getattr(odd, n) for n in Posting.__struct_fields__}, "source_id": Stranger("1")}
    )
    kit.run(kit.one(Page(postings=(odd,), cursor=Stranger("next"))))
    record = kit.host.listed["1"]
    assert type(record.source_id) is type(record.title) is str
    assert record.remote is not None
    assert record.remote.value == "remote"
    assert type(kit.host.batches[0].cursor) is str


@pytest.mark.parametrize(
    "changes",
    [
        {"cursor": 5},
        {"cursor": "a\x00b"},
        {"cursor": "x" * 9_000},
        {"cursor": "\ud800"},
        {"total_hint": "12"},
        {"total_hint": -1},
        {"postings": [1]},
        {"skipped": ("broken",)},
    ],
    ids=str,
)
def test_a_page_that_is_not_as_the_contract_says_is_a_bug(kit, changes) -> None:
    page = Page(**{"postings": (kit.posting(1),), **changes})
    assert ends(kit.run(kit.one(page))) == (RunState.FAILED, "internal")
    assert kit.host.batches == []


def test_endless_pages_without_a_cursor_stop_one_page_after_the_limit(kit) -> None:
    def pages(query: Any, ctx: Any, cursor: Any) -> Any:
        for number in range(1_000):
            yield Page(postings=(kit.posting(number),))

    result = kit.run(pages, limits=Limits(max_pages=5))
    assert ends(result) == (RunState.PARTIAL, "page_limit")
    assert result.counts.pages == 6


def test_what_cannot_be_logged_is_the_plugins_bug(kit) -> None:
    def pages(query: Any, ctx: Any, cursor: Any) -> Any:
        ctx.log.info("odd", value=UntoldError())
        yield Page(postings=())

    assert ends(kit.run(pages)) == (RunState.FAILED, "internal")


def test_a_log_reaches_the_host_as_plain_values(kit) -> None:
    def pages(query: Any, ctx: Any, cursor: Any) -> Any:
        ctx.log.info("told", number=1, text="a", thing=kit.posting(1), none=None)
        yield Page(postings=(), total_hint=0)

    kit.run(pages)
    fields = next(fields for _, event, fields in kit.host.events if event == "told")
    assert fields["number"] == 1
    assert isinstance(fields["thing"], str)


def test_ids_cannot_hide_behind_a_cut(kit) -> None:
    def pages(query: Any, ctx: Any, cursor: Any) -> Any:
        yield from kit.fail(KeyError({"viewedByUsers": [f"user-{n}" for n in range(4_000)]}))

    private = Private(json_keys=frozenset({"viewedByUsers"}))
    detail = kit.run(pages, private=private).outcome.detail
    assert "KeyError" in detail
    assert "user-3999" not in detail


def test_the_end_of_a_long_traceback_is_kept(kit) -> None:
    def pages(query: Any, ctx: Any, cursor: Any) -> Any:
        try:
            int("x" * 30_000)
        except ValueError as error:
            error.add_note("x" * 30_000)
            yield from kit.fail(KeyError("THE-REASON"))

    detail = kit.run(pages).outcome.detail
    assert len(detail) <= 20_000
    assert detail.rstrip().endswith("KeyError: 'THE-REASON'")
