"""What the first page weighs on its way, with nothing in the browser's cache."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx
import pytest

from browsing import cookie_of

pytestmark = pytest.mark.full

HEAVIEST = 100_000


def test_the_first_load_of_the_list_of_jobs_is_light(url: str) -> None:
    with httpx.Client(cookies={"jt": cookie_of(url)}) as client:
        address = f"{url}/jobs"
        weights = {"/jobs": _weight(client, address)}
        page = client.get(address).text
        style = ""
        for path in set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page)):
            place = urljoin(address, path)
            weights[place] = _weight(client, place)
            if ".css" in path:
                style = client.get(place).text
        # The one font that a page without further letters needs; the other has a range of its own.
        [font] = {
            source
            for face in re.findall(r"@font-face\s*{[^}]*}", style)
            for source in re.findall(r"url\(\"?([^\")]+latin[^\")]*)", face)
            if "ext" not in source
        }
        # The page names it as well, so that it is fetched before the style sheet is read.
        assert urljoin(f"{url}/static/app.css", font) in weights
    assert sum(weights.values()) <= HEAVIEST, weights
    assert len(weights) >= 5, weights


def _weight(client: httpx.Client, address: str) -> int:
    """Return the bytes of an answer as they are sent, its head included."""
    with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200, address
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
        return head + sum(len(part) for part in answer.iter_raw())
