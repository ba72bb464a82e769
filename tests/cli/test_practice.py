"""`jobtracker plugins practice`."""

from __future__ import annotations

import contextlib
import re
import threading
import urllib.error
import urllib.request

import pytest

from jobtracker_core.cli import practice


class Watched(threading.Event):
    """Asks the site for its home page while the command waits to be stopped."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self.capfd = capfd
        self.said = ""
        self.status = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.said = self.capfd.readouterr().out
        address = re.search(r"BASE_URL=(\S+)", self.said)
        assert address is not None
        try:
            with urllib.request.urlopen(address[1], timeout=60) as answer:
                self.status = answer.status
        except urllib.error.HTTPError as error:
            self.status = error.code
        return True


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Watched:
    event = Watched(capfd)
    monkeypatch.setattr(practice, "stop_on_signals", lambda: contextlib.nullcontext(event))
    return event


def test_the_site_is_open_until_it_is_stopped(jobtracker, watched: Watched) -> None:
    assert jobtracker("plugins", "practice", "hiringcafe", "--postings", "7").code == 0
    assert watched.status == 200
    assert "export JOBTRACKER_HIRINGCAFE_PER_MINUTE=60000" in watched.said


def test_a_terminal_that_lacks_the_program_is_told_where_it_is(
    jobtracker, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found, told in (("/usr/bin/jobtracker", False), (None, True)):
        monkeypatch.setattr("shutil.which", lambda _, found=found: found)
        assert jobtracker("plugins", "practice", "hiringcafe", "--postings", "1").code == 0
        assert ("export PATH=" in watched.said) is told


def test_it_shows_the_fault_that_is_asked_for(jobtracker, watched: Watched) -> None:
    assert jobtracker("plugins", "practice", "hiringcafe", "--fail", "unauthorized").code == 0
    assert watched.status == 401
    only = ("--fail", "unauthorized", "--path", "/api/*")
    assert jobtracker("plugins", "practice", "hiringcafe", *only).code == 0
    assert watched.status == 200


def test_what_is_not_there_is_told_with_what_there_is(jobtracker) -> None:
    said = jobtracker("plugins", "practice", "nobody")
    assert (said.code, "there are: " in said.err, "hiringcafe" in said.err) == (2, True, True)
    said = jobtracker("plugins", "practice", "hiringcafe", "--fail", "earthquake")
    assert said.code == 2
    assert "no fault 'earthquake'; there are: " in said.err
