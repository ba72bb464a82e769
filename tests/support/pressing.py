"""Forms of the portal, sent as a browser sends them, and what is read of the answers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from selectolax.lexbor import LexborHTMLParser, LexborNode


def send(browser: Any, path: str, **fields: object) -> Any:
    """Send a form; `a__b` is the field `a.b`."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return browser.client.post(
        browser.prefix + path,
        content=urlencode(named, doseq=True),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"},
        follow_redirects=False,
    )


def undo(browser: Any, answer: Any) -> Any:
    """Press the Undo of the page that an answer leads to."""
    page = browser.get(answer.headers["location"].removeprefix(browser.prefix))
    form = page.css_first("#toasts form")
    assert form is not None
    fields = {
        one.attributes["name"]: one.attributes["value"] or "" for one in form.css("input[name]")
    }
    return send(browser, form.attributes["action"].removeprefix(browser.prefix), **fields)


def one(page: LexborHTMLParser, selector: str) -> LexborNode:
    found = page.css_first(selector)
    assert found is not None, selector
    return found


def text_of(page: LexborHTMLParser, selector: str = "main") -> str:
    return re.sub(r"\s+", " ", one(page, selector).text()).strip()


def page_of(answer: Any) -> LexborHTMLParser:
    return LexborHTMLParser(answer.text)
