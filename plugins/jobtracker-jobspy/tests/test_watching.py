"""Every request of a scraper: it can be stopped, keeps the pace, and stays with the site."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from jobspy.bayt import Bayt as TheirBayt

from jobtracker_core.testing.practice import Reply, Seen
from jobtracker_jobspy.call import Caller
from jobtracker_jobspy.query import EasyApplyQuery, JobspyQuery, JobspySettings
from jobtracker_jobspy.sites import Bayt, BDJobs


def cards(first: int, n: int) -> Reply:
    return Reply.html(
        "".join(
            f'<li data-js-job data-job-id="{number}"><h2><a href="/en/job/{number}/">Organ Builder'
            f"</a></h2></li>"
            for number in range(first, first + n)
        )
    )


class Stopped(Exception):  # noqa: N818  (not an error)
    """A test's own."""


def test_a_list_that_is_read_without_a_word_can_be_stopped(serve: Any) -> None:
    starts = count(step=30)
    site = serve(lambda _: cards(next(starts), 30))
    asked: list[str] = []

    def on_request(address: str) -> None:
        asked.append(address)
        if len(asked) > 5:
            raise Stopped

    caller = Caller(
        Bayt.board,
        JobspySettings(base_url=site.base_url),
        hosts=Bayt.info.hosts,
        on_page=lambda: None,
        on_request=on_request,
    )
    with pytest.raises(Stopped):
        caller.call({"is_remote": True}, offset=0, wanted=30, proxy=None)
    assert site.count() == 5


def test_a_list_that_is_read_without_a_word_keeps_the_pace(
    run: Any, intercept: Any, ca_cert: str
) -> None:
    replies = iter([cards(0, 20), cards(100, 30), cards(130, 30), cards(160, 3), cards(0, 20)])
    proxy = intercept(lambda _: next(replies))
    query = EasyApplyQuery(text="x", remote=("remote",), descriptions=False)
    ran = run(Bayt, query=query, proxy=proxy.url, ca_cert=ca_cert)
    assert ran.end == ("succeeded", None), ran.message
    assert len(ran.host.listed) == 20
    assert len(proxy.asked) == 5
    assert ran.clock.monotonic() == 4 * 5


@pytest.mark.parametrize("collector", [Bayt, BDJobs])
def test_a_way_out_of_the_site_is_not_taken(collector: Any, run: Any, serve: Any) -> None:
    elsewhere = serve(lambda _: Reply.html("not the site's"))
    target = elsewhere.base_url.replace("127.0.0.1", "localhost") + "/inner"
    site = serve(lambda _: Reply(status=302, headers={"Location": target}))
    ran = run(collector, site.base_url, collector.info.query(text="x"))
    assert elsewhere.count() == 0
    assert ran.end == ("failed", "parse")
    assert "led to localhost, which is no host of the site" in ran.message


def test_a_posting_elsewhere_is_not_opened(run: Any, serve: Any) -> None:
    elsewhere = serve(lambda _: Reply.html("not the site's"))
    link = f'<li data-js-job data-job-id="1"><h2><a href="{elsewhere.base_url}/x">A</a></h2></li>'
    site = serve(lambda _: Reply.html(link))
    ran = run(Bayt, site.base_url, EasyApplyQuery(text="x", descriptions=True))
    assert elsewhere.count() == 0
    assert ran.message.endswith("led to 127.0.0.1, which is no host of the site")


def test_a_way_within_the_site_is_taken(run: Any, serve: Any) -> None:
    def answer(request: Seen) -> Reply:
        if request.path.startswith("/new/"):
            return cards(0, 7)
        return Reply(status=301, headers={"Location": "/new/?page=1"})

    site = serve(answer)
    ran = run(Bayt, site.base_url, EasyApplyQuery(text="x", descriptions=False))
    assert ran.end == ("succeeded", None), ran.message
    assert len(ran.host.listed) == 7


def test_a_way_in_a_circle_ends(run: Any, serve: Any) -> None:
    site = serve(lambda _: Reply(status=302, headers={"Location": "/again"}))
    ran = run(BDJobs, site.base_url, JobspyQuery(text="x"))
    assert ran.end == ("failed", "parse")
    assert ran.message == "bdjobs: response status code 302"
    assert site.count() == 11


def test_python_jobspy_is_left_as_it_is(run: Any, serve: Any) -> None:
    run(Bayt, serve(lambda _: cards(0, 3)).base_url, EasyApplyQuery(descriptions=False))
    assert not hasattr(TheirBayt, "session")
