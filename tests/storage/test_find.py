"""The same query finds the same jobs on both databases, by whatever way it is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.search.language import SearchError, parse
from jobtracker_core.storage import (
    dismissals,
    facets,
    find,
    find_marks,
    find_postgresql,
    find_rows,
    find_sqlite,
    indexing,
    relevance,
    search,
    tallies,
    walk,
)
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.find_plan import MOST_BRANCHES
from jobtracker_core.storage.jobs import JobDetail
from tests.storage.searching import NOW, fits, store

CASES: dict[str, list[int]] = {
    "python": [7, 5, 4, 3, 2, 1],
    "PYTHON engineer": [7, 3, 1],
    "engineers": [7, 6, 3, 1],
    '"senior python"': [7, 4, 1],
    '"python engineer"': [7, 1],
    '"senior python engineer"': [7, 1],
    '"python senior"': [],
    'title:"senior python"': [1],
    'company:"senior python"': [4],
    "title:senior": [4, 1],
    "senior -python": [],
    "-python": [6],
    "-engineer -python": [],
    '-"senior python" python': [5, 3, 2],
    "nurse OR manager": [6, 3],
    "muller strassenbau": [2],
    "Müller": [2],
    "company:acme": [7, 3, 1],
    "place:berlin": [7, 1],
    "place:bayern": [2],
    "skill:node.js": [1],
    "node.js": [1],
    "node": [7, 1],
    "c++": [1],
    "c#": [1],
    "c": [],
    "東京": [5],
    "京": [5],
    "eng*": [7, 6, 3, 1],
    "title:eng*": [7, 6, 1],
    '"senior pyth"*': [7, 4, 1],
    "manag*": [6],
    "o'brien": [6],
    "cafe": [6],
    "source:site": [7, 5, 3, 1],
    "python source:site": [7, 5, 3, 1],
    "source:other.site": [],
    "python source:other.site": [],
    "python -source:other-site": [7, 5, 4, 3, 2, 1],
    "python remote:remote": [7, 4],
    "remote:remote": [7, 4],
    "employment:part_time": [3],
    "senior employment:full_time": [1],
    "country:DE": [2, 1],
    "python country:DE": [2, 1],
    "language:de": [7, 2],
    "python language:de": [7, 2],
    "pay:>80k": [3, 1],
    "pay:>=80k": [4, 3, 1],
    "pay:>80kEUR": [1],
    "python pay:>80k": [3, 1],
    "python pay:<90k": [4],
    "pay:80k": [4, 3, 1],
    "posted:<7d": [4, 1],
    "posted:>7d": [2],
    "python -posted:<7d": [7, 5, 3, 2],
    "python posted:<7d": [4, 1],
    "posted:>2020-01-01": [4, 2, 1],
    "seen:<24h": [7, 6, 5, 4, 3, 2, 1],
    "seen:>24h": [],
    "status:applied": [1],
    "python status:draft": [3],
    "is:applied": [3, 1],
    "is:new": [7, 6, 5, 4, 2],
    "is:new python": [7, 5, 4, 2],
    "is:closed": [4],
    "is:open python": [7, 5, 3, 2, 1],
    "is:dismissed": [8],
    "is:dismissed python": [8],
    "python -is:dismissed is:applied": [3, 1],
    'tag:"dream job"': [4],
    'python tag:"dream job"': [4],
    "nurse OR is:closed": [4, 3],
    "(nurse OR is:closed) python": [4, 3],
    "-(nurse OR is:closed) python": [7, 5, 2, 1],
    "-(python is:applied)": [7, 6, 5, 4, 2],
    "source:site OR nothing": [7, 5, 3, 1],
    "nothinglikethis": [],
    "nothinglikethis is:new": [],
    "' | !x \\": [],
    '" & \'t:*"': [],
    "": [7, 6, 5, 4, 3, 2, 1],
}


@pytest.fixture
def stored(
    db: Database, write: Callable[..., Any], make_record: Callable[..., Any]
) -> list[JobDetail]:
    """Eight jobs of different kinds."""
    return store(db, write, make_record)


@pytest.fixture(params=["as it is", "walk", "index", "driver", "conditions"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Force the ways that are for large tables."""
    chosen: str = request.param
    if chosen != "as it is":
        for name in ("FIRST", "WALKED"):
            monkeypatch.setattr(find_postgresql, name, 1)
        monkeypatch.setattr(find_sqlite, "_SMALLEST", 1)
        monkeypatch.setattr(find_sqlite, "WALKED", 1)
    if chosen == "walk":
        monkeypatch.setattr(find_postgresql, "_MOST_BY_INDEX", -1)
    if chosen == "conditions":
        monkeypatch.setattr(find_postgresql, "_MOST_BY_INDEX", -1)
        monkeypatch.setattr(find_postgresql, "_LONGEST_WALK", 1)
        monkeypatch.setattr(find_sqlite, "_PATIENCE", 0)
    if chosen == "driver":
        monkeypatch.setattr(find_postgresql, "_NEWEST", 2)
        monkeypatch.setattr(find_sqlite, "_MOST_SORTED", 0)
    return chosen


