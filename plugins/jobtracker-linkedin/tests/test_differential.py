"""python-jobspy's LinkedIn scraper and ours on the same bytes of the same server.

Field by field they agree, or the difference stands in `DIFFERENCES` with the reason why ours is
right. The table is exact: what is not in it fails, and so does what does not occur any more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from jobspy.linkedin import LinkedIn as JobSpyLinkedIn
from jobspy.model import Country, DescriptionFormat, JobPost, ScraperInput, Site
from msgspec import Struct, structs

from jobtracker_core.contract.host import Record
from jobtracker_core.ingest import countries, html
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_linkedin.invented import invent
from jobtracker_linkedin.markup import write_card, write_list

TODAY = date(2026, 9, 15)
REPORT = re.compile(rb'data-semaphore-content-urn="urn:li:jobPosting:(\d+)"')
AREA = re.compile(r"\b(?:area|region|greater|metroplex)\b", re.IGNORECASE)
REMOVED = ("e-mail", "removed")
"""What stands where an e-mail address stood."""

NOWHERE = (None, None, None)
NO_PAY = (None, None, None, None)

KINDS = {
    "fulltime": "full_time",
    "parttime": "part_time",
    "contract": "contract",
    "temporary": "temporary",
    "internship": "internship",
    "volunteer": "volunteer",
    "other": "other",
}
LEVELS = {
    "internship": "internship",
    "entry level": "entry",
    "associate": "associate",
    "mid-senior level": "mid",
    "director": "director",
    "executive": "executive",
    "not applicable": None,
}
INTERVALS = {"hourly": "hour", "monthly": "month", "yearly": "year"}


class Difference(Struct, frozen=True):
    """A kind of difference: what it looks like, why ours is right, and how often it occurs."""

    field: str
    fits: Callable[[Any, Any], bool]
    why: str
    occurs: Mapping[str, int]


def is_area(theirs: Any, ours: Any) -> bool:
    return ours == NOWHERE and AREA.search(" ".join(filter(None, theirs))) is not None


def is_one_name(theirs: Any, ours: Any) -> bool:
    return ours == NOWHERE and theirs[1:] == (None, None) and not is_area(theirs, ours)


def is_email(theirs: Any, ours: Any) -> bool:
    blanked = [each for word in theirs for each in (REMOVED if "@" in word else (word,))]
    return bool(blanked == ours)


def words(text: str | None) -> list[str]:
    """The words of a description; an e-mail address is one."""
    return [word for each in re.findall(r"[\w@.-]+", text or "") if (word := each.strip(".-"))]


DIFFERENCES = {
    "area": Difference(
        "place",
        is_area,
        "an area around a city is not that city; its name is kept as the place's text",
        {
            "details": 1,
            "practice": 11,
            "search_in-bengaluru_product-manager_60cards.html": 3,
            "search_in-chennai_python-developer_60cards.html": 5,
            "search_us-sf_rust_1card.html": 1,
            "search_us_all_60cards_with-open-detail-salary.html": 4,
            "search_us_internship_25cards_2022-markup.html": 1,
            "search_us_python-developer_60cards.html": 5,
            "search_us_python_60cards.html": 3,
        },
    ),
    "one name": Difference(
        "place",
        is_one_name,
        "a name alone may be a city's, a county's or a region's; it is kept as the place's text",
        {
            "practice": 7,
            "seeMore_se_swedish_10cards_2024-markup.html": 10,
        },
    ),
    "state": Difference(
        "place",
        lambda theirs, ours: theirs[1] is None and ours == (None, theirs[0], theirs[2]),
        "a state is no city",
        {
            "search_us_all_60cards_with-open-detail-salary.html": 1,
            "search_us_internship_25cards_2022-markup.html": 1,
            "search_us_python-developer_60cards.html": 7,
            "search_us_python_60cards.html": 1,
        },
    ),
    "keyword": Difference(
        "remote",
        lambda theirs, ours: (theirs, ours) == (True, False),
        "a word in a title is no statement of the site: 'Remote Sensing' is not remote work",
        {
            "practice": 9,
            "search_in-chennai_python-developer_60cards.html": 1,
            "search_us_all_60cards_with-open-detail-salary.html": 1,
            "search_us_internship_25cards_2022-markup.html": 1,
            "search_us_python-developer_60cards.html": 21,
        },
    ),
    "entity": Difference(
        "title",
        lambda theirs, ours: "&" in theirs and "&#" not in ours,
        "what an employer escaped twice is shown as it was meant",
        {
            "search_in-chennai_python-developer_60cards.html": 1,
        },
    ),
    "spaces": Difference(
        "title",
        lambda theirs, ours: " ".join(theirs.split()) == ours,
        "runs of spaces are one space, as a browser shows them",
        {
            "search_in-chennai_python-developer_60cards.html": 3,
            "search_us_python_60cards.html": 1,
        },
    ),
    "host": Difference(
        "company_url",
        lambda theirs, ours: re.sub(r"//\w+\.", "//www.", theirs).rstrip("/") == ours,
        "one employer has one address, whichever country's host a page names",
        {
            "search_in-bengaluru_product-manager_60cards.html": 34,
            "search_in-chennai_python-developer_60cards.html": 39,
            "search_us_all_60cards_with-open-detail-salary.html": 5,
            "search_us_internship_25cards_2022-markup.html": 2,
            "search_us_python-developer_60cards.html": 33,
            "search_us_python_60cards.html": 10,
            "seeMore_us_supply-chain_p0.html": 1,
        },
    ),
    "guessed pay": Difference(
        "pay",
        lambda theirs, ours: ours == NO_PAY,
        "a range of dollars in a text may be a budget or a turnover; the site states no pay",
        {
            "details": 1,
        },
    ),
    "e-mail": Difference(
        "description",
        is_email,
        "e-mail addresses are personal data and are not kept",
        {
            "details": 1,
            "practice": 32,
        },
    ),
}


# -- the two sides


@pytest.fixture
def scrape(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, JobPost]]:
    """Run python-jobspy's own scraper against an address, without its pauses."""

    def run(base_url: str, *, details: bool) -> dict[str, JobPost]:
        monkeypatch.setattr(JobSpyLinkedIn, "base_url", base_url)
        monkeypatch.setattr(JobSpyLinkedIn, "delay", (0, 0))
        scraper = JobSpyLinkedIn()
        posts = scraper.scrape(
            ScraperInput.model_validate(
                {
                    "site_name": [Site.LINKEDIN],
                    "results_wanted": 1_000,
                    "fetch_description": details,
                    "description_format": DescriptionFormat.PLAIN,
                }
            )
        )
        assert scraper.error is None
        return {(post.id or "").removeprefix("li-"): post for post in posts}

    return run


