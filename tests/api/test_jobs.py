"""`GET /api/v1/jobs` and `GET /api/v1/jobs/{id}`."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urljoin

import msgspec
import pytest

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import (
    Employment,
    PayInterval,
    Place,
    Remote,
    Seniority,
)
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.jobs import JobDetail
from jobtracker_core.storage.search import JobList

ADDRESS = "/api/v1/jobs"


def titles(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [job.title for job in msgspec.json.decode(answer.content, type=JobList).items]


def test_the_answer_is_what_is_stored(client, tracker, fill) -> None:
    fill(3, posted_at=datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC), skills=("python",))
    answer = client.get(ADDRESS)
    assert answer.headers["content-type"] == "application/json"
    assert msgspec.json.decode(answer.content, type=JobList) == tracker.jobs.search()
    job = answer.json()["items"][0]
    assert job["title"] == "Engineer 3"
    assert job["posted_at"] == "2026-05-04T03:02:01Z"
    assert job["skills"] == ["python"]
    assert job["pay_min"] is None


def test_one_job_with_everything(client, tracker, fill) -> None:
    fill(2)
    job_id = tracker.jobs.search().items[0].id
    answer = client.get(f"{ADDRESS}/{job_id}")
    assert msgspec.json.decode(answer.content, type=JobDetail) == tracker.jobs.get(job_id)
    assert answer.json()["job"]["id"] == job_id


def test_following_the_links_gives_each_job_once(client, fill) -> None:
    fill(7)
    url, seen = f"{ADDRESS}?limit=3&search=engineer", []
    while url:
        answer = client.get(url)
        seen += titles(answer)
        following = answer.links.get("next", {}).get("url")
        url = following and urljoin(url, following)
    assert seen == [f"Engineer {n}" for n in range(7, 0, -1)]


def test_pages_by_number(client, fill) -> None:
    fill(5)
    first = client.get(ADDRESS, params={"page": 1, "per_page": 2})
    assert titles(first) == ["Engineer 5", "Engineer 4"]
    assert first.headers["link"] == '<?per_page=2&page=2>; rel="next"'
    assert titles(client.get(ADDRESS, params={"page": 2, "per_page": 2})) == [
        "Engineer 3",
        "Engineer 2",
    ]
    last = client.get(ADDRESS, params={"page": 3, "per_page": 2})
    assert titles(last) == ["Engineer 1"]
    assert "link" not in last.headers
    assert titles(client.get(ADDRESS, params={"page": 4, "per_page": 2})) == []


def test_the_last_page_by_number_leads_on_by_mark(client, fill, monkeypatch) -> None:
    monkeypatch.setattr("jobtracker_core.api.job_lists.PAGED_ROWS", 4)
    fill(5)
    answer = client.get(ADDRESS, params={"page": 2, "per_page": 2})
    mark = answer.json()["after"]
    assert answer.headers["link"] == f'<?per_page=2&after={mark}>; rel="next"'


def test_going_back_by_mark(client, fill) -> None:
    fill(5)
    second = client.get(
        ADDRESS, params={"limit": 2, "after": client.get(f"{ADDRESS}?limit=2").json()["after"]}
    )
    back = client.get(ADDRESS, params={"limit": 2, "before": second.json()["before"]})
    assert titles(back) == ["Engineer 5", "Engineer 4"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"source": "other"}, ["Lead"]),
        ({"source": "nobody"}, []),
        ({"search": "LEA*"}, ["Lead"]),
        ({"search": "-lead"}, ["Plain"]),
        ({"search": "%"}, ["Lead", "Plain"]),
        ({"remote": "hybrid"}, ["Lead"]),
        ({"employment": "internship"}, ["Lead"]),
        ({"seniority": "lead"}, ["Lead"]),
        ({"closed": "true"}, ["Lead"]),
        ({"closed": "false"}, ["Plain"]),
    ],
)
def test_filters(client, fill, words, found) -> None:
    fill(1, title="Plain")
    fill(
        1,
        source="other",
        title="Lead",
        remote=Remote.HYBRID,
        employment=(Employment.FULL_TIME, Employment.INTERNSHIP),
        seniority=Seniority.LEAD,
        closed=True,
    )
    assert titles(client.get(ADDRESS, params=words)) == found


def test_filters_by_what_a_person_did(client, tracker, fill) -> None:
    fill(3)
    third, second, first = (job.id for job in tracker.jobs.search().items)
    tracker.dismissals.dismiss(third)
    tracker.tags.add("job", second, ["Dream"])
    tracker.applications.create(ApplicationDraft(job_id=first))
    for words, found in [
        ({}, ["Engineer 2", "Engineer 1"]),
        ({"dismissed": "only"}, ["Engineer 3"]),
        ({"dismissed": "all"}, ["Engineer 3", "Engineer 2", "Engineer 1"]),
        ({"tag": "dream"}, ["Engineer 2"]),
        ({"has_application": "true"}, ["Engineer 1"]),
        ({"has_application": "false"}, ["Engineer 2"]),
        ({"status": "draft"}, ["Engineer 1"]),
        ({"status": "offer"}, []),
    ]:
        assert titles(client.get(ADDRESS, params=words)) == found, words


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"company": "acme"}, ["Paid"]),
        ({"place": "berl"}, ["Paid"]),
        ({"place": "de"}, ["Paid"]),
        ({"pay_from": "60000"}, ["Paid"]),
        ({"pay_from": "60000", "pay_currency": "USD"}, []),
        ({"pay_from": "90000.5"}, []),
        ({"posted_since": "2026-05-04T00:00:00"}, ["Paid"]),
        ({"posted_since": "2026-05-04T05:02:01+02:00"}, ["Paid"]),
        ({"posted_since": "2026-05-05T00:00:00Z"}, []),
        ({"new_since": "2020-01-01T00:00:00Z"}, ["Paid", "Plain"]),
        ({"new_since": "2199-01-01T00:00:00Z"}, []),
        ({"seen_since": "2020-01-01T00:00:00Z"}, ["Paid", "Plain"]),
        ({"seen_since": "2199-01-01T00:00:00"}, []),
        ({"changed_by_run": "1"}, []),
        ({"company_id": str(2**62)}, []),
        ({"sort": "pay"}, ["Paid", "Plain"]),
        ({"sort": "posted"}, ["Paid", "Plain"]),
    ],
)
def test_filters_by_what_a_posting_says(client, fill, words, found) -> None:
    fill(1, title="Plain")
    fill(
        1,
        source="other",
        title="Paid",
        company="Acme Ltd",
        places=(Place(city="Berlin", country="DE"),),
        pay=PayRecord(max=90_000, currency="EUR", interval=PayInterval.YEAR, year_max=90_000),
        posted_at=datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC),
    )
    assert titles(client.get(ADDRESS, params=words)) == found


def test_the_total_is_exact_up_to_a_bound_and_marked_beyond_it(client, fill, monkeypatch) -> None:
    fill(5)
    exact = client.get(ADDRESS, params={"limit": 2, "search": "engineer"}).json()
    assert (exact["total"], exact["estimated"]) == (5, False)
    monkeypatch.setattr("jobtracker_core.storage.tallies.TALLY_LIMIT", 3)
    about = client.get(ADDRESS, params={"limit": 2}).json()
    assert about["estimated"] is True
    assert about["total"] > 3
    uncounted = client.get(ADDRESS, params={"limit": 2, "count": "false"}).json()
    assert (uncounted["total"], uncounted["estimated"]) == (None, False)


def test_a_link_keeps_the_filters(client, fill) -> None:
    fill(2, closed=False, company="A & B")
    answer = client.get(ADDRESS, params={"limit": 1, "closed": "false", "search": "A & B"})
    mark = answer.json()["after"]
    assert answer.headers["link"] == (
        f'<?limit=1&closed=false&search=A+%26+B&after={mark}>; rel="next"'
    )


@pytest.mark.parametrize(
    ("words", "field", "says"),
    [
        ({"limit": "0"}, "limit", ">= 1"),
        ({"limit": "201"}, "limit", "<= 200"),
        ({"limit": "many"}, "limit", "int"),
        ({"per_page": "201"}, "per_page", "<= 200"),
        ({"per_page": "100000"}, "per_page", "<= 200"),
        ({"posted_since": "1600-01-01T00:00:00Z"}, "posted_since", "1600"),
        ({"new_since": "yesterday"}, "new_since", "a time such as"),
        ({"pay_from": "NaN"}, "pay_from", ""),
        ({"pay_from": "-1"}, "pay_from", ">= 0"),
        ({"pay_currency": "euro"}, "pay_currency", "regex"),
        ({"status": "no status"}, "status", "no status"),
        ({"sort": "colour"}, "sort", "colour"),
        ({"sort": "posted", "after": "12"}, "after", "no position"),
        ({"after": "1~2~3"}, "after", "no position"),
        ({"page": "0"}, "page", ">= 1"),
        ({"page": "51", "per_page": "200"}, "page", "`after`"),
        ({"page": "9" * 30}, "page", ""),
        ({"page": "1", "after": "5"}, "page", "`after`"),
        ({"before": "7", "after": "5"}, "before", "`after`"),
        ({"limit": "5", "per_page": "5"}, "per_page", "`limit`"),
        ({"after": "nothing"}, "after", "no position"),
        ({"before": "-1"}, "before", "no position"),
        ({"after": "9" * 40}, "after", "no position"),
        ({"after": "9" * 65}, "after", "length <= 64"),
        ({"source": "no such name"}, "source", "regex"),
        ({"source": "a\x00b"}, "source", "NUL"),
        ({"search": "x" * 1_001}, "search", "length <= 1000"),
        ({"search": "x" * 50_000}, "search", "length <= 1000"),
        ({"remote": "maybe"}, "remote", "maybe"),
        ({"closed": "perhaps"}, "closed", "bool"),
        ({"serach": "x"}, "serach", "there are only: after, before, changed_by_run, closed"),
        ({"limit": ["1", "2"]}, "limit", "more than once"),
    ],
)
def test_a_wrong_parameter_is_named(problem, words, field, says) -> None:
    said = problem("GET", ADDRESS, params=words)
    assert said["status"] == 400
    assert [error["field"] for error in said["errors"]] == [field]
    assert says in said["errors"][0]["message"]
    assert field in said["detail"]


def test_all_wrong_parameters_are_named_at_once(problem) -> None:
    said = problem("GET", ADDRESS, params={"limit": "0", "page": "x"})
    assert {error["field"] for error in said["errors"]} == {"limit", "page"}


def test_there_are_no_parameters_for_one_job(problem) -> None:
    said = problem("GET", f"{ADDRESS}/1", params={"verbose": "1"})
    assert said["errors"] == [
        {"field": "verbose", "message": "unknown parameter; there are no parameters here"}
    ]


@pytest.mark.parametrize("job_id", ["7", "0", str(2**63), "9" * 400, "9" * 5000, "x", "-1", "1.5"])
def test_a_job_that_is_not_there(problem, job_id) -> None:
    assert problem("GET", f"{ADDRESS}/{job_id}")["status"] == 404


def test_head_is_get_without_a_body(client, fill) -> None:
    fill(2)
    for path in (ADDRESS, f"{ADDRESS}?limit=0", f"{ADDRESS}/99"):
        # How long it is compressed is known only to who compresses it.
        get, head = client.get(path, headers={"Accept-Encoding": "identity"}), client.head(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers == get.headers
