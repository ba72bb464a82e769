"""From what a collector yields to what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.info import Private
from jobtracker_core.contract.posting import CompanyFacts, Employment, Place, Posting, Precision
from jobtracker_core.ingest import company, currency, fingerprint, html, languages, links, pay
from jobtracker_core.ingest import place as places_
from jobtracker_core.ingest.emails import REMOVED, has_email
from jobtracker_core.ingest.private import blank_json, redact_text
from jobtracker_core.ingest.text import clean, is_missing, observed, strip_unseen

ID_LIMIT: Final = 300
TITLE_LIMIT: Final = 500
NAME_LIMIT: Final = 300
COMPANY_TEXT_LIMIT: Final = 5_000
SKILL_LIMIT: Final = 100
MOST_SKILLS: Final = 100
RAW_LIMIT: Final = 128 * 1024
"""UTF-8 bytes of a raw item; a longer one is not kept, since half of one is no JSON."""

_RAW_LOOKED_AT: Final = 8 * RAW_LIMIT
"""One so long is not even looked through for what must go: a million keys take many seconds."""

_FIRST_YEAR: Final = 1990
_FOUNDED: Final = range(1000, 2101)
_EMPLOYMENT_ORDER: Final = {kind: order for order, kind in enumerate(Employment)}


class Unreadable(ValueError):  # noqa: N818  (like the contract's errors)
    """A posting that cannot be stored at all: it lacks what identifies it or what is shown."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def normalise(posting: Posting, *, private: Private = Private()) -> Record:  # noqa: B008
    """Return the posting as a record: clean, in one spelling, without other people's data.

    What a field should not hold becomes None, "not observed"; an empty tuple of the collector
    stays one. Remote work is read from the places' texts where the field says nothing, and
    amounts of pay from the pay's text. A time without a zone is taken as UTC and as estimated.
    The same posting always gives the same record.

    Raises:
        Unreadable: `source_id` is empty, too long or not storable, `title` is empty, or `url` is
            no http(s) link.
        ValueError: A private selector is no CSS; the plugin's `info.private` must be mended.
    """
    places = _places(posting.places)
    url = _url(posting.url)
    apply_url = links.canonical(posting.apply_url) if posting.apply_url else None
    posted_at, precision = _posted(posting)
    name = observed(posting.company, NAME_LIMIT)
    record = Record(
        source_id=_source_id(posting.source_id),
        url=url,
        title=_title(posting.title),
        company=name,
        company_key=company.key(name) if name else None,
        company_facts=_facts(posting.company_facts) if posting.company_facts else None,
        places=places,
        remote=posting.remote or (places_.remote_of(places) if places else None),
        employment=_employment(posting.employment),
        seniority=posting.seniority,
        skills=_skills(posting.skills),
        language=_language(posting.language),
        pay=pay.normalise(posting.pay, default_currency=_local_currency(places))
        if posting.pay
        else None,
        posted_at=posted_at,
        posted_precision=precision,
        apply_url=apply_url if apply_url != url else None,
        closed=posting.closed,
        description=_description(posting.description),
        raw=_raw(posting.raw, private),
        content_hash=b"",
    )
    return msgspec.structs.replace(record, content_hash=fingerprint.content_hash(record))


def _source_id(source_id: str) -> str:
    if not source_id.strip():
        raise Unreadable("source_id", "is empty")
    if len(source_id) > ID_LIMIT:
        raise Unreadable("source_id", f"is longer than {ID_LIMIT} characters")
    # An id is opaque: changing it could make two postings one.
    if strip_unseen(source_id) != source_id or source_id.strip() != source_id:
        raise Unreadable("source_id", "holds characters that cannot be stored, or outer spaces")
    if has_email(source_id):
        raise Unreadable("source_id", "holds an e-mail address, which is not kept")
    return source_id


def _title(title: str) -> str:
    cleaned = clean(title, TITLE_LIMIT)
    if is_missing(cleaned):
        raise Unreadable("title", "is empty")
    return cleaned


