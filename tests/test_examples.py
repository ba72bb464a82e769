"""The programs of the documentation, run as they stand there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.search import count_jobs
from jobtracker_hiringcafe.practice import HiringCafeSite


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    with HiringCafeSite(postings=200) as site:
        yield site


@pytest.fixture
def run(
    site: HiringCafeSite, db_url: str, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a file in a process whose environment names the practice site and the database."""

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONIOENCODING": "utf-8",
            "JOBTRACKER_DATA_DIR": str(tmp_path),
            "JOBTRACKER_DATABASE_URL": db_url,
            "JOBTRACKER_HIRINGCAFE_BASE_URL": site.base_url,
            "JOBTRACKER_HIRINGCAFE_PER_MINUTE": "60000",
        }
        return subprocess.run(
            [sys.executable, path], capture_output=True, text=True, check=False, env=env
        )

    return run


def test_the_script(documented, run, db_url: str, site: HiringCafeSite) -> None:
    script = documented("how-to/use-from-a-script.md")
    assert len([line for line in script.read_text().splitlines() if line.strip()]) <= 15
    first = run(script)
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    assert lines[0].startswith("The site's rules:")
    assert lines[1] == "succeeded - 20 new"
    assert len(lines) == 3 + 20
    assert lines[-1] == "20 jobs stored"
    database = open_database(db_url)
    try:
        assert count_jobs(database) == 20
    finally:
        database.close()
    again = run(script)
    assert again.stdout.splitlines() == ["succeeded - 0 new", "20 jobs stored"]


def test_the_app(documented, run) -> None:
    module = documented("how-to/mount-in-your-app.md")
    caller = module.with_name("caller.py")
    caller.write_text(
        f"from {module.stem} import app\n"
        "from litestar.testing import TestClient\n"
        "with TestClient(app, base_url='http://127.0.0.1') as client:\n"
        "    links = client.get('/').json()\n"
        "    print(client.get(links['api']).json()['title'])\n"
        "    print(client.get(links['jobs'], headers={'accept': 'text/html'}).url.path)\n"
    )
    done = run(caller)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Unauthorized",
        "/jobs-home/login",
    ]
