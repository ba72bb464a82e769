"""Runs of scripted collectors, from their first page to their outcome."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest

from jobtracker_core import (
    BadQuery,
    Blocked,
    Cancelled,
    CommonQuery,
    Employment,
    FilterSupport,
    LayoutChanged,
    Limits,
    Page,
    Posting,
    Private,
    RateLimited,
    Remote,
    RunState,
    Skip,
    Transient,
)
from jobtracker_core.contract.host import Ack, Batch


def ends(result):
    return result.outcome.state, result.outcome.error_class


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


# -- what cannot be read


@pytest.mark.fault(
    "F24",
    done="One item of a page could not be read.",
    holds="The others were delivered, and the bad one was counted and told.",
)
def test_one_bad_item_is_skipped_and_told(kit) -> None:
    page = Page(postings=(kit.posting(1), kit.posting(2), kit.posting(3, title="")))
    result = kit.run(kit.one(page))
    assert ends(result) == (RunState.SUCCEEDED, None)
    assert (result.counts.seen, result.counts.rejected) == (2, 1)
    (skip,) = kit.host.batches[0].skipped
    assert "title" in skip.path


@pytest.mark.fault(
    "F24",
    done="More than half of a page could not be read.",
    holds="The run failed as a changed layout, and nothing of the page was stored.",
)
def test_more_than_half_bad_is_a_changed_layout_and_nothing_of_it_is_stored(kit) -> None:
    skips = (Skip(path="$[0]", reason="no id"), Skip(path="$[1]", reason="no id"))
    result = kit.run(kit.one(Page(postings=(kit.posting(1),), skipped=skips)))
    assert ends(result) == (RunState.FAILED, "parse")
    assert kit.host.listed == {}


def test_half_bad_passes(kit) -> None:
    page = Page(postings=(kit.posting(1),), skipped=(Skip(path="$[0]", reason="no id"),))
    assert ends(kit.run(kit.one(page))) == (RunState.SUCCEEDED, None)


# -- errors


@pytest.mark.parametrize(
    ("error", "state", "error_class", "keeps"),
    [
        (RateLimited(retry_after=5), RunState.PARTIAL, "http_429", True),
        (Blocked("challenge"), RunState.PARTIAL, "blocked", True),
        (Transient("gone", error_class="timeout"), RunState.PARTIAL, "timeout", True),
        (LayoutChanged("$.x", sample="<html>"), RunState.FAILED, "parse", True),
        (BadQuery("text", "too odd"), RunState.FAILED, "validation", True),
        (KeyError("x"), RunState.FAILED, "internal", True),
        (SystemExit("bye"), RunState.FAILED, "internal", True),
        (RecursionError(), RunState.FAILED, "internal", True),
    ],
)
def test_an_error_on_the_second_page_keeps_the_first(kit, error, state, error_class, keeps) -> None:
    def pages(query, ctx, cursor):
        yield Page(postings=(kit.posting(1),), cursor="1")
        raise error

    result = kit.run(pages)
    assert ends(result) == (state, error_class)
    assert result.outcome.keep_cursor is keeps
    assert set(kit.host.listed) == {"1"}


def test_a_plugin_bug_carries_its_traceback(kit) -> None:
    def pages(query, ctx, cursor):
        yield from kit.fail(ZeroDivisionError("oops"))

    result = kit.run(pages)
    assert "conftest.py" in result.outcome.detail
    assert "ZeroDivisionError: oops" in result.outcome.detail


def test_a_failing_constructor_is_the_plugins_bug(kit) -> None:
    collector = kit.scripted(kit.one(Page(postings=())))

    def fail(self, settings):
        raise ValueError("no")

    collector.__init__ = fail
    assert ends(kit.start(collector)) == (RunState.FAILED, "internal")


def test_what_is_no_page_is_the_plugins_bug(kit) -> None:
    result = kit.run(lambda _query, _ctx, _cursor: iter([{"postings": []}]))
    assert ends(result) == (RunState.FAILED, "internal")
    assert "dict, not a Page" in result.outcome.message


class GoneError(Exception):
    pass


def test_what_the_host_raises_is_no_bug_of_the_plugin(kit) -> None:
    def deliver(batch: Batch) -> Ack:
        raise GoneError("database")

    kit.host.deliver = deliver
    with pytest.raises(GoneError):
        kit.run(kit.paged(3))


def test_a_plugin_cannot_swallow_the_hosts_failure(kit) -> None:
    def cancelled():
        raise GoneError("database")

    def pages(query, ctx, cursor):
        yield Page(postings=(kit.posting(1),), cursor="1")
        kit.host.cancelled = cancelled
        try:
            ctx.check()
        except Exception:  # noqa: BLE001
            ctx.log.debug("never mind")
        yield Page(postings=(kit.posting(2),), cursor="2")

    with pytest.raises(GoneError):
        kit.run(pages)
    assert set(kit.host.listed) == {"1"}


# -- filters


def test_after_filters_remove_what_was_not_asked_and_keep_what_is_unknown(kit) -> None:
    old = kit.now - timedelta(days=9)
    page = Page(
        postings=(
            kit.posting(1, remote=Remote.REMOTE, employment=(Employment.FULL_TIME,)),
            kit.posting(2, remote=Remote.ONSITE),
            kit.posting(3),
            kit.posting(4, remote=Remote.UNKNOWN),
            kit.posting(5, remote=Remote.REMOTE, employment=(Employment.CONTRACT,)),
            kit.posting(6, posted_at=old),
            kit.posting(7, posted_at=kit.now - timedelta(days=7, hours=3)),
        )
    )
    query = CommonQuery(
        text="x", remote=("remote",), employment=(Employment.FULL_TIME,), posted_within_days=7
    )
    support = {
        "text": FilterSupport.NATIVE,
        "remote": FilterSupport.AFTER,
        "employment": FilterSupport.AFTER,
        "posted_within_days": FilterSupport.AFTER,
    }
    result = kit.run(kit.one(page), query=query, filters=support)
    assert set(kit.host.listed) == {"1", "3", "4", "7"}
    assert result.counts.filtered == 3
    assert {u.word: (u.support.value, u.removed) for u in result.filters} == {
        "text": ("native", 0),
        "remote": ("after", 1),
        "employment": ("after", 1),
        "posted_within_days": ("after", 1),
    }


def test_the_account_tells_of_what_was_kept_although_it_does_not_say(kit) -> None:
    page = Page(postings=(kit.posting(1), kit.posting(2, remote=Remote.REMOTE)))
    support = {"remote": FilterSupport.AFTER}
    (use,) = kit.run(kit.one(page), query=CommonQuery(remote=("remote",)), filters=support).filters
    assert (use.removed, use.unknown) == (0, 1)


def test_drop_unknown_leaves_out_what_does_not_say(kit) -> None:
    page = Page(
        postings=(
            kit.posting(1),
            kit.posting(2, remote=Remote.REMOTE),
            kit.posting(3, remote=Remote.UNKNOWN),
        )
    )
    query = CommonQuery(remote=("remote",), drop_unknown=True)
    (use,) = kit.run(kit.one(page), query=query, filters={"remote": FilterSupport.AFTER}).filters
    assert set(kit.host.listed) == {"2"}
    assert (use.removed, use.unknown) == (2, 0)


def test_a_collector_says_that_it_could_not_apply_a_word_this_time(kit) -> None:
    def pages(query, ctx, cursor):
        ctx.filter_ignored("remote", "not in this country")
        ctx.filter_ignored("remote", "another reason")
        yield Page(postings=(kit.posting(1, remote=Remote.ONSITE),))

    query = CommonQuery(remote=("remote",))
    result = kit.run(pages, query=query, filters={"remote": FilterSupport.NATIVE})
    (use,) = result.filters
    assert (use.word, use.support, use.note) == (
        "remote",
        FilterSupport.IGNORED,
        "not in this country",
    )
    assert set(kit.host.listed) == {"1"}


def test_only_a_word_of_the_query_can_be_ignored(kit) -> None:
    def pages(query, ctx, cursor):
        ctx.filter_ignored("colour", "no such thing")
        yield Page(postings=())

    outcome = kit.run(pages).outcome
    assert (outcome.state, outcome.error_class) == (RunState.FAILED, "internal")
    assert "the query has no word 'colour'" in outcome.message


def test_a_native_filter_is_left_to_the_site_and_an_ignored_one_is_told(kit) -> None:
    page = Page(postings=(kit.posting(1, remote=Remote.ONSITE),))
    result = kit.run(
        kit.one(page),
        query=CommonQuery(remote=("remote",), distance_km=5),
        filters={"remote": FilterSupport.NATIVE},
    )
    assert set(kit.host.listed) == {"1"}
    assert {u.word: u.support.value for u in result.filters} == {
        "remote": "native",
        "distance_km": "ignored",
    }


# -- details


def test_details_are_asked_after_the_lists_and_only_where_wanted(kit) -> None:
    asked = []

    def details(ref, ctx):
        asked.append((ref.source_id, len(kit.host.batches)))
        return Posting(
            source_id=ref.source_id, url=ref.url, title=ref.title, description="<p>x</p>"
        )

    result = kit.run(kit.paged(4), details)
    assert [source_id for source_id, _ in asked] == ["0", "1", "2", "3"]
    assert asked[0][1] == 2
    assert result.counts.details == 4
    assert all(b.kind == "detail" and len(b.records) == 1 for b in kit.host.batches[2:])
    asked.clear()
    kit.run(kit.paged(4), details)
    assert asked == []


@pytest.mark.parametrize("error", [Transient("x"), LayoutChanged("$.d"), KeyError("d")])
def test_one_failed_detail_costs_no_other(kit, error) -> None:
    def details(ref, ctx):
        if ref.source_id == "1":
            raise error
        return kit.posting(int(ref.source_id))

    result = kit.run(kit.paged(4), details)
    assert result.outcome.state is RunState.PARTIAL
    assert result.outcome.end_confirmed
    assert (result.counts.details, result.counts.details_failed) == (3, 1)
    assert set(kit.host.detailed) == {"0", "2", "3"}
    assert len(kit.host.listed) == 4


@pytest.mark.parametrize(
    ("error", "error_class"), [(Blocked("wall"), "blocked"), (RateLimited(), "http_429")]
)
def test_a_challenged_detail_stops_asking_and_keeps_the_list(kit, error, error_class) -> None:
    asked = []

    def details(ref, ctx):
        asked.append(ref.source_id)
        raise error

    result = kit.run(kit.paged(4), details)
    assert ends(result) == (RunState.PARTIAL, error_class)
    assert asked == ["0"]
    assert len(kit.host.listed) == 4
    assert not result.outcome.keep_cursor


def test_details_are_given_up_after_five_failures_in_a_row(kit) -> None:
    asked = []

    def details(ref, ctx):
        asked.append(ref.source_id)
        raise Transient("down", error_class="http_5xx")

    result = kit.run(kit.paged(12), details)
    assert ends(result) == (RunState.PARTIAL, "http_5xx")
    assert len(asked) == 5
    assert [b.failed for b in kit.host.batches if b.kind == "detail"] == [(n,) for n in asked]
    assert result.counts.details_failed == 12


def test_details_of_another_posting_are_refused(kit) -> None:
    result = kit.run(kit.paged(1), lambda ref, ctx: kit.posting(99))
    assert ends(result) == (RunState.PARTIAL, "parse")
    assert kit.host.detailed == {}


@pytest.mark.parametrize(
    "sample",
    [
        '{"jobs": [], "viewers": ["user-1"], "mail": "someone@board.example"}',
        '{"mail": "someone@board.example", "viewers": ["user-1", "us',
        "<p>someone@board.example</p><div class='recruiter'>user-1</div>",
    ],
)
def test_what_is_private_is_not_kept_in_a_sample(kit, sample) -> None:
    def pages(query, ctx, cursor):
        yield from kit.fail(LayoutChanged("$", "someone@board.example came", sample=sample))

    private = Private(json_keys=frozenset({"viewers"}), selectors=(".recruiter",))
    outcome = kit.run(pages, private=private).outcome
    assert outcome.detail
    assert "user-1" not in outcome.detail
    assert "someone@" not in outcome.detail + (outcome.message or "")


def test_an_end_that_the_collector_doubts_stays_doubted_after_the_canary(kit) -> None:
    def pages(query, ctx, cursor):
        if query == kit.canary:
            yield Page(postings=(kit.posting(1),))
        else:
            yield Page(postings=(), end_unconfirmed=True)

    outcome = kit.run(pages).outcome
    assert (outcome.state, outcome.end_confirmed) == (RunState.SUCCEEDED, False)
