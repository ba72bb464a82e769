"""Runs beside those before them: what is far below the usual is not believed."""

from __future__ import annotations

from jobtracker_core import RunState, Transient
from jobtracker_core.contract.errors import Blocked
from jobtracker_core.storage import baselines, events, runs
from lives import Life
from rows import set_run

CLOSED, OPENED = (False, True), (True, False)
MANY = tuple(f"{number:02}" for number in range(24))


def test_a_suspect_run_closes_nothing_and_counts_for_nothing(life: Life) -> None:
    search = life.search()
    for _ in range(3):
        assert life.run(*MANY, search_id=search.id).state is RunState.SUCCEEDED
    usual = baselines.of_search(life.db, search.id, query_hash="q1")
    life.frozen.advance(days=8)
    life.ended.update(MANY)
    at = life.frozen.at
    poor = life.run("00", "01", search_id=search.id, rechecks=5)
    assert poor.state is RunState.SUSPECT
    assert poor.error_message == "found only 2 where the last 3 good runs found 24 (median)"
    assert len(life.asked) == 5
    assert [life.job(key).job.closed_at for key in MANY] == [None] * 24
    doubted = life.asked[0]
    assert life.ends(doubted) == [(at, CLOSED), (at, OPENED)]
    told = events.list_events(life.db, poor.id)
    assert [event.data for event in told if event.kind == "closings_taken_back"] == [{"jobs": 5}]
    assert baselines.of_search(life.db, search.id, query_hash="q1") == usual

    # The next good run looks at those first; what their pages say then, holds.
    life.ended = {doubted}
    asked = set(life.asked)
    good = life.run(*MANY, search_id=search.id, rechecks=5)
    assert good.state is RunState.SUCCEEDED
    assert set(life.asked) == asked
    assert [key for key in MANY if life.job(key).job.closed_at] == [doubted]
    after = baselines.of_search(life.db, search.id, query_hash="q1")
    assert after is not None
    assert (after.runs, after.found) == (4, 24)


def test_a_field_that_is_empty_now_is_suspect_and_erases_nothing(life: Life) -> None:
    for _ in range(3):
        life.run(*MANY)
    life.company = None
    bare = life.run(*MANY)
    assert bare.state is RunState.SUSPECT
    assert bare.error_message == (
        "fields that were usually filled are empty: company (100% before, 0% now)"
    )
    assert life.job("00").job.company == "Example Works"


def test_only_whole_runs_of_one_query_are_compared(life: Life) -> None:
    search = life.search()
    for _ in range(3):
        life.run(*MANY, search_id=search.id)
    # Broken off, then gone on with: neither says what the search finds.
    other = life.search(name="other", query_hash="q2")
    life.fails_at = (3, Blocked("a challenge"))
    broken_off = life.run(*MANY, search_id=other.id, query_hash="q2")
    assert (broken_off.state, broken_off.fill) == (RunState.PARTIAL, None)
    life.fails_at = None
    rest = life.run(*MANY, search_id=other.id, query_hash="q2")
    assert (rest.state, rest.fill) == (RunState.SUCCEEDED, None)
    assert baselines.of_search(life.db, other.id, query_hash="q2") is None
    # A search that was edited begins anew: "few" is few only beside what this query finds.
    assert life.run("00", search_id=search.id, query_hash="q3").state is RunState.SUCCEEDED


def test_a_search_that_never_comes_to_its_end_has_usual_numbers_too(life: Life) -> None:
    """Else nothing would be strange about a first "nothing found" of a search that is capped."""
    search = life.search()

    def run(*listed: str, pages: int | None = None) -> runs.Run:
        done = life.run(*listed, search_id=search.id, pages=pages)
        set_run(life.db, done.id, cursor=None)  # each from the front
        return done

    for _ in range(3):
        capped = run(*MANY, pages=11)
        assert (capped.state, capped.error_class) == (RunState.PARTIAL, "page_limit")
    # A lower cap is no news; that the fields are empty is.
    assert run(*MANY, pages=1).state is RunState.PARTIAL
    nothing = run()
    assert (nothing.state, nothing.counts.seen) == (RunState.SUSPECT, 0)
    assert nothing.error_message == "found nothing where the last 4 good runs found 22 (median)"
    life.company = None
    bare = run(*MANY, pages=11)
    assert (bare.state, bare.error_class, bare.cursor) == (RunState.SUSPECT, None, None)


def test_a_page_that_never_can_be_read_does_not_hide_what_is_usual(life: Life) -> None:
    life.refusal = Transient("no such page", error_class="http_4xx")
    for _ in range(3):
        assert life.run(*MANY).state is RunState.PARTIAL
    assert life.run().state is RunState.SUSPECT
