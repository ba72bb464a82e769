"""A server that stood still, as on a machine that slept, and goes on."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from access import bearer, token_for
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.job_forms import JobDraft
from nursery import Nursery
from served import Served

LIST = "/api/v1/jobs?limit=5"
STOOD_S = 1.2
"""Longer than anything is kept without another look."""


def test_it_gives_nothing_that_it_kept_before_and_lets_nobody_in_who_was_shut_out(
    nursery: Nursery, db_url: str, tracker: JobTracker, tmp_path: Path
) -> None:
    def add(title: str) -> None:
        tracker.jobs.create(JobDraft(title=title, url=f"https://a.example/{title}"))

    def titles(token: str) -> list[str]:
        answer = client.get(LIST, headers=bearer(token))
        assert answer.status_code == 200, answer.text
        return [job["title"] for job in answer.json()["items"]]

    good, bad = token_for(tracker), token_for(tracker)
    pace = {"JOBTRACKER_API_REQUESTS_PER_MINUTE": "0"}
    with (
        Served(nursery, db_url, tmp_path, env=pace) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        add("old")
        known = {token.id for token in tracker.tokens.list()}
        shut_out = max(known)
        until = time.monotonic() + STOOD_S
        while time.monotonic() < until:
            assert titles(good) == titles(bad) == ["old"]
        with server.frozen(tracker.database):
            begun = time.monotonic()
            add("new")
            tracker.tokens.revoke(shut_out)
            while time.monotonic() - begun < STOOD_S:
                time.sleep(0.05)
        assert client.get(LIST, headers=bearer(bad)).status_code == 401
        assert titles(good) == ["new", "old"]
