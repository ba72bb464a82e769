"""The kit as its users meet it: in pytest, on a recording, without pytest, by single tools."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from jobtracker_core import Posting
from jobtracker_core.contract.errors import Transient
from jobtracker_core.http.exchange import Answer, Request
from jobtracker_core.http.record import Recorder
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.plugins import forms
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.execute import execute
from jobtracker_core.runner.session import Task
from jobtracker_core.testing import CollectorContract, FaultTransport, exchanges, posting_strategy
from jobtracker_core.testing.checks import CHECKS
from jobtracker_core.testing.contract import _test_of
from jobtracker_core.testing.host import KitHost
from jobtracker_core.testing.registry import make
from jobtracker_core.testing.spoil import elements, spoil_items, spoils
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.tape import Exchange, TapeTransport
from jobtracker_hiringcafe import HiringCafe
from tests.testing.board import Board, BoardSite, HtmlBoard, OwnBoard
from tests.testing.broken_faults import Swallowing, Trusting
from tests.testing.conftest import installed

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


# -- in pytest


def run_pytest(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_contract.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", *options, str(folder)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
    )


CONTRACT = """
from jobtracker_core.testing import CollectorContract
from tests.testing.board import BoardSite, OwnBoard
from tests.testing.broken_pages import Forgetful
from tests.testing.conftest import installed

class TestForgetful(CollectorContract):
    collector, site, registry = Forgetful, BoardSite, installed(Forgetful)

