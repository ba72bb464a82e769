"""`jobtracker demo`."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest

from jobtracker_core.cli import demo
from jobtracker_core.cli.app import run
from jobtracker_hiringcafe.practice import HiringCafeSite


def test_the_tour_shows_new_nothing_and_changed(tmp_path: Path, capfd) -> None:
    code = run(["demo", "--once", "--postings", "60", "--dir", str(tmp_path)])
    said = capfd.readouterr().out
    assert code == 0
    assert "60 new, 0 changed, 0 known" in said
    assert "0 new, 0 changed, 60 known" in said
    assert "0 new, 10 changed, 50 known" in said
    assert said.count("     job ") == 10
    assert said.count("  ok: ") == 5
    assert "WRONG" not in said
    assert (tmp_path / "jobtracker.db").exists()


def test_a_tour_that_goes_wrong_says_so(tmp_path: Path, capfd, monkeypatch) -> None:
    monkeypatch.setattr(HiringCafeSite, "change", lambda self, n: [str(i) for i in range(n)])
    code = run(["demo", "--once", "--postings", "60", "--dir", str(tmp_path)])
    assert code == 1
    assert "WRONG: the third run finds the 10 changes" in capfd.readouterr().out


def test_without_once_the_site_stays_open_until_it_is_stopped(
    tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[bool] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(True)
            return True

    monkeypatch.setattr(demo, "stop_on_signals", lambda: contextlib.nullcontext(Stop()))
    assert run(["demo", "--postings", "41", "--dir", str(tmp_path)]) == 0
    said = capfd.readouterr().out
    assert waited == [True]
    assert "export JOBTRACKER_HIRINGCAFE_BASE_URL=http://127.0.0.1:" in said
