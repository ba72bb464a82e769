"""The command line in this process, with a practice site and a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from jobtracker_core.cli.app import run
from jobtracker_hiringcafe.practice import HiringCafeSite
from keys import KEY


class Said(Struct):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    with HiringCafeSite(postings=45) as site:
        yield site


@pytest.fixture
def jobtracker(
    site: HiringCafeSite,
    db_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Said]:
    """Run a command."""
    monkeypatch.setenv("JOBTRACKER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JOBTRACKER_DATABASE_URL", db_url)
    monkeypatch.setenv("JOBTRACKER_PLUGINS", "hiringcafe")
    monkeypatch.setenv("JOBTRACKER_SECRET_KEY", KEY)
    monkeypatch.setenv("JOBTRACKER_HIRINGCAFE_BASE_URL", site.base_url)
    monkeypatch.setenv("JOBTRACKER_HIRINGCAFE_PER_MINUTE", "60000")

    def call(*arguments: str) -> Said:
        capfd.readouterr()
        code = run(arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Said(code, out, err)

    return call


@pytest.fixture
def collected(jobtracker: Callable[..., Said]) -> Callable[..., Said]:
    """The same, after a first run."""
    assert jobtracker("collectors", "enable", "hiringcafe").code == 0
    assert jobtracker("collect", "hiringcafe").code == 0
    return jobtracker


@pytest.fixture
def unmade(
    jobtracker: Callable[..., Said], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database of the commands has no tables."""
    monkeypatch.setenv("JOBTRACKER_DATABASE_URL", database_url)
