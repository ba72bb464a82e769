"""The line that tells how far a run is."""

from __future__ import annotations

import signal
import time
from itertools import count

import pytest

from jobtracker_core.cli.progress import line, stop_on_signals, watch
from jobtracker_core.contract.host import Progress
from jobtracker_core.contract.run import Counts

COUNTS = Counts(pages=2, new=60, changed=3, unchanged=17, http_requests=20)


def test_the_line_names_pages_counts_requests_rate_and_time_left() -> None:
    told = Progress(phase="list", done=80, total=320, counts=COUNTS)
    assert line("board", told, seconds=10, of_phase=10) == (
        "board: 2 pages, 60 new, 3 changed, 17 known · 20 requests, 2.0/s · about 30 s left"
    )


def test_details_have_a_pace_of_their_own() -> None:
    told = Progress(phase="details", done=10, total=100, counts=COUNTS)
    assert "· details 10/100 ·" in line("board", told, seconds=1000, of_phase=20)
    assert line("board", told, seconds=1000, of_phase=20).endswith("about 3 min 0 s left")


@pytest.mark.parametrize(("done", "total"), [(80, None), (0, 100), (100, 100), (120, 100)])
def test_no_time_left_is_made_up(done, total) -> None:
    told = Progress(phase="list", done=done, total=total, counts=COUNTS)
    assert "left" not in line("board", told, seconds=10, of_phase=10)


def test_hours_are_told_as_hours() -> None:
    told = Progress(phase="list", done=1, total=101, counts=COUNTS)
    assert line("board", told, seconds=72, of_phase=72).endswith("about 2 h 0 min left")


def test_elsewhere_than_at_a_terminal_a_plain_line_comes_now_and_then(monkeypatch, capsys) -> None:
    ticks = count(100.0, 2.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    with watch("board") as sinks:
        for done in range(1, 9):
            sinks.progress(Progress(phase="list", done=done, total=None, counts=COUNTS))
        sinks.log("warning", "item unreadable", {"path": "$.a\x1b[2J"})
        sinks.log("debug", "request", {"ms": 3})
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len([text for text in lines if text.startswith("board: ")]) <= 5
    assert lines[-1] == "warning: item unreadable path=$.a [2J"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_acts(number, capsys) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        signal.raise_signal(number)
        assert stop.is_set()
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before
    assert "Stopping" in capsys.readouterr().err
