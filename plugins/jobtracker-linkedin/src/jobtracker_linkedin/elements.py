"""The elements of LinkedIn's pages that hold a posting's parts, each page walked through once."""

from __future__ import annotations

import re
from functools import lru_cache

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from jobtracker_core import Blocked, LayoutChanged, is_too_deep
from jobtracker_linkedin.wire import PRIVATE, shows_people

CARD = ".base-search-card"
TITLE = ".base-search-card__title"
COMPANY = ".base-search-card__subtitle"
PLACE = ".job-search-card__location"
PROFILE = f"{COMPANY} a[href]"
DATE = "time[datetime]"
PAY = ".job-search-card__salary-info"
DESCRIPTION = ".show-more-less-html__markup"
CRITERION = ".description__job-criteria-item"
CLOSED = ".top-card-layout .closed-job__flavor--closed"
APPLY = ".top-card-layout__cta--primary"
REPORT = "[data-semaphore-content-urn]"
SALARY = ".compensation__salary"
WAY_OUT = "code#applyUrl"
LD = 'script[type="application/ld+json"]'
OTHERS = "similar-jobs"
"""The class of the section behind a posting: cards of others, and the site's own parts."""

URN = "urn:li:jobPosting:"
# Either mark alone makes a card, so that a renamed one cannot hide it.
MARKS = f':is({CARD}, [data-entity-urn^="{URN}"])'
_CARD_PARTS = f"{TITLE}, {COMPANY}, {PROFILE}, {PLACE}, {DATE}, {PAY}"
_DETAIL_PARTS = (
    f"{REPORT}, {DESCRIPTION}, {CRITERION}, {CLOSED}, {APPLY}, {SALARY}, {WAY_OUT}, {LD}"
)
_PEOPLE = ", ".join(PRIVATE)
_BY_CLASS = {
    selector.rpartition(".")[2]: selector
    for selector in (
        *(TITLE, COMPANY, PLACE, PAY),
        *(DESCRIPTION, CRITERION, CLOSED, APPLY, SALARY),
    )
}

MOST = 200
"""Cards of one page, or parts of a detail page; recorded pages have up to 60 and 20."""

_WALL_WORDS = frozenset(
    {
        *("linkedin", "linkedin login", "login", "log in", "sign in", "sign up", "join linkedin"),
        *("join now", "linkedin sign up", "linkedin sign in", "security verification"),
    }
)
"""A title made of these alone is a wall's; a posting's and a search's say more."""

_OTHERS = re.compile(rf'<section\s[^<>]*\bclass="[^"<>]*\b{OTHERS}(?=[\s"])')


def read_page(page: str) -> LexborHTMLParser:
    """Parse a page.

    Raises:
        Blocked: It is titled as a wall.
        LayoutChanged: It nests too deep.
    """
    if is_too_deep(page):
        raise LayoutChanged("depth", "elements nest deeper than in any page", sample=page)
    tree = LexborHTMLParser(
        page.encode("utf-8", "replace"), options=LexborDocumentOptions.WO_EVENTS
    )
    title = text(tree.css_first("title"))
    words = [part.strip() for part in re.split(r"[|,]", title.casefold())]
    if title and _WALL_WORDS.issuperset(words):
        raise Blocked(f"page titled “{title}”")
    return tree


def up_to_last_card(page: str) -> str:
    """Return a list page up to the end of its list: a fourth of a whole page is behind that."""
    last = max(page.rfind("search-card"), page.rfind("data-entity-urn"))
    end = page.find("</ul>", last) if last >= 0 else -1
    return page[:end] if end >= 0 else page


def before_others(page: str) -> str:
    """Return a detail page up to the postings like it: half of a whole page is about those."""
    described = page.find(DESCRIPTION[1:])
    named = page.find(OTHERS, described) if described >= 0 else -1
    opened = page.rfind("<", 0, named) if named >= 0 else -1
    return page[:opened] if opened >= 0 and _OTHERS.match(page, opened) else page


def is_inside(node: LexborNode, marked: set[int], clear: set[int]) -> bool:
    """Say whether an element is within one of those marked; `clear` learns what is not."""
    way: list[int] = []
    above = node.parent
    while above is not None and above.mem_id not in clear:
        if above.mem_id in marked:
            return True
        way.append(above.mem_id)
        above = above.parent
    clear.update(way)
    return False


def card_parts(card: LexborNode) -> dict[str, LexborNode]:
    """Return the first of each part, in one walk."""
    parts: dict[str, LexborNode] = {}
    for node in card.css(_CARD_PARTS):
        kinds = _kinds(node.attrs.get("class") or "")
        for kind in kinds or (PROFILE if node.tag == "a" else DATE,):
            parts.setdefault(kind, node)
    return parts


def detail_parts(tree: LexborHTMLParser, page: str) -> dict[str, list[LexborNode]]:
    """Return the site's own parts by selector, in one walk and in the page's order.

    What stands in a block that shows people is none of them, nor what an employer writes.
    """
    nodes = tree.css(_DETAIL_PARTS)
    if len(nodes) > MOST:
        raise LayoutChanged(DESCRIPTION, f"{len(nodes)} parts; {MOST} are known", sample=page)
    parts: dict[str, list[LexborNode]] = {}
    foreign: dict[int, bool] = {}
    for node in nodes:
        if _is_foreign(node, foreign):
            continue
        kinds = _kinds(node.attrs.get("class") or "")
        for kind in kinds or _kinds_by_tag(node):
            parts.setdefault(kind, []).append(node)
        if DESCRIPTION in kinds:
            foreign[node.mem_id] = True
    return parts


def _is_foreign(node: LexborNode, known: dict[int, bool]) -> bool:
    # By hand, once for each element above: CSS would walk up for each part and each selector.
    way: list[LexborNode] = []
    above: LexborNode | None = node
    while above is not None and above.mem_id not in known:
        way.append(above)
        above = above.parent
    foreign = above is not None and known[above.mem_id]
    for element in reversed(way):
        foreign = foreign or shows_people(element.attributes.get("class") or "")
        known[element.mem_id] = foreign
    return foreign


@lru_cache(maxsize=512)
def _kinds(classes: str) -> tuple[str, ...]:
    """Return the selectors of parts that are named by one of these classes."""
    names = classes.lower().split()
    return tuple(selector for name, selector in _BY_CLASS.items() if name in names)


def _kinds_by_tag(node: LexborNode) -> tuple[str, ...]:
    return ({"code": WAY_OUT, "script": LD}.get(node.tag or "", REPORT),)


def first(parts: dict[str, list[LexborNode]], kind: str) -> LexborNode | None:
    """Return the first part of a kind, if there is one."""
    return parts[kind][0] if kind in parts else None


def without_blocks(node: LexborNode) -> str:
    """Take what shows people out of an element, and return the rest of its HTML."""
    markup = node.inner_html or ""
    if '="' not in markup:
        return markup  # no attribute, so that nothing can match: most descriptions
    for private in node.css(_PEOPLE):
        private.decompose()
    return node.inner_html or ""


def text(node: LexborNode | None) -> str:
    """Return an element's text without line breaks and double spaces."""
    return " ".join(node.text().split()) if node is not None else ""
