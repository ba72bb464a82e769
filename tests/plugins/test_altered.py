"""A plugin that was really changed, built and installed, on a capture of the one before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_hiringcafe.practice import HiringCafeSite

PLUGIN = Path(__file__).parents[2] / "plugins" / "jobtracker-hiringcafe"
VERSION = "99.0"


def alter(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, path
    path.write_text(text.replace(old, new))


@pytest.fixture
def altered(tmp_path: Path) -> Path:
    """A directory with a HiringCafe plugin that looks for another name in the site's answers."""
    project = tmp_path / "project"
    shutil.copytree(PLUGIN, project, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    package = project / "src" / "jobtracker_hiringcafe"
    alter(package / "wire.py", "    seniority_level: str |", "    level_of_seniority: str |")
    alter(package / "parse.py", "job.seniority_level", "job.level_of_seniority")
    alter(project / "pyproject.toml", 'version = "0.1.0"', f'version = "{VERSION}"')
    target = tmp_path / "altered"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    install += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([*install, str(project)], check=True)
    return target


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A run of the plugin as it is, recorded and stored."""
    with HiringCafeSite(postings=45) as site:
        settings = Settings(
            data_dir=tmp_path / "data",
            plugins=("hiringcafe",),
            collectors={"hiringcafe": {"base_url": site.base_url, "per_minute": 60_000}},
        )
        with JobTracker(settings) as tracker:
            tracker.collectors.set_enabled("hiringcafe", True)
            run = tracker.collect("hiringcafe", {}, record=tmp_path / "capture").run
            assert run.counts.new == 45
            assert any(job.seniority for job in tracker.jobs.search().items)
    return tmp_path / "capture"


@pytest.fixture
def jobtracker(tmp_path: Path) -> Callable[..., Any]:
    """Run the command line in a process of its own, with a directory in front of the path."""

    def run(*arguments: str, path: Path | None = None) -> tuple[int, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "jobtracker_core", *arguments, "--json"],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": "" if path is None else str(path),
                "JOBTRACKER_DATA_DIR": str(tmp_path / "data"),
            },
        )
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def test_a_renamed_field_is_caught_on_an_old_capture(capture, altered, jobtracker) -> None:
    code, plugins = jobtracker("plugins", "list", path=altered)
    (plugin,) = [plugin for plugin in plugins if plugin["name"] == "hiringcafe"]
    assert (plugin["version"], plugin["status"]) == (VERSION, "ok")
    code, found = jobtracker("replay", str(capture), "--diff", "--exit-code", path=altered)
    assert (code, found["outcome"]["message"]) == (1, None)
    assert [(tally["field"], tally["changed"]) for tally in found["fields"]] == [("seniority", 0)]
    assert found["fields"][0]["lost"] == len(found["differing"]) > 10
    assert {one["new"] for job in found["differing"] for one in job["fields"]} == {None}
    code, found = jobtracker("replay", "1", "--diff", "--exit-code")
    assert (code, found["unchanged"]) == (0, 45)
