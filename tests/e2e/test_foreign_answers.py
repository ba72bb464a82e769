"""What somebody on the way answers in the site's place, with 200: never an empty search."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from jobtracker_core.contract.run import RunState
from jobtracker_core.http.exchange import Answer, Request
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import execute
from jobtracker_core.runner.session import Task
from jobtracker_hiringcafe import HiringCafe
from jobtracker_indeed import Indeed
from jobtracker_linkedin import LinkedIn

HTML, JSON = "text/html; charset=utf-8", "application/json"

ANSWERS = {
    "advertisement": (
        HTML,
        b"<!DOCTYPE html><html><title>Proxies</title><h1>Buy more!</h1></html>",
    ),
    "login page": (
        HTML,
        b"<title>Welcome to our Wi-Fi</title><form method='post'><input type='password'></form>",
    ),
    "way to a login page": (
        HTML,
        b"<html><head><meta http-equiv='refresh' content='0; url=http://portal.example/'></head>",
    ),
    "message": (JSON, b'{"message": "Your plan has no more traffic"}'),
    "error": (JSON, b'{"error": "quota exceeded", "data": null}'),
    "empty object": (JSON, b"{}"),
    "empty list": (JSON, b"[]"),
    "null": (JSON, b"null"),
    "words": ("text/plain", b"OK"),
    "nothing": (HTML, b""),
    "nothing of HTML": (HTML, b"<!DOCTYPE html>\n<html><head></head><body></body></html>\n"),
}


class Elsewhere:
    """Never comes to the site."""

    def __init__(self, kind: str, body: bytes) -> None:
        self._kind, self._body = kind, body

    def send(self, request: Request, *, timeout: float) -> Answer:
        return Answer(
            status=200,
            url=request.url,
            headers=(("content-type", self._kind),),
            content=self._body,
            elapsed=min(0.01, timeout),
        )

    def close(self) -> None:
        pass


@pytest.mark.parametrize("collector", [HiringCafe, LinkedIn, Indeed], ids=lambda one: one.info.name)
def test_no_answer_of_a_stranger_is_an_empty_search(collector: Any) -> None:
    for name, (kind, body) in ANSWERS.items():
        host = DryHost()
        task = Task(
            collector=collector, settings=collector.info.settings(), query=collector.info.query()
        )
        clock = JumpClock(datetime(2026, 9, 15, tzinfo=UTC))
        outcome = execute(task, host, transport=Elsewhere(kind, body), clock=clock).outcome
        assert outcome.state is RunState.FAILED, (name, outcome)
        assert outcome.error_class in {"parse", "decode"}, (name, outcome)
        assert not outcome.end_confirmed, name
        assert host.listed == {}, name
