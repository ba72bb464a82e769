"""Templates keep to what the Content-Security-Policy allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobtracker_core import web

TEMPLATES = sorted(Path(web.__file__).with_name("templates").rglob("*.html"))
FORBIDDEN = {
    "a handler in an attribute": r"\son[a-z]+\s*=",
    "a style in an attribute": r"\sstyle\s*=",
    "a style sheet in the page": r"<style",
    "a script in the page": r"<script(?![^>]*\ssrc=)",
    "a handler of htmx": r"hx-on",
    "a value that is code": r"js:|javascript:",
    "a filter that is code": r"hx-trigger=\"[^\"]*\[",
    "another server": r"(?:src|href|action)=\"(?:https?:)?//",
}


def violations(text: str) -> list[str]:
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_nothing_that_the_policy_forbids(path: Path) -> None:
    assert violations(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<a onclick="x()">', "a handler in an attribute"),
        ('<a\nstyle="color:red">', "a style in an attribute"),
        ("<STYLE>", "a style sheet in the page"),
        ("<script defer>", "a script in the page"),
        ('<a hx-on:click="x()">', "a handler of htmx"),
        ('<a hx-vals="js:{a: 1}">', "a value that is code"),
        ('<a hx-trigger="click[ctrlKey]">', "a filter that is code"),
        ('<img src="//cdn.example/x.png">', "another server"),
    ],
)
def test_the_look_sees_each(text: str, what: str) -> None:
    assert what in violations(text)


def test_scripts_from_files_are_fine() -> None:
    assert violations('<script src="/static/app.js" defer></script>') == []


def test_only_the_description_is_shown_as_html() -> None:
    for path in TEMPLATES:
        assert not re.search(r"\|\s*safe|autoescape", path.read_text(encoding="utf-8")), path
    job = next(path for path in TEMPLATES if path.name == "job.html").read_text(encoding="utf-8")
    assert job.count("{{ description }}") == 1
    assert '<div class="prose" hx-ignore>{{ description }}</div>' in job
