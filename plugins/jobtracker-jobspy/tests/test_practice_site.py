"""The practice sites keep their promises: the other tests stand on them."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from jobtracker_jobspy.practice import BDJobsSite, HelloWorkSite
from jobtracker_jobspy.query import JobspyQuery
from jobtracker_jobspy.sites import BDJobs, HelloWork

BOTH = pytest.mark.parametrize(
    ("collector", "kind"), [(BDJobs, BDJobsSite), (HelloWork, HelloWorkSite)]
)


@BOTH
def test_equal_seeds_give_equal_sites(collector: Any, kind: Any, run: Any) -> None:
    found = []
    for seed in (7, 7, 8):
        with kind(seed=seed, postings=40) as site:
            found.append(run(collector, site.base_url).host.listed)
    assert len(found[0]) == 40
    assert found[0] == found[1]
    assert found[0] != found[2]


@BOTH
@pytest.mark.parametrize("postings", [0, 1, 30, 101])
def test_any_number_of_postings(collector: Any, kind: Any, postings: int, run: Any) -> None:
    with kind(postings=postings) as site:
        ran = run(collector, site.base_url)
        assert set(ran.host.listed) == set(site.ids)
        assert len(site.ids) == postings
    assert ran.end == (("succeeded", None) if postings else ("partial", "blocked"))


@BOTH
def test_changes_are_what_they_say(collector: Any, kind: Any, run: Any) -> None:
    with kind(postings=60) as site:
        before = run(collector, site.base_url).host.listed
        changed = site.change(9)
        after = run(collector, site.base_url).host.listed
        assert {key for key in before if before[key] != after[key]} == set(changed)
        assert len(set(changed)) == 9
        for field in ("title", "pay", "places"):
            assert any(getattr(before[k], field) != getattr(after[k], field) for k in changed)
        assert set(site.change(60)) == set(site.ids)
        assert site.change(0) == []
        with pytest.raises(ValueError, match="61 postings are wanted and the site has 60"):
            site.change(61)


@BOTH
def test_new_postings_come_first(collector: Any, kind: Any, run: Any) -> None:
    with kind(postings=40) as site:
        before = site.ids
        new = site.add(3)
        assert site.ids == [*reversed(new), *before]
        found = run(collector, site.base_url, JobspyQuery(limit=3)).host.listed
        assert list(found) == [*reversed(new)]


def test_paid_postings_stand_on_the_first_page(bdjobs: BDJobsSite, run: Any) -> None:
    run(BDJobs, bdjobs.base_url)
    assert [request.query["pg"] for request in bdjobs.requests] == list("1234" + "14567")


def test_postings_have_the_oddities_of_the_sites(
    bdjobs: BDJobsSite, hellowork: HelloWorkSite, run: Any
) -> None:
    found = list(run(BDJobs, bdjobs.base_url).host.listed.values())
    assert any(record.pay is None for record in found)
    assert any(record.remote is None for record in found)
    assert any(len(record.places) == 2 for record in found)
    assert {place.country for record in found for place in record.places} == {"BD"}
    found = list(run(HelloWork, hellowork.base_url).host.listed.values())
    assert {kind for record in found for kind in record.employment} == {
        *("full_time", "part_time", "temporary", "contract", "internship")
    }
    assert {record.pay.currency for record in found if record.pay} == {"EUR"}


def test_unknown_addresses_are_not_found(bdjobs: BDJobsSite) -> None:
    connection = http.client.HTTPConnection(bdjobs.base_url.removeprefix("http://"))
    connection.request("GET", "/elsewhere")
    assert connection.getresponse().status == 404
    connection.close()


def test_a_posting_that_is_gone_has_no_details(bdjobs: BDJobsSite, run: Any) -> None:
    bdjobs._job = lambda job_id: None  # type: ignore[method-assign]
    ran = run(BDJobs, bdjobs.base_url, JobspyQuery(limit=2, descriptions=True))
    assert ran.end == ("succeeded", None)
    assert all(record.description is None for record in ran.host.listed.values())
    (said,) = [f for _, event, f in ran.host.events if event == "descriptions could not be read"]
    assert (said["count"], said["first"]) == (2, "Job not found")
