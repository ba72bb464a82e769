"""Runs of scripted collectors that meet what cannot be read, and errors."""

from __future__ import annotations

import pytest

from jobtracker_core import (
    BadQuery,
    Blocked,
    LayoutChanged,
    Page,
    RateLimited,
    RunState,
    Skip,
    Transient,
)
from jobtracker_core.contract.host import Ack, Batch
from outcomes import ends


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
