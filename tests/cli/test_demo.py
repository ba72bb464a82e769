"""`jobtracker demo`."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest

from jobtracker_core.cli import demo
from jobtracker_core.cli.app import run
from jobtracker_core.plugins.practice import practice_sites
from jobtracker_core.tracker import JobTracker
from jobtracker_hiringcafe.practice import HiringCafeSite

SITES = len(practice_sites())


def test_the_tour_shows_new_nothing_and_changed(tmp_path: Path, capfd) -> None:
    code = run(["demo", "--once", "--postings", "60", "--dir", str(tmp_path)])
    said = capfd.readouterr().out
    assert code == 0
    assert "60 new, 0 changed, 0 known" in said
    assert "0 new, 0 changed, 60 known" in said
    assert "0 new, 10 changed, 50 known" in said
    assert said.count("     job ") == 10 * SITES
    assert said.count("  ok: ") == 5 * SITES
    assert "WRONG" not in said
    assert f"{SITES} of {SITES} sites came out as they must" in said
    assert (tmp_path / "jobtracker.db").exists()


def test_a_tour_that_goes_wrong_says_so(tmp_path: Path, capfd, monkeypatch) -> None:
    monkeypatch.setattr(HiringCafeSite, "change", lambda self, n: [str(i) for i in range(n)])
    code = run(["demo", "--once", "--postings", "60", "--dir", str(tmp_path)])
    assert code == 1
    assert "WRONG: the third run finds the 10 changes" in capfd.readouterr().out


def test_what_stays_open_stays_open_until_it_is_stopped(
    tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[int] = []

    def serve(tracker: JobTracker, listener: socket.socket) -> None:
        assert tracker.settings.collectors["hiringcafe"]["base_url"] in capfd.readouterr().out
        served.append(tracker.jobs.count())

    monkeypatch.setattr("jobtracker_core.cli.serve.serve_until_stopped", serve)
    assert run(["demo", "--postings", "41", "--dir", str(tmp_path)]) == 0
    assert served == [41 * SITES]


def test_the_portal_of_a_second_demo_opens_elsewhere(
    tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports: list[int] = []

    def serve(_: JobTracker, listener: socket.socket) -> None:
        ports.append(listener.getsockname()[1])

    monkeypatch.setattr("jobtracker_core.cli.serve.serve_until_stopped", serve)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(demo, "_PORT", taken.getsockname()[1])
        assert run(["demo", "--postings", "41", "--dir", str(tmp_path)]) == 0
        assert ports != [taken.getsockname()[1]]
    assert f"JobTracker at http://127.0.0.1:{ports[0]}/" in capfd.readouterr().out


def test_a_tour_that_was_stopped_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    stop.set()
    monkeypatch.setattr(demo, "stop_on_signals", lambda: contextlib.nullcontext(stop))
    served: list[object] = []
    monkeypatch.setattr("jobtracker_core.cli.serve.serve_until_stopped", served.append)
    assert run(["demo", "--postings", "41", "--dir", str(tmp_path)]) == 1
    assert served == []
