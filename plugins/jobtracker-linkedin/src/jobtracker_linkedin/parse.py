"""From LinkedIn's pages to postings. Pure: no network, no clock.

Forms of markup known: guest fragments and full search pages of 2022 to 2026, detail pages of 2023
to 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec
from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from jobtracker_core import (
    Blocked,
    CompanyFacts,
    LayoutChanged,
    Pay,
    PayKind,
    Place,
    Posting,
    PostingRef,
    Precision,
    Remote,
    Skip,
    is_too_deep,
)
from jobtracker_linkedin.wire import (
    EMPLOYMENT,
    LD_EMPLOYMENT,
    LD_INTERVAL,
    PRIVATE,
    SENIORITY,
    Amounts,
    LinkedData,
    Salary,
    part,
    without_people,
)

SITE = "https://www.linkedin.com"
"""Where links for people lead, whatever address the requests go to."""

CARD = ".base-search-card"
TITLE = ".base-search-card__title"
COMPANY = ".base-search-card__subtitle"
PLACE = ".job-search-card__location"
DATE = "time[datetime]"
PAY = ".job-search-card__salary-info"
DESCRIPTION = ".show-more-less-html__markup"
CRITERION = ".description__job-criteria-item"
CLOSED = ".top-card-layout .closed-job__flavor--closed"
APPLY = ".top-card-layout__cta--primary"
REPORT = "[data-semaphore-content-urn]"

_URN = "urn:li:jobPosting:"
_ALWAYS = (COMPANY, PLACE)
"""What every card has: 356 of 356 recorded ones. Dates, too, but nothing hangs on them."""

_JUDGED = 5
"""So many cards without something are no coincidence."""

_MOST = 200
"""Cards of one page; the greatest recorded pages have 60."""

_LONGEST = 65_536
"""Characters of a card that is kept as it came; recorded ones have 3,000."""

_WALL_WORDS = frozenset(
    {
        *("linkedin", "linkedin login", "login", "log in", "sign in", "sign up", "join linkedin"),
        *("join now", "linkedin sign up", "linkedin sign in", "security verification"),
    }
)
"""A title made of these alone is a wall's; a posting's and a search's say more."""

_LABELS = ("Seniority level", "Employment type", "Job function", "Industries")
_EMPLOYER_PATH = re.compile(r"/(?:company|school|showcase)/[^/]+")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)