def test_what_each_query_finds(db: Database, stored: list[JobDetail], way: str) -> None:
    wrong = []
    for text, ids in CASES.items():
        found = [job.id for job in search.list_jobs(db, text=text).items]
        total = tallies.tally(db, text=text)
        if found != ids or (total.total, total.more) != (len(ids), False):
            wrong.append(f"{text} -> {found}, {total.total}")
        first, counted = search.first_page(db, text=text, limit=2)
        both = (search.list_jobs(db, text=text, limit=2), (len(ids), False))
        if (first, (counted.total, counted.more)) != both:
            wrong.append(f"{text}: first page {first}, {counted}")
    assert not wrong, "\n".join(wrong)


def test_pages_and_orders_of_a_search(db: Database, stored: list[JobDetail], way: str) -> None:
    for sort, ids in {
        "arrival": [7, 5, 4, 3, 2, 1],
        "posted": [4, 1, 2, 7, 5, 3],
        "pay": [3, 1, 4, 7, 5, 2],
    }.items():
        for text in ("python", "python OR (python is:applied)"):
            order: Any = {"sort": sort, "text": text}
            pages = [search.list_jobs(db, limit=2, **order)]
            while pages[-1].after is not None:
                pages.append(search.list_jobs(db, limit=2, after=pages[-1].after, **order))
            assert [job.id for page in pages for job in page.items] == ids
            back = [pages[-1]]
            while back[-1].before is not None:
                back.append(search.list_jobs(db, limit=2, before=back[-1].before, **order))
            assert [job.id for page in reversed(back) for job in page.items] == ids
            beyond = search.list_jobs(db, limit=2, offset=3, **order)
            assert [job.id for job in beyond.items] == ids[3:5]
            for place, number in enumerate(ids):
                assert tallies.tally(db, first=number, **order).newer == place


def test_all_of_a_list_come_in_its_order(
    db: Database, stored: list[JobDetail], monkeypatch: pytest.MonkeyPatch
) -> None:
    def walked(text: str) -> list[int]:
        return [job.id for job in walk.walk_jobs(db, sort="relevance", text=text)]

    best = search.list_jobs(db, sort="relevance", text="python").items
    assert walked("python") == [job.id for job in best]
    assert [job.id for job in best[:2]] == [4, 1]
    assert walked("nothinglikethis") == []
    assert walked("is:closed") == [4]
    # Beyond those that are put in order, they come as they arrived.
    monkeypatch.setattr(walk, "RANKED", 2)
    monkeypatch.setattr(relevance, "RANKED", 2)
    assert walked("python") == [7, 5, 4, 3, 2, 1]
    monkeypatch.setattr(walk, "RANKED", 4)
    monkeypatch.setattr(relevance, "RANKED", 4)
    assert walked("python") == [4, 7, 5, 3, 2, 1]


