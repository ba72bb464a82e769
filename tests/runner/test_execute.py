"""Runs of scripted collectors: their lists, where they go on, and lists of nothing."""

from __future__ import annotations

import contextlib

import pytest

from jobtracker_core import (
    Cancelled,
    CommonQuery,
    Limits,
    Page,
    RateLimited,
    RunState,
)
from outcomes import ends

# -- lists


def test_pages_are_delivered_one_by_one_with_their_cursors(kit) -> None:
    result = kit.run(kit.paged(8))
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert result.outcome.end_confirmed
    assert not result.outcome.keep_cursor
    assert [(len(b.records), b.cursor) for b in kit.host.batches] == [(3, "1"), (3, "2"), (2, None)]
    assert (result.counts.pages, result.counts.seen, result.counts.new) == (3, 8, 8)


def test_control_comes_back_to_the_collector_only_after_the_commit(kit) -> None:
    committed = []

    def pages(query, ctx, cursor):
        for number in range(3):
            yield Page(postings=(kit.posting(number),), cursor=str(number))
            committed.append(len(kit.host.batches))

    kit.run(pages)
    assert committed == [1, 2, 3]


def test_counters_add_up_over_batches_and_tail(kit) -> None:
    result = kit.run(kit.paged(7), lambda ref, ctx: kit.posting(int(ref.source_id)))
    delivered = kit.host.batches[0].counts
    for batch in kit.host.batches[1:]:
        delivered += batch.counts
    made = type(delivered)(new=7)  # the host counts these itself
    assert delivered + made + result.tail == result.counts


def test_repeats_within_a_page_count_once_and_the_last_wins(kit) -> None:
    page = Page(postings=(kit.posting(1), kit.posting(2), kit.posting(1, title="Later")))
    result = kit.run(kit.one(page))
    assert result.counts.seen == 2
    assert kit.host.listed["1"].title == "Later"


def test_the_limit_of_the_query_ends_the_run(kit) -> None:
    seen: list[str | None] = []
    result = kit.run(kit.paged(30, seen=seen), query=CommonQuery(limit=4))
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert not result.outcome.end_confirmed
    assert len(kit.host.listed) == result.counts.seen == result.counts.new == 4
    assert seen == ["0", "1"]


def test_repeats_do_not_use_up_the_limit(kit) -> None:
    def pages(query, ctx, cursor):
        yield Page(postings=tuple(kit.posting(n) for n in (1, 2, 3)), cursor="1")
        yield Page(postings=tuple(kit.posting(n) for n in (1, 2, 4, 5)), cursor="2")
        yield Page(postings=(kit.posting(6),))

    kit.run(pages, query=CommonQuery(limit=5))
    assert set(kit.host.listed) == {"1", "2", "3", "4", "5"}


def test_the_page_limit_ends_partial_and_keeps_the_cursor(kit) -> None:
    result = kit.run(kit.paged(30), limits=Limits(max_pages=2))
    assert ends(result) == (RunState.PARTIAL, "page_limit")
    assert result.outcome.keep_cursor
    assert kit.host.batches[-1].cursor == "2"


def test_a_list_that_ends_on_the_last_allowed_page_is_whole(kit) -> None:
    result = kit.run(kit.paged(6), limits=Limits(max_pages=2))
    assert ends(result) == (RunState.SUCCEEDED, None)


@pytest.mark.fault(
    "F25",
    done="A site's pages led back to an earlier one.",
    holds="The run ended with an error and read no page twice.",
)
@pytest.mark.parametrize("cursors", [("a", "a"), ("a", "b", "a")])
def test_paging_in_a_circle_is_an_error(kit, cursors) -> None:
    def pages(query, ctx, cursor):
        for number, mark in enumerate(cursors):
            yield Page(postings=(kit.posting(number),), cursor=mark)

    result = kit.run(pages)
    assert ends(result) == (RunState.FAILED, "parse")
    assert "circle" in result.outcome.message


def test_an_endless_site_stops_at_the_page_limit(kit) -> None:
    def pages(query, ctx, cursor):
        number = 0
        while True:
            yield Page(postings=(kit.posting(number),), cursor=f"page {number}")
            number += 1

    assert ends(kit.run(pages, limits=Limits(max_pages=20))) == (RunState.PARTIAL, "page_limit")


def test_the_deadline_ends_partial(kit) -> None:
    def pages(query, ctx, cursor):
        for number in range(100):
            yield Page(postings=(kit.posting(number),), cursor=str(number))
            ctx.pause(30)

    result = kit.run(pages, limits=Limits(max_minutes=2))
    assert ends(result) == (RunState.PARTIAL, "runtime_limit")
    assert result.outcome.keep_cursor
    assert 3 <= result.counts.pages <= 5


def test_a_stop_is_obeyed_even_if_the_collector_swallows_it(kit) -> None:
    def pages(query, ctx, cursor):
        for number in range(100):
            with contextlib.suppress(Cancelled):
                ctx.check()
            yield Page(postings=(kit.posting(number),), cursor=str(number))
            kit.host.reason = "stopped"

    result = kit.run(pages)
    assert ends(result) == (RunState.CANCELLED, "cancelled")
    assert result.counts.pages == 1
    assert result.outcome.keep_cursor


