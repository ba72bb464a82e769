"""`collect NAME --server URL`: the exit code tells what became of it, there too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from access import token_for
from hostile_server import HostileServer, saying
from jobtracker_core import JobTracker, Settings
from jobtracker_core.contract.access import Scope
from keys import KEY
from live_server import serving


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "there", database_url=database_url, plugins=(), secret_key=(KEY,)
    )
    with JobTracker(settings) as tracker:
        yield tracker


@pytest.fixture
def server(installation: JobTracker, tmp_path: Path, monkeypatch) -> Iterator[str]:
    """A server without the plugin; whoever collects has no database, and a token to send alone."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("JOBTRACKER_TOKEN", token_for(installation, Scope.INGEST))
    with serving(installation) as url:
        yield url


def test_pages_read_here_are_stored_there(jobtracker, server, installation, site) -> None:
    no_database = "sqlite:////nowhere/at/all.db"
    said = jobtracker("--database", no_database, "collect", "hiringcafe", "--server", server)
    assert said.code == 0, said.err
    assert "45 new, 0 changed, 0 known" in said.out
    assert "The robots file" in said.err
    assert installation.jobs.count(source="hiringcafe") == 45
    said = jobtracker("--server", server, "collect", "hiringcafe", "--limit", "5", "--json")
    told = json.loads(said.out)
    assert (said.code, told["run"]["state"]) == (0, "succeeded")
    assert installation.runs.get(told["run"]["id"]).query["limit"] == 5

    for wrong in (
        ["collect", "hiringcafe", "--record", "x"],
        ["collect", "hiringcafe", "--proxy-pool", "x"],
        ["collect", "hiringcafe", "--poll-interval", "0"],
        ["collect", "hiringcafe", "--limit", "many"],
        ["collect", "nobody"],
    ):
        assert jobtracker("--server", server, *wrong).code == 2, wrong
    here = jobtracker("collect", "hiringcafe", "--poll-interval", "5m")
    assert (here.code, "searches add" in here.err) == (2, True)


def test_a_token_or_a_server_that_is_none_costs_the_site_nothing(
    jobtracker, server, installation, site, monkeypatch
) -> None:
    site.requests.clear()
    monkeypatch.setenv("JOBTRACKER_TOKEN", token_for(installation, Scope.JOBS_WRITE))
    narrow = jobtracker("collect", "hiringcafe", "--server", server)
    assert (narrow.code, "does not allow ingest" in narrow.err) == (2, True)
    monkeypatch.setenv("JOBTRACKER_TOKEN", "jt_abcd1234_verysecret")
    wrong = jobtracker("collect", "hiringcafe", "--server", server)
    assert (wrong.code, "verysecret" in wrong.err) == (2, False)
    wrong = jobtracker("collect", "--collector", "hiringcafe", "--server", server)
    assert (wrong.code, "has expired or was revoked" in wrong.err) == (2, True)
    with HostileServer(saying()) as gone:
        pass
    lost = jobtracker("collect", "hiringcafe", "--server", gone.url)
    assert (lost.code, "no connection to" in lost.err) == (1, True)
    assert not site.requests


@pytest.mark.full
def test_again_and_again_until_it_is_told_to_end(server, installation, site, tmp_path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "JOBTRACKER_TOKEN": os.environ["JOBTRACKER_TOKEN"],
        "JOBTRACKER_DATA_DIR": str(tmp_path / "here"),
        "JOBTRACKER_PLUGINS": "hiringcafe",
        "JOBTRACKER_CONFIG": "",
        "JOBTRACKER_HIRINGCAFE_PER_MINUTE": "60000",
        "JOBTRACKER_HIRINGCAFE_BASE_URL": site.base_url,
        "JOBTRACKER_SERVER": server,
    }
    arguments = ["collect", "--collector", "hiringcafe", "--poll-interval", "1s"]
    with subprocess.Popen(
        [sys.executable, "-m", "jobtracker_core", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until = time.monotonic() + 60
            while sum(run.state == "succeeded" for run in installation.runs.list()) < 2:
                assert time.monotonic() < until
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert out.count("hiringcafe: succeeded") >= 2
