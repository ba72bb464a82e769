"""Senders who go away before the end of what they send."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest


@pytest.mark.parametrize("path", ["/login", "/setup"])
def test_whoever_breaks_off_a_request_is_no_crash_of_ours(app, caplog, path) -> None:
    sent: list[Any] = []
    parts = [
        {"type": "http.request", "body": b"name=", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", b"1000"),
        ],
    }
    with caplog.at_level(logging.WARNING):
        asyncio.run(app(scope, receive, send))
    assert not parts
    assert sent[0]["status"] == 400
    assert caplog.records == []