def test_the_generator_is_closed_when_the_run_stops(kit) -> None:
    closed = []

    def pages(query, ctx, cursor):
        try:
            for number in range(10):
                yield Page(postings=(kit.posting(number),), cursor=str(number))
        finally:
            closed.append(True)

    kit.run(pages, query=CommonQuery(limit=2))
    assert closed == [True]


# -- continuing


def test_a_kept_cursor_is_used_once_a_page_holds_nothing_new(kit) -> None:
    kit.known(0, 1, 2, 3, 4, 5)
    seen: list[str | None] = []
    result = kit.run(kit.paged(12, seen=seen), cursor="3")
    assert seen == ["0", "3"]
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert {"9", "10", "11"} <= set(kit.host.listed)


def test_new_postings_at_the_front_are_read_before_going_on(kit) -> None:
    kit.known(3, 4, 5, 6, 7, 8)
    seen: list[str | None] = []
    kit.run(kit.paged(15, seen=seen), cursor="4")
    assert seen == ["0", "1", "4"]


def test_without_a_kept_cursor_everything_is_read_again(kit) -> None:
    kit.known(0, 1, 2, 3, 4, 5)
    seen: list[str | None] = []
    kit.run(kit.paged(12, seen=seen))
    assert seen == ["0", "1", "2", "3"]


def test_a_cursor_is_never_given_to_a_collector_that_cannot_resume(kit) -> None:
    kit.known(0, 1, 2)
    seen: list[str | None] = []
    kit.run(kit.paged(6, seen=seen), cursor="1", features=frozenset())
    assert seen == ["0", "1"]


def test_a_resumed_list_may_be_at_its_end_already(kit) -> None:
    kit.known(0, 1, 2)
    result = kit.run(kit.paged(6), cursor="9")
    assert ends(result) == (RunState.SUCCEEDED, None)


def test_a_page_that_holds_nothing_new_leaves_the_kept_cursor(kit) -> None:
    kit.known(0, 1, 2)
    kit.run(kit.paged(12), cursor="3")
    assert [(b.cursor, b.kept_cursor) for b in kit.host.batches] == [("1", "3"), (None, None)]


def test_a_gap_at_the_front_is_kept_before_the_deeper_cursor(kit) -> None:
    kit.known(3, 4, 5)
    kit.run(kit.paged(12), cursor="3")
    assert [(b.cursor, b.kept_cursor) for b in kit.host.batches] == [
        ("1", "3"),
        ("2", None),
        (None, None),
    ]


# -- nothing found


def test_a_certain_none_succeeds(kit) -> None:
    result = kit.run(kit.one(Page(postings=(), total_hint=0)))
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert result.outcome.end_confirmed


def test_an_uncertain_none_is_believed_only_if_the_canary_sings(kit) -> None:
    def pages(query, ctx, cursor):
        yield Page(postings=(kit.posting(1),) if query == kit.canary else ())

    result = kit.run(pages)
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert kit.host.listed == {}


def test_an_uncertain_none_with_a_silent_canary_is_a_block(kit) -> None:
    result = kit.run(kit.one(Page(postings=())))
    assert ends(result) == (RunState.PARTIAL, "blocked")


def test_the_canary_itself_is_never_certainly_empty(kit) -> None:
    result = kit.run(kit.one(Page(postings=())), query=kit.canary)
    assert ends(result) == (RunState.PARTIAL, "blocked")


def test_a_block_met_by_the_canary_is_that_block(kit) -> None:
    def pages(query, ctx, cursor):
        if query == kit.canary:
            raise RateLimited(retry_after=60)
        yield Page(postings=())

    assert ends(kit.run(pages)) == (RunState.PARTIAL, "http_429")


def test_an_empty_page_against_an_announced_total_is_an_error(kit) -> None:
    result = kit.run(kit.one(Page(postings=(), total_hint=12)))
    assert ends(result) == (RunState.FAILED, "parse")


def test_a_collector_that_ends_without_a_page_is_a_bug(kit) -> None:
    result = kit.run(lambda _query, _ctx, _cursor: iter(()))
    assert ends(result) == (RunState.FAILED, "internal")
    assert "without a page" in result.outcome.message


def test_an_empty_page_later_leaves_the_end_unconfirmed(kit) -> None:
    def pages(query, ctx, cursor):
        yield Page(postings=(kit.posting(1),), cursor="1")
        yield Page(postings=())

    result = kit.run(pages)
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert not result.outcome.end_confirmed


def test_far_less_than_announced_is_partial(kit) -> None:
    page = Page(postings=(kit.posting(1), kit.posting(2)), total_hint=1632)
    result = kit.run(kit.one(page))
    assert ends(result) == (RunState.PARTIAL, "empty")
    assert "1632" in result.outcome.message
