"""The line that tells how far a run is."""

from __future__ import annotations

import io
import json
import signal
import sys
import time
from itertools import count

import pytest

from jobtracker_core.cli.progress import line, stop_on_signals, watch
from jobtracker_core.contract.host import Progress
from jobtracker_core.contract.run import Counts
from jobtracker_core.logs import open_log

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


def test_elsewhere_than_at_a_terminal_a_log_line_comes_now_and_then(monkeypatch) -> None:
    ticks = count(100.0, 2.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    written: list[str] = []
    log = open_log(level="info", style="json", write=written.append)
    with watch("board", log) as sinks:
        sinks.log("info", "run started", {"run": 7, "collector": "board", "page": 0})
        for done in range(1, 9):
            sinks.progress(Progress(phase="list", done=done, total=None, counts=COUNTS))
        sinks.log("warning", "item unreadable", {"run": 7, "path": "$.a"})
    told = [json.loads(text) for text in written]
    progress = [line for line in told if line["event"] == "progress"]
    assert 2 <= len(progress) <= 5
    assert {(p["run"], p["collector"], p["page"], p["new"]) for p in progress} == {
        (7, "board", 2, 60)
    }
    assert (told[0]["event"], told[-1]["event"]) == ("run started", "item unreadable")


def test_at_a_terminal_log_lines_pass_the_live_line(monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with watch("board", open_log(level="info", style="auto")) as sinks:
        sinks.progress(Progress(phase="list", done=1, total=None, counts=COUNTS))
        sinks.log("warning", "item unreadable", {"run": 7, "path": "$.a\x1b[2J"})
        sinks.log("debug", "request", {"run": 7, "ms": 3})
    said = terminal.getvalue()
    assert 'warning: item unreadable run=7 path="$.a [2J"' in said
    assert "ms=3" not in said
    assert "\x1b[2J" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_acts(number, capsys) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        signal.raise_signal(number)
        assert stop.is_set()
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before
    assert "Stopping" in capsys.readouterr().err
