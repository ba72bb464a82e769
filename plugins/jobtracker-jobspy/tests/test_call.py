"""One call: who is asked, through what, and what is heard of it."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from jobspy.bdjobs import BDJobs as TheirBDJobs
from jobspy.hellowork import HelloWork as TheirHelloWork
from jobspy.model import ScraperInput
from msgspec import structs

from jobtracker_core import ConfigError
from jobtracker_core.testing.practice import Reply
from jobtracker_jobspy import library
from jobtracker_jobspy.board import Board
from jobtracker_jobspy.call import Caller, kept
from jobtracker_jobspy.listening import Ear
from jobtracker_jobspy.practice import BDJobsSite, HelloWorkSite
from jobtracker_jobspy.query import JobspyQuery, JobspySettings
from jobtracker_jobspy.sites import COLLECTORS, Bayt, BDJobs, HelloWork

HOSTS = ("www.bayt.com",)


def caller(board: Board, **settings: Any) -> Caller:
    return Caller(
        board,
        JobspySettings(**settings),
        hosts=HOSTS,
        on_page=lambda: None,
        on_request=lambda _: None,
    )


@pytest.mark.parametrize("proxy", ["", "localhost", "http://localhost"])
def test_a_proxy_that_python_jobspy_would_drop_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigError, match="proxy_pool: python-jobspy takes this proxy"):
        kept(proxy, HOSTS)


@pytest.mark.parametrize(
    "proxy", ["http://127.0.0.1:3128", "http://localhost:3128", "socks5://u:p@gate.example:1080"]
)
def test_other_proxies_are_kept(proxy: str) -> None:
    assert kept(proxy, HOSTS) == proxy


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("around", "host"),
    [
        ("*", "www.bayt.com"),
        ("a.example, bayt.com", "www.bayt.com"),
        (".bayt.com", "www.bayt.com"),
        ("WWW.bayt.com", "www.bayt.com"),
        ("www.bayt.com.", "www.bayt.com"),
        (".bayt.com.", "www.bayt.com"),
        ("127.0.0.1.", "127.0.0.1"),
        ("10.0.0.0/8,127.0.0.0/8", "127.0.0.1"),
    ],
)
def test_an_environment_that_goes_around_the_proxy_is_refused(
    name: str, around: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, around)
    with pytest.raises(ConfigError, match=f"so requests to {host} would go around the proxy"):
        kept("http://127.0.0.1:3128", [host])


def test_an_environment_that_names_others_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1,10.0.0.0/8,yt.com,t.com.")
    assert kept("http://127.0.0.1:3128", HOSTS)


def test_curl_really_goes_around_a_proxy_for_the_environment(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = serve(lambda _: Reply.html("<ul></ul>"))
    proxy = serve(lambda _: Reply(status=500))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    scraper = TheirHelloWork()
    scraper.search_url = site.base_url
    scraper.scrape(ScraperInput.model_validate({"proxies": [proxy.base_url]}))
    assert (site.count(), proxy.count()) == (1, 0)


@pytest.mark.parametrize("collector", [HelloWork, BDJobs])
def test_an_entry_that_is_not_understood_leads_around_no_proxy(
    collector: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = serve(lambda _: Reply.html("<ul></ul>"))
    proxy = serve(lambda _: Reply(status=500))
    monkeypatch.setattr("jobtracker_jobspy.call._naming", lambda host, around: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    proxied = caller(collector.board, base_url=site.base_url)
    proxied.call({}, offset=0, wanted=1, proxy=proxy.base_url)
    assert (site.count(), proxy.count()) == (0, 1)


def test_a_run_that_would_go_around_its_proxy_asks_nothing(
    hellowork: HelloWorkSite, run: Any, forward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    ran = run(HelloWork, hellowork.base_url, proxy=forward(hellowork.base_url).url)
    assert ran.end == ("failed", "config")
    assert hellowork.count() == 0


def test_a_missing_bundle_of_certificates_is_named(run: Any, bdjobs: BDJobsSite) -> None:
    ran = run(BDJobs, bdjobs.base_url, ca_cert="/nowhere/ca.pem")
    assert ran.end == ("failed", "config")
    assert ran.message == "ca_cert: there is no file /nowhere/ca.pem"


def test_the_address_is_replaced_for_one_call_alone(run: Any, bdjobs: BDJobsSite) -> None:
    before = (TheirBDJobs.base_url, TheirBDJobs.search_url, TheirBDJobs.delay)
    run(BDJobs, bdjobs.base_url, JobspyQuery(limit=5))
    assert (TheirBDJobs.base_url, TheirBDJobs.search_url, TheirBDJobs.delay) == before


def test_a_base_with_a_path_is_kept(serve: Any, run: Any) -> None:
    site = serve(lambda _: Reply.json({"data": [], "common": {"totalpages": 1}}))
    run(BDJobs, f"{site.base_url}/mirror/", JobspyQuery(text="x"))
    assert site.requests[0].path == "/mirror/Jobs/api/JobSearch/GetJobSearch"


def test_links_are_the_real_site_s() -> None:
    here = caller(HelloWork.board, base_url="http://127.0.0.1:8080")
    site = "https://www.hellowork.com"
    assert here.public("http://127.0.0.1:8080/a", site) == f"{site}/a"
    assert here.public("http://127.0.0.1:80801/a", site) == "http://127.0.0.1:80801/a"
    assert here.public("https://other.example", site) == "https://other.example"
    assert here.public(None, site) is None
    assert caller(HelloWork.board).public("https://x.example", site) == "https://x.example"


def test_an_address_that_python_jobspy_has_no_more_is_an_error() -> None:
    board = Board(
        scraper="BDJobs",
        prefix="bd-",
        start="page",
        delay=5.0,
        page_size=1,
        portion=1,
        addresses=("base_url", "feed_url"),
    )
    with pytest.raises(ConfigError, match=r"1\.4\.\d+ has no address `BDJobs\.feed_url`"):
        caller(board).call({}, offset=0, wanted=1, proxy=None)


def test_real_sites_are_asked_as_slowly_as_python_jobspy_does() -> None:
    for collector in COLLECTORS:
        theirs = getattr(library.scraper(collector.board.scraper), "delay", (0, 5))
        assert caller(collector.board).delay == theirs[1]
    assert caller(BDJobs.board, base_url="http://127.0.0.1:9").delay == 0


@pytest.mark.parametrize("collector", [BDJobs, Bayt])
def test_a_mirror_elsewhere_is_asked_as_slowly(
    collector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = caller(collector.board, base_url="https://mirror.example")
    assert mirror.delay == 5
    made = library.scraper(collector.board.scraper)
    monkeypatch.setattr(made, "scrape", lambda _: [])
    monkeypatch.setattr(library, "scraper", lambda _: made)
    mirror.call({}, offset=0, wanted=1, proxy=None)
    # The run waits itself, and python-jobspy is told not to.
    assert made.delay == (0, 0)


def test_between_two_calls_a_run_waits(
    run: Any, intercept: Any, ca_cert: str, hellowork: HelloWorkSite
) -> None:
    pages = iter(range(1, 99))

    def answer(request: Any) -> Reply:
        return hellowork.answer(structs.replace(request, query={"p": str(next(pages))}))

    ran = run(HelloWork, proxy=intercept(answer).url, ca_cert=ca_cert)
    assert ran.end == ("succeeded", None), ran.message
    assert len(ran.host.listed) == 330
    assert ran.clock.monotonic() == 11 * 5 + 10  # nothing after page 11, and so once more


# -- listening


def test_what_a_scraper_logs_is_sorted() -> None:
    pages: list[str] = []
    ear = Ear(lambda: pages.append("asked"))
    log = ear.logger("jobspy.bayt")
    log.info("search page: 3")
    log.info("finished scraping")
    log.warning("skipping job: 1 validation error\nfor Job")
    log.warning("job 77: response status code 429")
    log.warning("job details: 'data'")
    log.error("response status code 500")
    assert pages == ["asked"]
    assert ear.page == 3
    assert ear.skipped == [(3, "1 validation error\nfor Job")]
    assert ear.details == ["response status code 429", "'data'"]
    assert ear.others == ["response status code 500"]


def test_nobody_else_s_logging_matters_or_changes(
    bdjobs: BDJobsSite, run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("jobspy")
    before = (logger.level, list(logger.handlers), logging.root.level)
    logger.setLevel(logging.CRITICAL)
    try:
        bdjobs.fail("drift")
        ran = run(BDJobs, bdjobs.base_url)
    finally:
        logger.setLevel(before[0])
    assert ran.end == ("failed", "parse")
    assert ran.message.endswith("Field required (330 of 330 items are unreadable)")
    assert caplog.records == []
    assert (logger.level, list(logger.handlers), logging.root.level) == before


def test_a_program_without_any_logging_hears_its_scrapers_all_the_same() -> None:
    ear = Ear(lambda: None)
    logging.disable(logging.CRITICAL)
    try:
        log = ear.logger("jobspy.bayt")
        log.info("search page: 2")
        log.warning("skipping job: no title link")
        log.debug("skipping job: not so")
    finally:
        logging.disable(logging.NOTSET)
    assert ear.skipped == [(2, "no title link")]


def test_a_release_that_does_not_tell_its_pages_is_refused(
    bdjobs: BDJobsSite, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ear, "emit", lambda self, record: None)
    with BDJobsSite(postings=600) as site:
        ran = run(BDJobs, site.base_url)
    assert ran.end == ("failed", "config")
    assert "does not tell which page it reads" in ran.message


def test_a_hidden_import_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jobspy", None)
    with pytest.raises(ConfigError, match="python-jobspy: cannot be used"):
        library.scraper("Bayt")