def _url(url: str) -> str:
    canonical = links.canonical(url)
    if canonical is None:
        raise Unreadable("url", "is not an absolute http(s) link of a usable length")
    return canonical


def _places(places: Iterable[Place] | None) -> tuple[Place, ...] | None:
    if places is None:
        return None
    given = tuple(places)
    # Places that say nothing are not observed; no places at all are.
    return places_.read_all(given) or (None if given else ())


def _local_currency(places: Iterable[Place] | None) -> str | None:
    countries = {place.country for place in places or ()}
    country = countries.pop() if len(countries) == 1 else None
    return currency.BY_COUNTRY.get(country) if country else None


def _posted(posting: Posting) -> tuple[datetime | None, Precision | None]:
    moment, precision = posting.posted_at, posting.posted_precision
    if moment is None:
        return None, None
    if moment.tzinfo is None:
        moment, precision = moment.replace(tzinfo=UTC), Precision.ESTIMATED
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        # The first or last hours that a date can hold, in another zone.
        return None, None
    return (utc, precision) if utc.year >= _FIRST_YEAR else (None, None)


def _employment(kinds: Iterable[Employment] | None) -> tuple[Employment, ...] | None:
    if kinds is None:
        return None
    return tuple(sorted(set(kinds), key=_EMPLOYMENT_ORDER.__getitem__))


def _skills(skills: Iterable[str] | None) -> tuple[str, ...] | None:
    if skills is None:
        return None
    given = tuple(skills)
    kept: dict[str, str] = {}
    for skill in given:
        cleaned = observed(skill, SKILL_LIMIT)
        if cleaned and REMOVED not in cleaned:
            kept.setdefault(cleaned.casefold(), cleaned)
    return tuple(kept.values())[:MOST_SKILLS] or (None if given else ())


def _language(language: str | None) -> str | None:
    written = observed(language, 50)
    return languages.tag(written) if written else None


def _facts(facts: CompanyFacts) -> CompanyFacts | None:
    description = _description(facts.description)
    cleaned = CompanyFacts(
        homepage=_link(facts.homepage),
        profile_url=_link(facts.profile_url),
        logo_url=_link(facts.logo_url),
        industry=observed(facts.industry, NAME_LIMIT),
        size=observed(facts.size, SKILL_LIMIT),
        founded=facts.founded if facts.founded in _FOUNDED else None,
        headquarters=observed(facts.headquarters, NAME_LIMIT),
        description=observed(html.to_text(description), COMPANY_TEXT_LIMIT)
        if description
        else None,
        ats=observed(facts.ats, SKILL_LIMIT),
    )
    return cleaned if cleaned != CompanyFacts() else None


def _link(url: str | None) -> str | None:
    return links.canonical(url) if url else None


def _description(markup: str | None) -> str | None:
    # Only something short can be a word for "nothing".
    if markup is None or (len(markup) < SKILL_LIMIT and observed(markup, SKILL_LIMIT) is None):
        return None
    return html.sanitise(markup)


def _raw(raw: dict[str, Any] | str | None, private: Private) -> str | None:
    if raw is None:
        return None
    if _is_far_too_long(raw):
        return None
    if isinstance(raw, str):
        kept = strip_unseen(redact_text(strip_unseen(raw), private))
    else:
        try:
            kept = json.dumps(blank_json(raw, private), ensure_ascii=False, default=str)
        except ValueError:
            # A number with more digits than Python writes: no item of a real site.
            return None
    return kept if kept.strip() and len(kept.encode()) <= RAW_LIMIT else None


def _is_far_too_long(raw: dict[str, Any] | str) -> bool:
    length = 0
    rest: list[Any] = [raw]
    while rest and length <= _RAW_LOOKED_AT:
        part = rest.pop()
        length += len(part) if isinstance(part, str | bytes) else 1
        if isinstance(part, dict):
            rest += part.keys()
            rest += part.values()
        elif isinstance(part, list | tuple):
            rest += part
    return length > _RAW_LOOKED_AT