def test_a_tally_tells_of_no_fewer_than_were_seen() -> None:
    counted = tallies.Tally(total=8, more=True, newer=3, estimate=40)
    assert counted.covering(8) == counted
    assert counted.covering(30) == tallies.Tally(total=30, more=True, newer=3, estimate=40)
    assert counted.covering(50).shown == "~50"
    assert tallies.Tally(total=2, more=False).covering(1).total == 2


def test_filters_beside_a_text(db: Database, stored: list[JobDetail]) -> None:
    cases: list[tuple[Any, list[int]]] = [
        ({"source": "site"}, [7, 5, 3, 1]),
        ({"source": "SITE"}, []),
        ({"remote": Remote.REMOTE}, [7, 4]),
        ({"employment": Employment.PART_TIME}, [3]),
        ({"pay_from": 90_000.0}, [3, 1]),
        ({"pay_from": 90_000.0, "pay_currency": "EUR"}, [1]),
        ({"company": "cme"}, [7, 3, 1]),
        ({"has_application": True}, [3, 1]),
        ({"dismissed": "only"}, [8]),
        ({"dismissed": "all"}, [8, 7, 5, 4, 3, 2, 1]),
        ({"closed": True, "tag": "dream job"}, [4]),
    ]
    for filters, ids in cases:
        found = [job.id for job in search.list_jobs(db, text="python", **filters).items]
        assert (filters, found) == (filters, ids)


def test_what_the_index_does_not_have_yet_is_found_where_no_words_are_looked_for(
    db: Database, stored: list[JobDetail], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_marks, "NEAR", 1)
    monkeypatch.setattr(find_marks, "_COMMON", 0)
    for number in ("7", "1"):
        with db.write() as conn:
            key = "rowid" if db.dialect == "sqlite" else "job_id"
            conn.exec_driver_sql(f"DELETE FROM job_index WHERE {key} <= {number}")
        assert [job.id for job in search.list_jobs(db, text="country:DE").items] == [2, 1]
        assert tallies.tally(db, seniority=Seniority.LEAD).total == 1
        indexing.rebuild(db)


def test_too_mixed_a_query_is_refused(db: Database) -> None:
    text = " ".join(f"(a{n} OR is:closed)" for n in range(MOST_BRANCHES))
    with pytest.raises(SearchError, match="mixes words") as refused:
        search.list_jobs(db, text=text)
    assert (refused.value.start, refused.value.end) == (1, len(text) - 1)
    with pytest.raises(SearchError, match="not closed"):
        tallies.tally(db, text="(python")


LEAVES = st.sampled_from(
    [
        *("python", "senior", "engineer", "nurse", "acme", "berlin", "eng*", "n*", "title:python"),
        *(
            '"senior python"',
            '"python engineer"',
            'company:"senior python"',
            "skill:sql",
            "node.js",
        ),
        *("source:site", "remote:remote", "language:de", "pay:>80k", "posted:<7d", "is:new"),
        *("is:closed", "is:applied", "is:dismissed", "status:draft", "tag:x", "country:DE"),
    ]
)
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda part: f"-{part}" if part[0] != "-" else part),
    ),
    max_leaves=6,
)


