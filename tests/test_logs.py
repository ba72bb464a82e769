"""Log lines for people and for programs, and what never stands in them."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from jobtracker_core import JobTracker, RunState, Settings, hookimpl
from jobtracker_core.logs import open_log, routed, run_sink
from jobtracker_hiringcafe.practice import HiringCafeSite

CANARY = "c4n4ry"


@pytest.fixture
def lines() -> list[str]:
    return []


def fail(message: str) -> None:
    raise RuntimeError(message)


def decoded(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_json_has_time_level_and_event_first(lines) -> None:
    open_log(level="info", style="json", write=lines.append).warning("odd", n=1, place="Köln")
    (line,) = decoded(lines)
    assert list(line) == ["timestamp", "level", "event", "n", "place"]
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
    assert (line["level"], line["event"], line["n"], line["place"]) == ("warning", "odd", 1, "Köln")


def test_a_line_for_people(lines) -> None:
    log = open_log(level="info", style="human", write=lines.append).bind(run=3)
    log.info("place chosen", asked="Berlin, DE", n=2, none=None, empty="")
    (line,) = lines
    stamp, _, rest = line.partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", stamp)
    assert rest == 'info: place chosen run=3 asked="Berlin, DE" n=2 none=None empty=""'


def test_nothing_steers_the_terminal(lines) -> None:
    log = open_log(level="info", style="human", write=lines.append)
    log.info("a\x1b[2Jb\nc", title="x\x1b]0;y\x07\nz", **{"k\x1b": 1})
    assert len(lines) == 1
    assert all(c.isprintable() for c in lines[0])


@pytest.mark.parametrize("style", ["human", "json"])
@pytest.mark.parametrize(
    ("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)
def test_what_is_less_severe_is_left_out(lines, style, level, count) -> None:
    log = open_log(level=level, style=style, write=lines.append)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(name)
    assert len(lines) == count


@pytest.mark.parametrize(("terminal", "human"), [(True, True), (False, False)])
def test_auto_looks_at_standard_error(monkeypatch, terminal: bool, human: bool) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    log = open_log(level="info", style="auto")
    log.info("hello")
    assert stream.getvalue().startswith("{") is not human
    later = io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)
    log.info("again")
    assert "again" in later.getvalue()
    assert "again" not in stream.getvalue()


@pytest.mark.parametrize("style", ["human", "json"])
@pytest.mark.parametrize(
    "fields",
    [
        {"password": CANARY},
        {"Authorization": f"Bearer {CANARY}"},
        {"headers": {"Set-Cookie": f"a={CANARY}", "nested": [{"access_token": CANARY}]}},
        {"dsn": f"host=h password={CANARY}"},
        {"url": f"postgresql://user:{CANARY}@h/db"},
        {"proxies": (f"http://{CANARY}@proxy:1",)},
        {"error": ValueError(f"postgresql://u:{CANARY}@h: refused")},
        {"deep": [[[[[[[[{"token": CANARY}]]]]]]]]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_secrets_are_hidden(lines, style, fields) -> None:
    open_log(level="info", style=style, write=lines.append).info("told", **fields)
    assert CANARY not in lines[0]
    assert "***" in lines[0]


@pytest.mark.parametrize("style", ["human", "json"])
def test_secrets_in_events_and_tracebacks_are_hidden(lines, style) -> None:
    log = open_log(level="info", style=style, write=lines.append)
    event = f"connecting to postgresql://u:{CANARY}@h/db"
    log.info(event)
    try:
        fail(f"password={CANARY}")
    except RuntimeError:
        log.exception("failed")
    assert CANARY not in "".join(lines)
    assert "RuntimeError: password=***" in lines[1]
    assert "test_logs.py" in lines[1]


def test_whatever_a_plugin_logs_is_valid_json(lines) -> None:
    sink = run_sink(open_log(level="info", style="json", write=lines.append))
    loop: list[Any] = []
    loop.append(loop)
    odd = {"nan": float("nan"), "inf": float("inf"), "path": Path("/x"), "bytes": b"\xff"}
    odd |= {"loop": loop, "set": {1}, "surrogate": "\ud800", "counts": {1: 2, None: 3}}
    sink("info", "odd", odd)
    text = lines[0]
    text.encode("ascii")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    line = json.loads(text, parse_constant=refuse)
    assert line["nan"] == "nan"
    assert line["path"] == "/x"
    assert line["counts"] == {"1": 2, "None": 3}


def test_a_field_cannot_take_the_place_of_the_lines_own(lines) -> None:
    taken = ("event", "level", "timestamp", "self", "args", "method_name", "exc_info", "stack_info")
    sink = run_sink(open_log(level="info", style="json", write=lines.append))
    sink("warning", "real", dict.fromkeys(taken, "theirs"))
    (line,) = decoded(lines)
    assert (line["level"], line["event"]) == ("warning", "real")
    assert all(line[f"plugin_{name}"] == "theirs" for name in taken)


def test_libraries_write_to_the_same_log_and_only_while_they_should(lines, capsys) -> None:
    log = open_log(level="info", style="json", write=lines.append)
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    library = logging.getLogger("some.library")
    with routed(log):
        library.warning("slow: %s", f"postgresql://u:{CANARY}@h/db")
        library.log(35, "between the levels")
        library.info("too quiet")
        try:
            fail("x")
        except RuntimeError:
            library.exception("failed")
    library_lines = decoded(lines)
    assert [(line["level"], line["event"]) for line in library_lines] == [
        ("warning", "slow: postgresql://***@h/db"),
        ("warning", "between the levels"),
        ("error", "failed"),
    ]
    assert {line["logger"] for line in library_lines} == {"some.library"}
    assert "RuntimeError: x" in library_lines[2]["exception"]
    assert (list(root.handlers), root.level) == before


def test_nothing_global_is_configured(lines) -> None:
    before = structlog.get_config()
    first = open_log(level="debug", style="json", write=lines.append)
    second = open_log(level="error", style="human", write=lines.append)
    first.info("kept")
    second.info("left out")
    assert len(lines) == 1
    assert structlog.get_config() == before
    assert not structlog.is_configured()


@pytest.fixture
def site():
    with HiringCafeSite(postings=90) as site:
        yield site


@pytest.fixture
def collect(site, tmp_path, lines) -> Callable[..., Any]:
    """Run HiringCafe on its practice site and keep the log as JSON lines."""

    def run(query: dict[str, Any], *, hook: object | None = None) -> Any:
        settings = Settings(
            data_dir=tmp_path,
            plugins=("hiringcafe",),
            collectors={"hiringcafe": {"base_url": site.base_url, "per_minute": 60_000}},
        )
        log = open_log(level="debug", style="json", write=lines.append)
        with JobTracker(settings) as tracker:
            tracker.collectors.set_enabled("hiringcafe", True)
            if hook is not None:
                tracker.registry.hooks.register(hook, "hook")
            return tracker.collect("hiringcafe", query, on_log=run_sink(log))

    return run


def test_every_line_of_a_run_names_run_collector_and_page(site, collect, lines) -> None:
    class Bad:
        @hookimpl
        def jobtracker_run_finished(self, run):
            raise RuntimeError("no mail today")

    first = collect({}, hook=Bad()).run
    site.fail("ssr_error", path="/_next/*", times=1)
    second = collect({"location": "Berlin"}).run
    told = decoded(lines)
    for line in told:
        assert line["collector"] == "hiringcafe", line
        assert line["run"] in (first.id, second.id), line
        assert isinstance(line["page"], int), line
    ours = [line for line in told if line["run"] == first.id]
    assert first.state is RunState.SUCCEEDED
    assert first.counts.pages == 3
    assert (ours[0]["event"], ours[0]["page"]) == ("run started", 0)
    assert (ours[-1]["event"], ours[-1]["page"]) == ("notifier failed", 3)
    pages = [line["page"] for line in ours if line.get("path", "").startswith("/_next/")]
    assert pages == [1, 2, 3]
    details = {line["page"] for line in ours if line.get("path") == "/api/job-description"}
    assert details == {3}
    events = {line["event"] for line in told if line["run"] == second.id}
    assert {"place chosen", "asking once more", "request"} <= events


def test_what_a_plugin_calls_page_does_not_hide_the_page(collect, lines, monkeypatch) -> None:
    from jobtracker_hiringcafe.collector import HiringCafe

    collect_ = HiringCafe.collect

    def loud(self, query, ctx, *, cursor=None):
        ctx.log.warning("mine", page="seven", run="theirs", url=f"http://u:{CANARY}@h/")
        yield from collect_(self, query, ctx, cursor=cursor)

    monkeypatch.setattr(HiringCafe, "collect", loud)
    run = collect({"limit": 1}).run
    (line,) = [line for line in decoded(lines) if line["event"] == "mine"]
    assert (line["run"], line["page"]) == (run.id, 1)
    assert (line["plugin_run"], line["plugin_page"]) == ("theirs", "seven")
    assert line["url"] == "http://***@h/"


def test_pages_count_on_where_an_earlier_run_stopped(site, collect, lines) -> None:
    site.fail("challenge", path="/_next/*", after=1)
    assert collect({}).run.state is RunState.PARTIAL
    site.heal()
    lines.clear()
    assert collect({}).run.state is RunState.SUCCEEDED
    pages = [line["page"] for line in decoded(lines) if line.get("path", "").startswith("/_next/")]
    assert pages == [1, 2, 3]