def of_jobspy(post: JobPost, *, details: bool) -> dict[str, Any]:
    """What python-jobspy says, in our words."""
    place = post.location
    assert place is not None
    country = place.country.value if isinstance(place.country, Country) else place.country
    code = countries.country((country or "").upper()) or countries.country(country or "")
    said: dict[str, Any] = {
        "title": post.title,
        "company": post.company,
        "place": (place.city, place.state, code or country),
        "date": post.date_posted,
        "remote": post.is_remote,
        "company_url": post.company_url,
    }
    if details:
        interval = post.interval and INTERVALS[post.interval.value]
        said |= {
            "pay": (post.min_amount, post.max_amount, post.currency, interval),
            "employment": [KINDS[kind.value] for kind in post.job_type or ()],
            "seniority": LEVELS[post.job_level] if post.job_level else None,
            "industry": post.company_industry,
            "description": words(post.description),
        }
    return said


def of_ours(listed: Record, detailed: Record | None) -> dict[str, Any]:
    """What we store."""
    place = listed.places[0] if listed.places else None
    facts = listed.company_facts
    said: dict[str, Any] = {
        "title": listed.title,
        "company": listed.company,
        "place": (place.city, place.region, place.country) if place else NOWHERE,
        "date": listed.posted_at.date() if listed.posted_at else None,
        "remote": listed.remote == "remote",
        "company_url": facts.profile_url if facts else None,
    }
    if detailed is not None:
        pay, facts = detailed.pay, detailed.company_facts
        text = html.to_text(detailed.description) if detailed.description else ""
        said |= {
            "pay": (pay.min, pay.max, pay.currency, pay.interval) if pay else NO_PAY,
            "employment": [kind.value for kind in detailed.employment or ()],
            "seniority": detailed.seniority,
            "industry": facts.industry if facts else None,
            "description": words(text),
        }
    return said