class Unreadable(Exception):  # noqa: N818  (as the core calls it)
    """A card that lacks what makes it a posting."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class Cards(Struct, frozen=True, kw_only=True):
    """The cards of a list page, `found` in all.

    Attributes:
        lost: What every one of many cards lacks although cards always have it.
        bad: The first card that could not be read.
    """

    found: int
    postings: tuple[Posting, ...]
    skipped: tuple[Skip, ...]
    lost: tuple[str, ...] = ()
    bad: str = ""


class Details(Struct, frozen=True, kw_only=True):
    """What a detail page says; `odd` are labels and values that are not known here."""

    posting: Posting
    odd: tuple[str, ...] = ()


def cards(page: str) -> Cards:
    """Read a list page: a fragment of the guest interface, or a whole search page.

    A card inside of another one is a part of that.

    Raises:
        Blocked: It is the page of a wall, whatever else it shows.
        LayoutChanged: It nests too deep, or it has more cards than any page.
    """
    tree = _tree(page)
    # Either mark alone makes a card, so that a renamed one cannot hide it.
    marks = f':is({CARD}, [data-entity-urn^="{_URN}"])'
    nodes = tree.css(marks)
    if len(nodes) > _MOST:
        raise LayoutChanged(CARD, f"{len(nodes)} cards; at most {_MOST} are known", sample=page)
    inner = {node.mem_id for node in tree.css(f"{marks} {marks}")}
    found = [node for node in nodes if node.mem_id not in inner]
    postings: list[Posting] = []
    skipped: list[Skip] = []
    bad = ""
    for index, node in enumerate(found):
        try:
            postings.append(_card(node))
        except Unreadable as error:
            skipped.append(Skip(path=f"card[{index}] {error.path}", reason=error.reason))
            bad = bad or node.html or ""
    lost = _ALWAYS if len(found) >= _JUDGED else ()
    return Cards(
        found=len(found),
        postings=tuple(postings),
        skipped=tuple(skipped),
        lost=tuple(selector for selector in lost if not any(map(_has(selector), found))),
        bad=bad,
    )


def details(ref: PostingRef, page: str) -> Details:
    """Read a posting's own page, in full or as the guest interface's fragment.

    Title, place and date are the list's business. Applicants and age move with every look and
    are left out.

    Raises:
        Blocked: It is the page of a wall, whatever else it shows.
        LayoutChanged: It nests too deep, it is another posting's page, or it has no description
            and does not say that the posting has closed.
    """
    tree = _tree(page)
    for selector in PRIVATE:
        for node in tree.css(selector):
            node.decompose()
    _check_identity(ref, tree, page)
    # Taken out first: what an employer writes must not be mistaken for the site's own parts.
    markup = tree.css_first(DESCRIPTION)
    description = None
    if markup is not None:
        description = without_people(markup.inner_html or "").strip() or None
        markup.decompose()
    closed = tree.css_first(CLOSED) is not None
    if description is None and not closed:
        raise LayoutChanged(DESCRIPTION, "missing, and the posting is not closed", sample=page)
    found, odd = _criteria(tree)
    ld = _linked_data(tree)
    level, kind = found.get("Seniority level"), found.get("Employment type")
    industries = found.get("Industries")
    employment = EMPLOYMENT.get(kind or "") or LD_EMPLOYMENT.get(_str(ld.employment_type))
    posted_at = _moment(_str(ld.date_posted))
    posting = Posting(
        source_id=ref.source_id,
        url=ref.url,
        title=ref.title,
        company_facts=CompanyFacts(industry=industries) if industries else None,
        remote=Remote.REMOTE if ld.job_location_type == "TELECOMMUTE" else None,
        employment=(employment,) if employment else None,
        seniority=SENIORITY.get(level or ""),
        pay=_pay(_text(tree.css_first(".compensation__salary"))) or _ld_pay(ld),
        posted_at=posted_at,
        apply_url=_apply_url(tree),
        closed=True if closed else False if tree.css_first(APPLY) else None,
        description=description,
    )
    unknown = [level if level not in SENIORITY else None, kind if kind not in EMPLOYMENT else None]
    return Details(posting=posting, odd=(*odd, *filter(None, unknown)))


def gone(ref: PostingRef) -> Posting:
    """Say of a posting that the site knows it no longer."""
    return Posting(source_id=ref.source_id, url=ref.url, title=ref.title, closed=True)


def _card(node: LexborNode) -> Posting:
    urn = node.attributes.get("data-entity-urn") or ""
    source_id = urn.removeprefix(_URN)
    if source_id == urn or not (source_id.isascii() and source_id.isdigit()):
        raise Unreadable("@data-entity-urn", "holds no id of a posting")
    title = _text(node.css_first(TITLE))
    if not title:
        raise Unreadable(TITLE, "missing or empty")
    place = _text(node.css_first(PLACE))
    date = node.css_first(DATE)
    profile = _profile(node.css_first(f"{COMPANY} a[href]"))
    return Posting(
        source_id=source_id,
        url=f"{SITE}/jobs/view/{source_id}",
        title=title,
        company=_text(node.css_first(COMPANY)) or None,
        company_facts=CompanyFacts(profile_url=profile) if profile else None,
        places=(Place(text=place),) if place else None,
        pay=_pay(_text(node.css_first(PAY))),
        posted_at=_moment(date.attributes.get("datetime") or "") if date else None,
        posted_precision=Precision.DAY,
        raw=_raw(node),
    )


def _raw(node: LexborNode) -> str | None:
    """Return a card as it came; nothing of one that is too long, for half of it is no card."""
    markup = without_people(node.html or "")
    return markup if 0 < len(markup) <= _LONGEST else None


def _tree(page: str) -> LexborHTMLParser:
    if is_too_deep(page):
        raise LayoutChanged("depth", "elements nest deeper than in any page", sample=page)
    tree = LexborHTMLParser(page)
    title = _text(tree.css_first("title"))
    words = [part.strip() for part in re.split(r"[|,]", title.casefold())]
    if title and _WALL_WORDS.issuperset(words):
        raise Blocked(f"page titled “{title}”")
    return tree


def _has(selector: str) -> Callable[[LexborNode], bool]:
    return lambda node: bool(_text(node.css_first(selector)))


def _text(node: LexborNode | None) -> str:
    return " ".join(node.text().split()) if node is not None else ""


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _pay(text: str) -> Pay | None:
    return Pay(text=text, kind=PayKind.PARSED) if text else None


def _profile(link: LexborNode | None) -> str | None:
    """Return an employer's page without the country's host and without tracking."""
    parts = _split(link.attributes.get("href") or "") if link is not None else None
    path = _EMPLOYER_PATH.match(parts.path) if parts else None
    return SITE + path[0] if path else None


def _apply_url(tree: LexborHTMLParser) -> str | None:
    """Return the employer's address out of LinkedIn's way there, as pages of 2023 carry it."""
    code = tree.css_first("code#applyUrl")
    comment = _COMMENT.search(code.inner_html or "") if code is not None else None
    parts = _split(comment[1].strip().strip('"')) if comment else None
    target = parse_qs(parts.query).get("url", [""])[0] if parts else ""
    return target if target.startswith(("https://", "http://")) else None


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None  # brackets that are no address: a link less


def _check_identity(ref: PostingRef, tree: LexborHTMLParser, page: str) -> None:
    """Compare with the id that the link for reporting a posting carries, where there is one."""
    link = tree.css_first(REPORT)
    urn = (link.attributes.get("data-semaphore-content-urn") or "") if link is not None else ""
    if urn.startswith(_URN) and urn.removeprefix(_URN) != ref.source_id:
        raise LayoutChanged(REPORT, f"asked for {ref.source_id}, got {urn}", sample=page)


def _criteria(tree: LexborHTMLParser) -> tuple[dict[str, str], list[str]]:
    """Return the values by label, and the labels that are not known."""
    values: dict[str, str] = {}
    for item in tree.css(CRITERION):
        label = _text(item.css_first(".description__job-criteria-subheader"))
        value = _text(item.css_first(".description__job-criteria-text"))
        if label and value:
            values[label] = value
    return values, [label for label in values if label not in _LABELS]


def _linked_data(tree: LexborHTMLParser) -> LinkedData:
    """Return the page's JSON-LD; an empty one where it has none that can be read.

    It only adds to what stands in the page, which most forms of it give alone.
    """
    for script in tree.css('script[type="application/ld+json"]'):
        try:
            data = msgspec.json.decode(script.text(), type=LinkedData)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
        if data.type == "JobPosting":
            return data
    return LinkedData()


def _ld_pay(ld: LinkedData) -> Pay | None:
    salary = part(ld.base_salary, Salary)
    amounts = part(salary.value, Amounts) if salary else None
    if salary is None or amounts is None or amounts.min_value is amounts.max_value is None:
        return None
    return Pay(
        min=amounts.min_value,
        max=amounts.max_value,
        currency=salary.currency,
        interval=LD_INTERVAL.get(amounts.unit_text or ""),
    )