def test_any_query_finds_what_looking_at_each_job_does(
    db: Database, stored: list[JobDetail]
) -> None:
    @settings(
        max_examples=120,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(QUERIES)
    def check(text: str) -> None:
        node = parse(text)
        assert node is not None
        found = [job.id for job in search.list_jobs(db, text=text).items]
        shown = [one for one in stored if one.job.dismissed_at is None or "is:dismissed" in text]
        assert found == [one.job.id for one in shown if fits(node, one)]

    check()


def test_facets_count_the_jobs_of_a_list(
    db: Database, stored: list[JobDetail], monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(**filters: Any) -> dict[str, dict[str, int]]:
        found = facets.facets(db, **filters)
        assert not any(one.estimated for one in found)
        return {one.name: {each.value: each.count for each in one.values} for one in found}

    all_jobs = counted()
    assert all_jobs == {
        "source": {"site": 4, "other_site": 3},
        "company": {
            "Acme GmbH": 2,
            **dict.fromkeys(("Acme Health", "Café O'Brien", "Müller & Söhne", "Senior Python"), 1),
        },
        "remote": {"remote": 2, "hybrid": 1, "onsite": 1},
        "employment": {"full_time": 2, "internship": 1, "part_time": 1},
        "seniority": {"lead": 1, "senior": 1},
        "pay": {"80000": 1, "90000": 1, "500000": 1},
        "age": {"1d": 1, "7d": 2, "30d": 2, "90d": 3},
    }
    python = counted(text="python", remote=Remote.REMOTE)
    assert python["source"] == {"other_site": 1, "site": 1}
    assert python["remote"] == {"remote": 2, "hybrid": 1, "onsite": 1}
    assert counted(text="nothinglikethis")["source"] == {}
    monkeypatch.setattr(facets, "COUNTED", 2)
    about = {one.name: one for one in facets.facets(db)}
    assert about["source"].estimated
    assert sum(each.count for each in about["source"].values) in range(4, 9)


def test_beyond_a_bound_a_tally_of_words_is_an_estimate(
    db: Database, stored: list[JobDetail], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "WORDS_TALLY_LIMIT", 3)
    found = tallies.tally(db, text="python", first=5)
    assert (found.total, found.more, found.newer) == (3, True, 1)
    assert found.estimate in range(4, 9)
    page, counted = search.first_page(db, text="python", limit=4)
    assert page == search.list_jobs(db, text="python", limit=4)
    assert (counted.total, counted.more, counted.newer) == (5, True, 0)
    assert tallies.tally(db, text="python", first=2).newer is None
    assert tallies.tally(db, text="nurse") == tallies.Tally(total=1, more=False)


def test_a_list_whose_texts_are_too_many_goes_on_where_it_was_left(
    db: Database,
    write: Callable[..., Any],
    make_record: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong, right = "in the office with the team", "care in the team"
    right_ones = (2, 3, 12, 20)
    for number in range(1, 25):
        record = make_record(
            str(number),
            description=f"<p>{right if number in right_ones else wrong}</p>",
            posted_at=NOW - timedelta(days=number) if number % 3 else None,
            pay=PayRecord(year_min=1_000.0 * number) if number % 4 else None,
        )
        write(record, kind="detail")
    indexing.work_off(db)
    monkeypatch.setattr(find, "LOOKED_AT", 4)
    monkeypatch.setattr(find_rows, "_CHECKED_AT_ONCE", 2)
    text = '"in the team"'
    orders = {
        "arrival": [20, 12, 3, 2],
        "posted": [2, 20, 12, 3],
        "pay": [3, 2, 20, 12],
        "relevance": [20],
    }
    for sort, ids in orders.items():
        asked: dict[str, Any] = {"text": text, "sort": sort}
        pages = [search.list_jobs(db, limit=3, **asked)]
        while pages[-1].after is not None and sort != "relevance":
            pages.append(search.list_jobs(db, limit=3, after=pages[-1].after, **asked))
            assert len(pages) < 12
        listed = [job.id for page in pages for job in page.items]
        assert (sort, listed[: len(ids)]) == (sort, ids)
        first, counted = search.first_page(db, limit=3, **asked)
        assert first == pages[0]
        assert counted.total >= len(first.items)
        if sort == "relevance":
            continue
        is_short = db.dialect == "postgresql"
        assert (len(pages) > 2, counted.more) == (is_short, is_short)
        back = [pages[-1]]
        while back[-1].before is not None:
            back.append(search.list_jobs(db, limit=3, before=back[-1].before, **asked))
            assert len(back) < 12
        returned = [job.id for page in reversed(back) for job in page.items]
        assert returned in (ids, ids[: len(ids) - len(pages[-1].items)])
    assert [job.id for job in walk.walk_jobs(db, text=text)] == orders["arrival"]
    either = [job.id for job in walk.walk_jobs(db, text=f"{text} OR (office is:open)")]
    assert either == list(range(24, 0, -1))
    facets.facets(db, text=text)


def test_a_phrase_is_counted_among_the_latest_and_found_among_all(
    db: Database,
    write: Callable[..., Any],
    make_record: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    titles = {0: "Senior nurse", 1: "Nurse, senior"}
    write(make_record("0", title="Charge nurse"))
    write(*(make_record(str(n), title=titles[n % 2]) for n in range(1, 41)))
    monkeypatch.setattr(find_sqlite, "COUNTED_AMONG", 10)
    monkeypatch.setattr(find_sqlite, "_SMALLEST", 4)
    monkeypatch.setattr(tallies, "_ENOUGH", 4)
    text = '"senior nurse"'
    listed, counted = search.first_page(db, text=text, limit=2)
    assert [job.source_id for job in listed.items] == ["40", "38"]
    for tally in (counted, tallies.tally(db, text=text)):
        about = tally.total if tally.estimate is None else tally.estimate
        assert about in range(17, 24)
    assert counted.more or db.dialect == "postgresql"
    found = [job.source_id for job in walk.walk_jobs(db, text=text)]
    assert found == [str(number) for number in range(40, 0, -2)]
    rare, exact = search.first_page(db, text='"charge nurse"', limit=2)
    assert ([job.source_id for job in rare.items], exact.total, exact.more) == (["0"], 1, False)


def test_so_many_are_put_in_order_where_fewer_tell_how_many_there_are(
    db: Database,
    write: Callable[..., Any],
    make_record: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    titles = {0: "Senior nurse", 1: "Nurse, senior"}
    write(*(make_record(str(n), title=titles[n % 2]) for n in range(1, 61)))
    smaller = {"FIRST": 4, "WALKED": 4, "FEWEST": 1, "_MOST_BY_INDEX": -1}
    for name, value in smaller.items():
        monkeypatch.setattr(find_postgresql, name, value)
    monkeypatch.setattr(find, "CHECKED", 12)
    monkeypatch.setattr(relevance, "RANKED", 16)
    for text, number in (('"senior nurse"', 30), ("nurse", 60)):
        listed, counted = search.first_page(db, text=text, limit=20, sort="relevance")
        assert len(listed.items) in range(12, 17)
        about = counted.total if counted.estimate is None else counted.estimate
        assert about in range(number - 5, number + 6)


def test_a_part_of_the_hits_that_is_all_wrong_is_not_the_list(
    db: Database,
    write: Callable[..., Any],
    make_record: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each two words of the phrase stand side by side in all of them, all three in the oldest alone.
    texts = ["care in the team", *["in the office with the team"] * 5]
    for number, text in enumerate(texts, 1):
        write(make_record(str(number), description=f"<p>{text}</p>"), kind="detail")
    indexing.work_off(db)
    dismissals.dismiss(db, len(texts))
    for name, value in {"FIRST": 1, "WALKED": 1, "_NEWEST": 1}.items():
        monkeypatch.setattr(find_postgresql, name, value)
    monkeypatch.setattr(tallies, "WORDS_TALLY_LIMIT", 2)
    listed, counted = search.first_page(db, text='"in the team"', limit=1)
    assert [job.id for job in listed.items] == [1]
    assert (counted.total, counted.more) == (1, False)
    (source, *_) = facets.facets(db, text='"in the team"')
    assert [each.count for each in source.values] == [1]