def compare(posts: Mapping[str, JobPost], host: DryHost) -> tuple[Counter[str], list[Any]]:
    """Count the known differences; return what is in no table as well."""
    known: Counter[str] = Counter()
    unknown = []
    for source_id, post in posts.items():
        detailed = host.detailed.get(source_id)
        theirs = of_jobspy(post, details=detailed is not None)
        ours = of_ours(host.listed[source_id], detailed)
        assert theirs.keys() == ours.keys()
        for field in theirs:
            if theirs[field] == ours[field]:
                continue
            names = [
                name
                for name, difference in DIFFERENCES.items()
                if difference.field == field and difference.fits(theirs[field], ours[field])
            ]
            if names:
                known[names[0]] += 1
            else:
                unknown.append((source_id, field, theirs[field], ours[field]))
    return known, unknown


def check(
    name: str, site: PracticeSite, scrape: Any, run_at: Any, *, details: bool, expected: int
) -> None:
    posts = scrape(site.base_url, details=details)
    host = DryHost()
    if not details:
        host.details_wanted = lambda refs, *, rechecks=0: []  # type: ignore[method-assign]
    run_at(site.base_url, host=host)
    assert len(posts) == expected
    assert posts.keys() == host.listed.keys()
    assert bool(host.detailed) == details
    known, unknown = compare(posts, host)
    assert unknown == []
    listed = {key: d.occurs[name] for key, d in DIFFERENCES.items() if name in d.occurs}
    assert known == listed


# -- on the same bytes


def test_on_the_practice_site(site: PracticeSite, scrape: Any, run_at: Any) -> None:
    check("practice", site, scrape, run_at, details=True, expected=95)


LISTS = {
    "search_in-bengaluru_product-manager_60cards.html": 60,
    "search_in-chennai_python-developer_60cards.html": 60,
    "search_us-sf_rust_1card.html": 1,
    "search_us_all_60cards_with-open-detail-salary.html": 60,
    "search_us_internship_25cards_2022-markup.html": 25,
    "search_us_python-developer_60cards.html": 60,
    "search_us_python_60cards.html": 60,
    "seeMore_se_swedish_10cards_2024-markup.html": 10,
    "seeMore_us_software-engineer_p0.html": 10,
    "seeMore_us_supply-chain_p0.html": 10,
}


@pytest.mark.parametrize("name", LISTS)
def test_on_a_recorded_list(
    name: str, recordings: Path, served: Any, scrape: Any, run_at: Any
) -> None:
    served.lists[0] = (recordings / name).read_bytes()
    check(name, served, scrape, run_at, details=False, expected=LISTS[name])


@pytest.fixture
def recorded_details(recordings: Path, served: Any) -> PracticeSite:
    """The recorded detail pages, each behind an invented card."""
    cards = []
    patterns = ("jobPosting*", "view*", "search*open-detail*")
    paths = sorted(path for pattern in patterns for path in recordings.glob(pattern))
    for index, path in enumerate(paths, 1):
        page = path.read_bytes()
        report = REPORT.search(page)
        assert report
        source_id = report[1].decode()
        job = invent(Random(index), index, posted=TODAY)
        cards.append(write_card(structs.replace(job, source_id=source_id), TODAY))
        served.pages[f"/jobs/view/{source_id}"] = page
        served.pages[f"/jobs-guest/jobs/api/jobPosting/{source_id}"] = page
    served.lists[0] = write_list(cards).encode()
    return cast("PracticeSite", served)


def test_on_the_recorded_details(recorded_details: Any, scrape: Any, run_at: Any) -> None:
    check("details", recorded_details, scrape, run_at, details=True, expected=5)


def test_every_source_in_the_table_is_compared() -> None:
    named = {source for difference in DIFFERENCES.values() for source in difference.occurs}
    assert named <= {"practice", "details", *LISTS}
    assert all(difference.why for difference in DIFFERENCES.values())
    assert all(difference.occurs for difference in DIFFERENCES.values())


def test_an_unlisted_difference_is_seen(site: PracticeSite, scrape: Any, run_at: Any) -> None:
    posts = scrape(site.base_url, details=False)
    _, host = run_at(site.base_url)
    changed = next(iter(posts))
    posts[changed] = posts[changed].model_copy(update={"company": "Somebody Else"})
    _, unknown = compare(posts, host)
    assert [(source_id, field) for source_id, field, *_ in unknown if field == "company"] == [
        (changed, "company")
    ]
