"""Pages with a part missing or renamed: a page with skips, or an error of the contract."""

from __future__ import annotations

import os
import re
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core import Blocked, LayoutChanged, Page, Posting, PostingRef, Response
from jobtracker_core.http.classify import find_challenge
from jobtracker_core.ingest.normalise import Unreadable, normalise
from jobtracker_linkedin import LinkedIn, LinkedInQuery
from jobtracker_linkedin.invented import invent
from jobtracker_linkedin.markup import write_card, write_detail, write_list, write_view

TODAY = date(2026, 9, 15)
REPORT = re.compile(r'data-semaphore-content-urn="urn:li:jobPosting:(\d+)"')


@cache
def pages(kind: str) -> tuple[str, ...]:
    """Practice pages, and the recorded ones where there are recordings."""
    jobs = [invent(Random(index), index, posted=TODAY) for index in range(40)]
    if kind == "list":
        made = [
            write_list(write_card(job, TODAY) for job in jobs[at : at + 10])
            for at in range(0, 40, 10)
        ]
    else:
        made = [write(job) for job in jobs[:12] for write in (write_detail, write_view)]
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    patterns = {"list": ("seeMore*", "search*1card*", "search*25cards*")}
    recorded = [
        path.read_text(encoding="utf-8")
        for pattern in patterns.get(kind, ("jobPosting*", "view*"))
        for path in (sorted(Path(folder, "linkedin").glob(pattern)) if folder else ())
    ]
    return (*made, *recorded)


def altered(page: str, position: float, how: str) -> str:
    """Drop one element of a page, empty it, or take a class or an attribute from it."""
    tree = LexborHTMLParser(page)
    nodes = tree.css("body *") or tree.css("*")
    node = nodes[int(position * (len(nodes) - 1))]
    if how == "drop":
        node.decompose()
    elif how == "empty":
        node.inner_html = ""
    elif how == "rename":
        names = (node.attributes.get("class") or "").split()
        assume(names)
        return page.replace(names[-1], "renamed")
    else:
        attributes = list(node.attributes)
        assume(attributes)
        del node.attrs[attributes[int(position * 7919) % len(attributes)]]
    return tree.html or ""


class OnePage:
    """A context whose site answers everything with one page, after the core's look at it."""

    def __init__(self, page: str) -> None:
        self.page = page

    @property
    def http(self) -> OnePage:
        return self

    log = property(lambda self: self)

    def get(self, url: str, **_: object) -> Response:
        content = self.page.encode()
        evidence = find_challenge({}, content)
        if evidence is not None:
            raise Blocked(evidence)
        return Response(status=200, url=url, headers={}, content=content, elapsed=0)

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def pause(self, seconds: float) -> None: ...


HOWS = st.sampled_from(["drop", "empty", "rename", "attribute"])
POSITIONS = st.floats(0, 1)
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def normalised(posting: Posting) -> None:
    try:
        normalise(posting, private=LinkedIn.info.private)
    except Unreadable:
        raise AssertionError(f"unreadable: {posting}") from None


@SLOW
@given(st.data(), POSITIONS, HOWS)
def test_an_altered_list(data: st.DataObject, position: float, how: str) -> None:
    page = altered(data.draw(st.sampled_from(pages("list"))), position, how)
    collector = LinkedIn(LinkedIn.info.settings())
    try:
        found = next(iter(collector.collect(LinkedInQuery(), OnePage(page))))  # type: ignore[arg-type]
    except (LayoutChanged, Blocked):
        return
    assert isinstance(found, Page)
    assert found.postings
    assert len(found.skipped) <= len(found.postings)
    for posting in found.postings:
        normalised(posting)


@SLOW
@given(st.data(), POSITIONS, HOWS)
def test_an_altered_detail_page(data: st.DataObject, position: float, how: str) -> None:
    original = data.draw(st.sampled_from(pages("detail")))
    report = REPORT.search(original)
    assert report
    ref = PostingRef(source_id=report[1], url="https://www.linkedin.com/jobs/view/1", title="x")
    page = altered(original, position, how)
    collector = LinkedIn(LinkedIn.info.settings())
    try:
        posting = collector.details(ref, OnePage(page))  # type: ignore[arg-type]
    except (LayoutChanged, Blocked):
        return
    assert posting.description or posting.closed
    normalised(posting)


@SLOW
@given(st.text(max_size=300))
@example("<!DOCTYPE html>\n\n<!----><p>")
@example("<li class=base-search-card>")
@example('<a data-entity-urn="urn:li:jobPosting:٣">')
def test_any_text_is_an_error_or_the_empty_answer(text: str) -> None:
    collector = LinkedIn(LinkedIn.info.settings())
    pages = collector.collect(LinkedInQuery(), OnePage(text))  # type: ignore[arg-type]
    try:
        page = next(iter(pages))
    except (LayoutChanged, Blocked):
        return
    assert page.postings or text.strip() == "<!DOCTYPE html>\n\n<!---->"
