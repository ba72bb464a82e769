"""The portal in this process, on either database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar.testing import TestClient
from selectolax.lexbor import LexborHTMLParser

from access import let_in
from jobtracker_core.server.application import Application
from jobtracker_core.tracker import JobTracker
from standing import app_of


class Browser:
    """Follows no redirect, and reads pages as a person does.

    Attributes:
        prefix: Where the portal is mounted.
    """

    def __init__(self, client: TestClient[Application], prefix: str) -> None:
        self.client = client
        self.prefix = prefix

    def get(self, path: str, *, status: int = 200, **headers: str) -> LexborHTMLParser:
        """Get a page."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.get(
            self.prefix + path, headers={"Accept": "text/html", **names}, follow_redirects=False
        )
        assert answer.status_code == status, answer.text
        return LexborHTMLParser(answer.text)


@pytest.fixture
def prefix(db_url: str) -> str:
    """Where the portal is mounted: at the root on one database, deeper on the other."""
    return "" if db_url.startswith("sqlite") else "/at/work"


@pytest.fixture
def browser(tracker: JobTracker, prefix: str) -> Iterator[Browser]:
    with TestClient(app_of(tracker, prefix), base_url="http://127.0.0.1") as client:
        let_in(client, tracker)
        # This client comes from no address of this machine, so that each page would tell of it.
        client.cookies.set("jt-plain", "seen")
        yield Browser(client, prefix)
