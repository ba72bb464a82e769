"""Whether a list page without any posting is the site's own word for "none".

python-jobspy takes every answer with status 200 that has no postings for an empty list. What it
reads of a page, in 1.4.1, is looked at again here: the cards, the pager, the site's count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from selectolax.lexbor import LexborHTMLParser

_CHALLENGE = re.compile(
    r"captcha|\b(?:are|you're) (?:a )?human|not a robot|just a moment|access denied"
    r"|unusual traffic",
    re.IGNORECASE,
)
_TOO_FAST = re.compile(r"rate.?limit|too many requests", re.IGNORECASE)
_REFUSED = 400


def doubt(scraper: str, body: str | None) -> str | None:
    """Say why an answer is no empty list, in words of the table of failures; None if it is one.

    An answer that has postings is none to doubt: they were left out by the query's filters.

    Args:
        scraper: Name of the class that python-jobspy exports.
        body: That of the list page; None if none was had.
    """
    if body is None:
        return "no list page was seen"
    reason = _DOUBTS[scraper](body) if scraper in _DOUBTS else None
    if reason is None:
        return None
    if _CHALLENGE.search(body):
        return "a challenge in place of postings"
    if _TOO_FAST.search(body):
        return "a demand to be slower in place of postings"
    return reason


def _bayt(body: str) -> str | None:
    """Of the element around Bayt's cards two other public readers of its pages know the id."""
    page = LexborHTMLParser(body)
    if page.css_first("li[data-js-job]"):
        return None
    around = page.css_first("#results_inner_card")
    if around is None:
        return "no list of postings in the page"
    return "no known card in the page" if around.css_first("li") else None


def _hellowork(body: str) -> str | None:
    page = LexborHTMLParser(body)
    known = "li[data-id-storage-target=item], input[type=number][max]"
    return None if page.css_first(known) else "no list of postings in the page"


def _bdjobs(body: str) -> str | None:
    answer = _object(body)
    if answer.get("data") or answer.get("premiumData"):
        return None
    if refusal := _refusal(answer.get("statuscode")):
        return refusal
    if answer.get("error"):
        return "API error: told beside an empty list"
    common = answer.get("common")
    return _announced(common.get("totalpages") if isinstance(common, dict) else None, "pages", 1)


def _naukri(body: str) -> str | None:
    answer = _object(body)
    if answer.get("jobDetails"):
        return None
    return _refusal(answer.get("statusCode")) or _announced(answer.get("noOfJobs"), "postings", 0)


_ZIP_COUNT = re.compile(r'jobCount\\*":\s*(\d+)')


def _ziprecruiter(body: str) -> str | None:
    if "listingKey" in body:
        return None
    count = _ZIP_COUNT.search(body)
    return _announced(int(count[1]) if count else None, "postings", 0)


def _glassdoor(body: str) -> str | None:
    try:
        found = msgspec.json.decode(body)[0]["data"]["jobListings"]["jobListings"]
    except (msgspec.DecodeError, LookupError, TypeError):
        return "no list of postings in the page"
    # python-jobspy takes null for a list without postings too.
    known = found is None or isinstance(found, list)
    return None if known else "no list of postings in the page"


def _object(body: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _refusal(status: object) -> str | None:
    """BDJobs and Naukri can write a status into an answer whose own is 200."""
    text = str(status)
    number = int(text) if text.isdecimal() else 0
    return f"response status code {number} (in the answer's text)" if number >= _REFUSED else None


def _announced(count: object, what: str, most: int) -> str | None:
    if not isinstance(count, int):
        return f"no number of {what} in the page"
    return f"{count} {what} are announced and none given" if count > most else None


_DOUBTS: Mapping[str, Callable[[str], str | None]] = {
    "Bayt": _bayt,
    "BDJobs": _bdjobs,
    "Glassdoor": _glassdoor,
    "HelloWork": _hellowork,
    "Naukri": _naukri,
    "ZipRecruiter": _ziprecruiter,
}
"""Google's scraper says itself that nothing was there to be read."""
