"""What is long is compressed for who takes that, and streams still flow."""

from __future__ import annotations

import gzip

import pytest
from litestar.testing import TestClient

from access import let_in
from standing import app_of


@pytest.fixture
def client(tracker):
    with TestClient(app_of(tracker), base_url="http://127.0.0.1") as client:
        let_in(client, tracker)
        yield client


def raw(client, path: str, encoding: str) -> tuple[str | None, bytes]:
    with client.stream("GET", path, headers={"Accept-Encoding": encoding}) as answer:
        assert answer.status_code == 200
        return answer.headers.get("content-encoding"), b"".join(answer.iter_raw())


def test_pages_and_scripts(client) -> None:
    for path in ("/jobs", "/static/htmx.js", "/api/v1/openapi.json"):
        encoding, body = raw(client, path, "gzip")
        plain, whole = raw(client, path, "identity")
        assert (encoding, plain) == ("gzip", None)
        assert len(body) < len(whole) / 2
        assert len(gzip.decompress(body)) == pytest.approx(len(whole), abs=200)
        assert "Accept-Encoding" in client.get(path).headers["vary"]


def test_what_is_short_or_compressed_already_is_left(client) -> None:
    for path in ("/healthz", "/static/fonts/inter-latin.woff2"):
        assert raw(client, path, "gzip")[0] is None


def test_a_list_as_a_file(client, fill) -> None:
    fill(3)
    encoding, body = raw(client, "/api/v1/jobs/export?format=jsonl", "gzip")
    assert encoding == "gzip"
    assert gzip.decompress(body).count(b"\n") == 3
    assert client.head("/api/v1/jobs/export").status_code == 200