class TestOwn(CollectorContract):
    collector, site, registry = OwnBoard, BoardSite, installed(OwnBoard)
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "with workers"])
def test_pytest_shows_one_test_for_each_check(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = run_pytest(tmp_path, CONTRACT, "-v", "-k", "resume or stop or not_checked", *workers)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "TestForgetful::test_resume FAILED" in done.stdout or workers
    assert (
        "from the cursor '1' of page 1 it gives 60 postings, and 40 are left\n"
        "  Next: start at `cursor` where one is given: a new instance must need nothing else\n"
        "  Check resume: from every cursor that it gives, it gives the rest" in done.stdout
    )
    assert "Traceback" not in done.stdout
    assert "not checked by the conformance kit" in done.stdout
    assert "own_board: spoilt: its answers cannot be replayed" in done.stdout


def test_what_is_not_checked_is_an_attribute() -> None:
    class Contract(CollectorContract):
        collector = Board
        registry = installed(Board)

    assert set(Contract.not_checked) == {
        check.name for check in CHECKS if check.needs != "nothing" and not check.only_own_http
    }
    assert hasattr(Contract, "test_contract")
    assert not hasattr(Contract, "test_ids")


def test_a_query_that_does_not_fit_is_told(verdict: Callable[..., Any]) -> None:
    found = verdict("plain_run", Board, query={"colour": "red"})
    assert (
        "`query` of the test does not fit the collector: colour: there is no such" in found.reason
    )


def test_settings_that_do_not_fit_are_told(verdict: Callable[..., Any]) -> None:
    found = verdict("plain_run", Board, settings={"colour": "red"})
    assert "colour: there is no such field" in found.reason


def test_a_practice_site_that_is_not_installed_is_told() -> None:
    (check,) = [check for check in CHECKS if check.name == "found"]
    with Subject(HiringCafe, site=BoardSite) as subject:
        found = make(check, subject)
    assert "the practice site is not to be found under 'hiringcafe'" in str(found.reason)
    assert 'hiringcafe = "module:Class"' in str(found.next_step)


def test_importing_the_kit_needs_neither_pytest_nor_hypothesis() -> None:
    code = (
        "import sys\n"
        "for name in ('pytest', 'hypothesis', 'trustme'): sys.modules[name] = None\n"
        "import jobtracker_core.testing as testing\n"
        "from jobtracker_core.testing.checks import CHECKS\n"
        "from jobtracker_core.testing import CollectorContract, FaultTransport, InterceptProxy\n"
        "import jobtracker_core.testing.pytest_plugin\n"
        "print(len(CHECKS))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(CHECKS)


def test_the_plugin_costs_pytest_little() -> None:
    code = (
        "import sys, jobtracker_core.testing.pytest_plugin\n"
        "print({'msgspec', 'curl_cffi', 'sqlalchemy'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_check_is_documented() -> None:
    page = (ROOT / "docs/reference/testing.md").read_text(encoding="utf-8")
    for check in CHECKS:
        assert f"| `{check.name}` | {check.proves} | {check.needs} |" in page


# -- on a recording


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Callable[[Any], Path]]:
    """Record a run of a collector on its practice site, as the real site's address."""
    with BoardSite(postings=45) as site:

        def record(collector: Any) -> Path:
            directory = tmp_path / str(collector.info.name)
            clock = JumpClock(NOW)
            manifest = {
                "collector": collector.info.name,
                "query": forms.as_words(collector.info.canary),
                "settings": {"base_url": site.base_url},
                "recorded_at": NOW,
            }
            recorder = Recorder(
                directory,
                redact=lambda content, _media: content,
                manifest=msgspec.to_builtins(manifest),
            )
            task = Task(
                collector=collector,
                settings=collector.info.settings(base_url=site.base_url),
                query=collector.info.canary,
            )
            transport = CurlTransport()
            execute(task, KitHost(clock), transport=transport, clock=clock, recorder=recorder)
            transport.close()
            return directory

        yield record


@pytest.mark.parametrize("collector", [Board, HtmlBoard], ids=["json", "html"])
def test_a_recording_is_enough(recorded: Any, collector: Any, verdict: Callable[..., Any]) -> None:
    directory = exchanges(recorded(collector))
    found = {
        check.name: verdict(check.name, collector, site=None, replay=directory)
        for check in CHECKS
        if check.needs == "answers"
    }
    assert {name: v.reason for name, v in found.items() if v.state != "ok"} == {}


@pytest.mark.parametrize(
    ("check", "collector", "wrong"),
    [
        ("spoilt", Trusting, "on the recording, in the answer of /api/jobs"),
        ("fault_challenge", Swallowing, "succeeded with nothing, where there are 45 postings"),
    ],
)
def test_a_recording_catches_too(
    recorded: Any, check: str, collector: Any, wrong: str, verdict: Callable[..., Any]
) -> None:
    found = verdict(check, collector, site=None, replay=recorded(collector))
    assert found.state == "failed"
    assert wrong in found.reason


def test_a_recording_of_another_collector_is_refused(
    recorded: Any, verdict: Callable[..., Any]
) -> None:
    found = verdict("ids", Board, site=None, replay=recorded(HtmlBoard))
    assert "is a recording of 'html_board', not of 'board'" in found.reason


def test_a_directory_without_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no recording"):
        exchanges(tmp_path)


def test_own_http_makes_no_use_of_a_recording(tmp_path: Path, verdict: Callable[..., Any]) -> None:
    assert verdict("ids", OwnBoard, site=None, replay=tmp_path).state == "not checked"


# -- single tools


class Site:
    """A transport that answers everything with its number."""

    def __init__(self) -> None:
        self.count = 0

    def send(self, request: Request, *, timeout: float) -> Answer:
        self.count += 1
        body = f'{{"number": {self.count}}}'.encode()
        return Answer(status=200, url=request.url, headers=(), content=body, elapsed=0.0)

    def close(self) -> None:
        """Nothing is open."""


def ask(transport: Any, path: str) -> bytes:
    request = Request(method="GET", url=f"https://board.example{path}")
    return bytes(transport.send(request, timeout=9).content)


def test_faults_strike_by_path_and_number() -> None:
    clock = JumpClock(NOW)
    transport = FaultTransport(Site(), clock)
    transport.fail("timeout", path="/api/*", after=1, times=1)
    assert ask(transport, "/api/a") == b'{"number": 1}'
    assert ask(transport, "/other") == b'{"number": 2}'
    with pytest.raises(Transient, match="within 9 s"):
        ask(transport, "/api/b")
    assert clock.monotonic() == 9
    assert ask(transport, "/api/c") == b'{"number": 3}'
    assert [request.url for request in transport.struck] == ["https://board.example/api/b"]


def test_the_page_before_comes_again() -> None:
    transport = FaultTransport(Site(), JumpClock(NOW))
    transport.fail("repeated", after=1)
    assert [ask(transport, f"/{n}") for n in range(3)] == [b'{"number": 1}'] * 3


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(ValueError, match="no fault 'rain'; there are busy, challenge"):
        FaultTransport(Site(), JumpClock(NOW)).fail("rain")


def test_a_tape_gives_answers_in_order_and_the_last_again() -> None:
    site = Site()
    taped = []
    for path in ("/a", "/b", "/a"):
        request = Request(method="GET", url=f"https://board.example{path}")
        taped.append(Exchange(request=request, answer=site.send(request, timeout=1), at=0.0))
    tape = TapeTransport(taped)
    got = [ask(tape, path) for path in ("/a", "/a", "/a", "/b")]
    assert got == [b'{"number": 1}', b'{"number": 3}', b'{"number": 3}', b'{"number": 2}']
    with pytest.raises(Transient, match="/c is not on the recording"):
        ask(tape, "/c")


def test_every_part_of_a_json_answer_can_be_spoilt() -> None:
    content = b'{"items": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "total": 3}'
    made = {spoil.words: spoil.make() for spoil in spoils(content)}
    assert made["$.items[1].id dropped"] == b'{"items":[{"id":"a"},{},{"id":"c"}],"total":3}'
    assert made["$.total of another type"].endswith(b'"total":"seven"}')
    assert made["$.items made null"] == b'{"items":null,"total":3}'
    assert made["$.items emptied"] == b'{"items":[],"total":3}'
    assert len(made) == 4 * 3 + 1


def test_every_part_of_a_page_can_be_spoilt() -> None:
    page = '<ul class="x"><li class="y">one<br></li><li class="y">two</li></ul>'
    made = {spoil.words: spoil.make().decode() for spoil in spoils(page.encode())}
    assert made["<li.y> dropped"] == '<ul class="x"><li class="y">one<br></li></ul>'
    assert made["<li.y> emptied"].endswith('<li class="y"></li></ul>')
    assert made['every class="y" renamed'].count("renamed-7") == 2
    assert made['one class="x" renamed'].startswith('<ul class="renamed-7">')
    assert [one.opening for one in elements(page)] == ["li.y", "li.y", "ul.x"]


def test_more_than_half_of_the_items_are_spoilt() -> None:
    items = [{"id": str(number)} for number in range(10)]
    spoilt = msgspec.json.decode(spoil_items(msgspec.json.encode({"x": [{}], "items": items})))
    assert sum("unreadable" in item for item in spoilt["items"]) == 6
    page = "".join(f'<li class="c" data-id="{n}"><b class="t">{n}</b></li>' for n in range(10))
    hollow = spoil_items(f"<ul>{page}</ul>".encode()).decode()
    assert hollow.count('<li class="c" data-id=\'\'><b class="t"></b></li>') == 6
    assert hollow.count('<li class="c"') == 10
    assert spoil_items(b"plain text") == b"plain text"


@given(posting=posting_strategy())
def test_invented_postings_keep_the_contract(posting: Posting) -> None:
    record = normalise(posting)
    assert record.source_id == posting.source_id
    assert record.url == f"https://board.example/jobs/{posting.source_id}"


def test_a_check_in_pytest_says_what_it_proves() -> None:
    test = _test_of(CHECKS[0])
    assert (test.__name__, test.__doc__) == ("test_contract", CHECKS[0].proves)
