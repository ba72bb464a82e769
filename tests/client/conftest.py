"""One installation, used at hand and from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from access import token_for
from jobtracker_core import JobTracker, RemoteTracker, Settings, connect
from keys import KEY
from live_server import serving
from queueing import turn_on


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    """An installation with HiringCafe, turned on."""
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("hiringcafe",),
        secret_key=(KEY,),
        api_requests_per_minute=0,
    )
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "hiringcafe")
        yield tracker


@pytest.fixture
def server(tracker: JobTracker) -> Iterator[str]:
    """The address at which it is served."""
    with serving(tracker) as url:
        yield url


@pytest.fixture
def remote(server: str, tracker: JobTracker) -> Iterator[RemoteTracker]:
    """The same installation over HTTP, with a token that may do everything."""
    with connect(server, token=token_for(tracker)) as remote:
        yield remote


@pytest.fixture(params=[pytest.param("at hand", marks=pytest.mark.full), "from elsewhere"])
def facade(request: pytest.FixtureRequest, tracker: JobTracker) -> JobTracker | RemoteTracker:
    """The installation by each of its two facades: what holds for one holds for the other."""
    if request.param == "at hand":
        return tracker
    remote: RemoteTracker = request.getfixturevalue("remote")
    return remote
