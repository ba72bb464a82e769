"""Each check catches a collector that breaks its promise, and says what is wrong."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from jobtracker_core import Pay
from jobtracker_core.testing.checks import CHECKS
from jobtracker_core.testing.faults import FAULTS
from tests.testing.board import Board, BoardSite, OwnBoard
from tests.testing.broken_card import BadName, Eager, Homeless, Mute
from tests.testing.broken_faults import (
    Content,
    Glossing,
    Impatient,
    Strict,
    Swallowing,
    Trusting,
    TrustingHtml,
)
from tests.testing.broken_heavy import Heavy
from tests.testing.broken_pages import (
    ByHash,
    ByProcess,
    Counting,
    Crashing,
    Cursorless,
    Forgetful,
    OddDetails,
    Repeating,
    Skipping,
    odd,
)
from tests.testing.broken_proxied import Bypassing, Plain, Soothing, Telling, Tracking
from tests.testing.broken_runs import (
    Boasting,
    Curling,
    Deaf,
    Delegating,
    Dialling,
    DiallingElsewhere,
    Dozing,
    Handler,
    Hasty,
    Hoarding,
    Homesick,
    Hushing,
    Late,
    Littering,
    Mangling,
    Opening,
    Shelling,
    Shouting,
    Sleeping,
    Spawning,
    Straying,
    Stubborn,
    Threading,
    Wrapping,
)
from tests.testing.conftest import installed

NAIVE = datetime(2026, 9, 1)  # noqa: DTZ001  (that is what is wrong)


class NoFaults(BoardSite):
    """Knows none of the faults that every practice site declares."""

    faults = frozenset()


BROKEN: list[tuple[str, Any, str]] = [
    ("contract", BadName, "bad name 'Bad-Name'"),
    ("found", Homeless, "no installed plugin brings a collector 'homeless'"),
    ("form", Mute, "query field 'colour' has no description"),
    ("lazy", Eager, "it asked for https://board.example/api/jobs"),
    ("light", Heavy, "imports sqlalchemy"),
    ("plain_run", Skipping, "$.items[0]: too hard"),
    ("plain_run", Crashing, "KeyError: 'colour'"),
    ("ids", Repeating, "source_id 'job-0' comes 3 times in one run (on pages 1, 2, 3)"),
    ("ids", Counting, "at position 0"),
    ("ids", ByProcess, "at position 0"),
    ("ids", ByHash, "at position 0"),
    ("fields", odd(company="N/A"), "page 1, postings[0].company is 'N/A'"),
    ("fields", odd(title="<b>Engineer</b>"), "title holds markup: '<b>'"),
    ("fields", odd(title="R&amp;D"), "title holds markup: '&amp;'"),
    ("fields", odd(url="/jobs/1"), "postings[0].url: is not an absolute http(s) link"),
    ("fields", odd(url="https://elsewhere.example/1"), "url is none of the site's"),
    ("fields", odd(url=lambda board: f"{board.base}/jobs/1"), "url leads to the practice site"),
    ("fields", odd(apply_url="careers.example"), "apply_url is no absolute web address"),
    ("fields", odd(posted_at=NAIVE), "posted_at has no time zone"),
    ("fields", odd(pay=Pay(min=9, max=3)), "pay has a min of 9 above its max of 3"),
    ("fields", odd(skills=("Python", "")), "skills[1] is ''"),
    ("fields", OddDetails, "details of 'job-0'.company is 'N/A'"),
    ("resume", Forgetful, "from the cursor '1' of page 1 it gives 60 postings, and 40 are left"),
    ("resume", Cursorless, "page 1 of 3 has no cursor"),
    ("stop", Wrapping, "stopped at page 1, the run ended partial (network: something happened"),
    ("stop", Stubborn, "asked 20000 times whether to stop"),
    ("stop_while_waiting", Dozing, "the pause was cut short"),
    ("deadline", Late, "its time was up, and it still asked for"),
    ("deadline", Wrapping, "its time was up, and the run ended"),
    ("hosts", Homesick, "it asked for ['https://board.example/api/jobs"),
    ("hosts", Straying, "tracker.example is none of the collector's hosts"),
    ("side_door", Sleeping, "time.sleep(0.01)"),
    ("side_door", Dialling, "socket.connect(('127.0.0.1', 9))"),
    ("side_door", DiallingElsewhere, "socket.connect(('127.0.0.1', 9))"),
    ("side_door", Delegating, "socket.getaddrinfo('127.0.0.1')"),
    ("side_door", Spawning, "subprocess.Popen(["),
    ("side_door", Shelling, "os.system("),
    ("side_door", Curling, "curl_cffi.Curl.setopt(URL, b'http://127.0.0.1:"),
    ("side_door", Hoarding, "curl_cffi.Curl.perform()"),
    ("filters", Deaf, "'text' is declared native and never sent"),
    ("filters", Boasting, "'distance_km' is declared native and never sent"),
    ("rate", Hasty, "requests were sent, and 3 were granted"),
    *((f"fault_{name}", Swallowing, FAULTS[name].does) for name in FAULTS if name != "repeated"),
    ("fault_repeated", Content, "the page before once more"),
    ("passing", Impatient, "an answer that drips until the time is up, once"),
    ("spoilt", Trusting, "$.items[10].at dropped: bug in the plugin: KeyError"),
    ("spoilt", TrustingHtml, "<h3.name> dropped: bug in the plugin: AttributeError"),
    ("drift", Glossing, "one field renamed or of another type in every item"),
    ("endless", Content, "with a confirmed end"),
    ("bad_items", Glossing, "0 items were told as unreadable, and 3 postings are missing"),
    ("bad_items", Strict, "5 % of the items unreadable"),
    ("nothing_left", Shouting, "log handlers and levels: root"),
    ("nothing_left", Hushing, "warnings filters: was"),
    ("nothing_left", Littering, "environment: BOARD_TOKEN was None and is '1'"),
    ("nothing_left", Threading, "threads: left-0-"),
    ("nothing_left", Opening, "open files and sockets"),
    ("errors_pickle", Mangling, "BoardSad cannot be pickled"),
    ("proxy_hosts", Tracking, "it asked for https://tracker.example/api/jobs"),
    ("proxy_only", Bypassing, "it went around its proxy to ['/api/jobs']"),
    ("proxy_only", Telling, "the proxy's password stands in the log"),
    ("proxy_reset", Soothing, "a connection that is reset, after 0 good answers"),
    ("proxy_login", Soothing, "407 from the proxy"),
    ("proxy_challenge", Soothing, "403 with a browser challenge"),
    ("proxy_rate_limit", Soothing, "429 with Retry-After"),
]


@pytest.fixture(autouse=True)
def tidied() -> Iterator[None]:
    """Take away what the broken ones left."""
    Threading.release.clear()
    yield
    Threading.release.set()
    os.environ.pop("BOARD_TOKEN", None)
    for handler in [h for h in logging.getLogger().handlers if isinstance(h, Handler)]:
        logging.getLogger().removeHandler(handler)
    while Hoarding.handles:
        Hoarding.handles.pop().close()
    while Opening.files:
        Opening.files.pop().close()


@pytest.mark.parametrize(
    ("check", "collector", "wrong"), BROKEN, ids=[f"{c}-{k.__name__}" for c, k, _ in BROKEN]
)
def test_a_broken_collector_is_caught(
    check: str, collector: Any, wrong: str, verdict: Callable[..., Any]
) -> None:
    options = {"registry": installed()} if collector is Homeless else {}
    found = verdict(check, collector, **options)
    assert found.state == "failed"
    assert wrong in found.reason
    assert found.next_step


def test_every_check_has_a_collector_that_it_catches() -> None:
    assert {check.name for check in CHECKS} == {name for name, _, _ in BROKEN}


@pytest.mark.parametrize("name", ["drift", "endless", "bad_items"])
def test_a_practice_site_declares_the_faults_of_all(name: str, verdict: Callable[..., Any]) -> None:
    found = verdict(name, Board, site=NoFaults)
    assert found.state == "failed"
    assert f"NoFaults.faults does not name {name!r}" in found.reason


def test_a_practice_site_must_page(verdict: Callable[..., Any]) -> None:
    class OnePage(BoardSite):
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "postings": 7})

    assert "gives one page alone" in verdict("plain_run", Board, site=OnePage).reason


def test_base_url_alone_points_at_the_site(verdict: Callable[..., Any]) -> None:
    for name in ("plain_run", "proxy_hosts", "proxy_only", "proxy_reset"):
        assert verdict(name, Plain).state == "ok"


def test_a_library_that_sleeps_costs_no_time(verdict: Callable[..., Any]) -> None:
    class Sleepy(OwnBoard):
        def fetch(self, url: str, proxy: str | None) -> bytes:
            time.sleep(60)
            return super().fetch(url, proxy)

    assert verdict("plain_run", Sleepy).state == "ok"


def test_a_library_may_set_up_its_own_log(verdict: Callable[..., Any]) -> None:
    class Logging(Board):
        def ask(self, *args: Any) -> Any:
            logging.getLogger("a library of its own").addHandler(logging.NullHandler())
            warnings.filterwarnings("ignore", message="numbers may change")
            return super().ask(*args)

    assert verdict("nothing_left", Logging).state == "ok"


def test_what_needs_answers_is_not_checked_without_them(verdict: Callable[..., Any]) -> None:
    found = verdict("ids", Board, site=None)
    assert (found.state, found.reason) == (
        "not checked",
        "it needs answers: a practice site, or the recording of a run",
    )
    assert verdict("drift", Board, site=None).state == "not checked"
    assert verdict("contract", Board, site=None).state == "ok"


def test_what_cannot_be_checked_of_own_http_has_a_reason(verdict: Callable[..., Any]) -> None:
    left_out = {check.name: check.own_http for check in CHECKS if check.own_http}
    assert set(left_out) > {"rate", "deadline", "spoilt", "passing", "fault_reset"}
    for name, why in left_out.items():
        found = verdict(name, OwnBoard)
        assert (found.state, found.reason) == ("not checked", why)
