"""Runs of scripted collectors: filters of ours, and details."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobtracker_core import (
    Blocked,
    CommonQuery,
    Employment,
    FilterSupport,
    LayoutChanged,
    Page,
    Posting,
    Private,
    RateLimited,
    Remote,
    RunState,
    Transient,
)
from outcomes import ends

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
