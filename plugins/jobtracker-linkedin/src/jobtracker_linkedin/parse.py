"""From LinkedIn's pages to postings. Pure: no network, no clock.

Forms of markup known: guest fragments and full search pages of 2022 to 2026, detail pages of 2023
to 2026.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec
from msgspec import Struct
from selectolax.lexbor import LexborNode

from jobtracker_core import (
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
)
from jobtracker_linkedin.elements import (
    APPLY,
    CARD,
    CLOSED,
    COMPANY,
    CRITERION,
    DATE,
    DESCRIPTION,
    LD,
    MARKS,
    MOST,
    PAY,
    PLACE,
    PROFILE,
    REPORT,
    SALARY,
    TITLE,
    URN,
    WAY_OUT,
    before_others,
    card_parts,
    detail_parts,
    first,
    is_inside,
    read_page,
    text,
    up_to_last_card,
    without_blocks,
)
from jobtracker_linkedin.wire import (
    EMPLOYMENT,
    LD_EMPLOYMENT,
    LD_INTERVAL,
    SENIORITY,
    Amounts,
    LinkedData,
    Salary,
    part,
    without_people,
)

SITE = "https://www.linkedin.com"
"""Where links for people lead, whatever address the requests go to."""

_ALWAYS = (COMPANY, PLACE)
"""What every card has: 356 of 356 recorded ones. Dates, too, but nothing hangs on them."""

_JUDGED = 5
"""So many cards without something are no coincidence."""

_MOST_CRITERIA = 20
_PLAIN_CRITERION = 3
"""Elements of one: itself, its label and its value, as all recorded ones; more may be people."""

_LONGEST = 65_536
"""Characters of a card that is kept as it came; recorded ones have 3,000."""

_LABELS = ("Seniority level", "Employment type", "Job function", "Industries")
_EMPLOYER_PATH = re.compile(r"/(?:company|school|showcase)/[^/]+")
# As nearly all are written: the same path without taking the address apart.
_PLAIN_EMPLOYER = re.compile(
    r"https://[a-z]+\.linkedin\.com(/(?:company|school|showcase)/[\w%.-]+)(?=[/?#]|\Z)"
)
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
    nodes = read_page(up_to_last_card(page)).css(MARKS)
    if len(nodes) > MOST:
        raise LayoutChanged(CARD, f"{len(nodes)} cards; at most {MOST} are known", sample=page)
    marked = {node.mem_id for node in nodes}
    clear: set[int] = set()
    lost: tuple[str, ...] = _ALWAYS
    postings: list[Posting] = []
    skipped: list[Skip] = []
    bad = ""
    found = 0
    for node in nodes:
        if is_inside(node, marked, clear):
            continue
        parts = card_parts(node)
        if lost:
            lost = tuple(selector for selector in lost if not text(parts.get(selector)))
        try:
            postings.append(_card(node, parts))
        except Unreadable as error:
            skipped.append(Skip(path=f"card[{found}] {error.path}", reason=error.reason))
            bad = bad or node.html or ""
        found += 1
    return Cards(
        found=found,
        postings=tuple(postings),
        skipped=tuple(skipped),
        lost=lost if found >= _JUDGED else (),
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
    parts = detail_parts(read_page(before_others(page)), page)
    _check_identity(ref, parts, page)
    markup = first(parts, DESCRIPTION)
    description = None
    if markup is not None:
        description = without_people(without_blocks(markup)).strip() or None
    closed = CLOSED in parts
    if description is None and not closed:
        raise LayoutChanged(DESCRIPTION, "missing, and the posting is not closed", sample=page)
    found, odd = _criteria(parts.get(CRITERION, []))
    salary = first(parts, SALARY)
    if salary is not None:
        without_blocks(salary)
    ld = _linked_data(parts.get(LD, []))
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
        pay=_pay(text(salary)) or _ld_pay(ld),
        posted_at=posted_at,
        apply_url=_apply_url(first(parts, WAY_OUT)),
        closed=True if closed else False if APPLY in parts else None,
        description=description,
    )
    unknown = [level if level not in SENIORITY else None, kind if kind not in EMPLOYMENT else None]
    return Details(posting=posting, odd=(*odd, *filter(None, unknown)))


def gone(ref: PostingRef) -> Posting:
    """Say of a posting that the site knows it no longer."""
    return Posting(source_id=ref.source_id, url=ref.url, title=ref.title, closed=True)


def _card(node: LexborNode, parts: dict[str, LexborNode]) -> Posting:
    urn = node.attrs.get("data-entity-urn") or ""
    source_id = urn.removeprefix(URN)
    if source_id == urn or not (source_id.isascii() and source_id.isdigit()):
        raise Unreadable("@data-entity-urn", "holds no id of a posting")
    title = text(parts.get(TITLE))
    if not title:
        raise Unreadable(TITLE, "missing or empty")
    place = text(parts.get(PLACE))
    profile = _profile(parts.get(PROFILE))
    date = parts.get(DATE)
    return Posting(
        source_id=source_id,
        url=f"{SITE}/jobs/view/{source_id}",
        title=title,
        company=text(parts.get(COMPANY)) or None,
        company_facts=CompanyFacts(profile_url=profile) if profile else None,
        places=(Place(text=place),) if place else None,
        pay=_pay(text(parts.get(PAY))),
        posted_at=_moment(date.attrs.get("datetime") or "") if date is not None else None,
        posted_precision=Precision.DAY,
        raw=_raw(node),
    )


def _raw(node: LexborNode) -> str | None:
    """Return a card as it came; nothing of one that is too long, for half of it is no card."""
    markup = without_people(node.html or "")
    return markup if 0 < len(markup) <= _LONGEST else None


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


@lru_cache(maxsize=64)
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
    address = (link.attrs.get("href") or "") if link is not None else ""
    if plain := _PLAIN_EMPLOYER.match(address):
        return SITE + plain[1]
    parts = _split(address)
    path = _EMPLOYER_PATH.match(parts.path) if parts else None
    return SITE + path[0] if path else None


def _apply_url(code: LexborNode | None) -> str | None:
    """Return the employer's address out of LinkedIn's way there, as pages of 2023 carry it."""
    comment = _COMMENT.search(code.inner_html or "") if code is not None else None
    parts = _split(comment[1].strip().strip('"')) if comment else None
    target = parse_qs(parts.query).get("url", [""])[0] if parts else ""
    return target if target.startswith(("https://", "http://")) else None


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None  # brackets that are no address: a link less


def _check_identity(ref: PostingRef, parts: dict[str, list[LexborNode]], page: str) -> None:
    """Compare with the id that the link for reporting a posting carries, where there is one."""
    link = first(parts, REPORT)
    urn = (link.attrs.get("data-semaphore-content-urn") or "") if link is not None else ""
    if urn.startswith(URN) and urn.removeprefix(URN) != ref.source_id:
        raise LayoutChanged(REPORT, f"asked for {ref.source_id}, got {urn}", sample=page)


def _criteria(items: list[LexborNode]) -> tuple[dict[str, str], list[str]]:
    """Return the values by label, and the labels that are not known."""
    values: dict[str, str] = {}
    for item in items[:_MOST_CRITERIA]:
        if len(item.css("*")) > _PLAIN_CRITERION:
            without_blocks(item)
        label = text(item.css_first(".description__job-criteria-subheader"))
        value = text(item.css_first(".description__job-criteria-text"))
        if label and value:
            values[label] = value
    return values, [label for label in values if label not in _LABELS]


def _linked_data(scripts: list[LexborNode]) -> LinkedData:
    """Return the page's JSON-LD; an empty one where it has none that can be read.

    It only adds to what stands in the page, which most forms of it give alone.
    """
    for script in scripts:
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
