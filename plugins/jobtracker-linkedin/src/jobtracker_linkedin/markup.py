"""The practice site's pages, in the markup of the real one: its elements and class names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from html import escape
from urllib.parse import quote

from jobtracker_linkedin.invented import BARE, RECRUITERS, ROLES, Job, describe

HOST = "https://www.linkedin.com"
PEOPLE = f"{HOST}/in/"

ROOT_LINK = 9
"""One card in so many is a link as a whole: no inner link, and no link to the employer."""

NO_COMPANY_LINK = 11
NO_DATE = 23
OLD = 7
"""One card in so many is written as in 2022."""

PAY_ON_CARD = 3
_NEW_DAYS = 1

WALL_PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head>'
    '<meta name="pageKey" content="auth_wall_desktop_profile">'
    "<title>Sign up</title></head><body><main>Join to see more</main></body></html>"
)
WALL_SCRIPT = (
    '<html><head>\n<script type="text/javascript">\nwindow.onload = function() {\n'
    '  window.location.href = "https://" + location.host + "/authwall?trk=bf";\n'
    "}\n</script>\n</head></html>\n"
)
EMPTY = "<!DOCTYPE html>\n\n<!---->"
NO_CARDS = "<!DOCTYPE html>\n<html><body><p>Something else stands here today.</p></body></html>"


def write_list(cards: Iterable[str]) -> str:
    """Write a fragment of cards."""
    items = "".join(f"      <li>\n{card}      </li>\n" for card in cards)
    return f"<!DOCTYPE html>\n\n{items}"


def write_card(job: Job, today: date) -> str:
    """Write a card in the shape that its number has."""
    root_link = job.index % ROOT_LINK == 0
    address = (
        f"{HOST}/jobs/view/{quote(job.title.lower().replace(' ', '-'))}-{job.source_id}"
        f"?position=1&amp;pageNum=0&amp;refId={job.index}"
    )
    attributes = (
        f'class="base-card base-card--link base-search-card base-search-card--link '
        f'job-search-card" data-entity-urn="urn:li:jobPosting:{job.source_id}" '
        f'data-column="1" data-row="{job.index % 10 + 1}"'
    )
    spoken = "screen-reader-text" if job.index % OLD == 0 else "sr-only"
    if root_link:
        opening, closing, inner = f'<a href="{address}" {attributes}>', "</a>", ""
    else:
        opening, closing = f"<div {attributes}>", "</div>"
        inner = (
            f'<a class="base-card__full-link" href="{address}"><span class="{spoken}">'
            f"{escape(job.title)}</span></a>"
        )
    linked = not root_link and job.index % NO_COMPANY_LINK
    logo = f"https://media.licdn.com/{job.employer}?e=1&amp;t={job.index}"
    return (
        f"{opening}{inner}\n"
        '<div class="search-entity-media"><img class="artdeco-entity-image" '
        f'data-delayed-url="{logo}" alt></div>\n'
        '<div class="base-search-card__info">\n'
        f'<h3 class="base-search-card__title">\n  {escape(job.title)}\n</h3>\n'
        f'<h4 class="base-search-card__subtitle">\n{_company(job, linked=bool(linked))}\n</h4>\n'
        f'<!----><div class="base-search-card__metadata">\n'
        f'<span class="job-search-card__location">\n  {escape(job.place)}\n</span>\n'
        f"{_pay(job)}{_badge(job)}{_date(job, today)}</div></div>\n{closing}\n"
    )


def _company(job: Job, *, linked: bool) -> str:
    if not linked:
        return escape(job.company)
    return (
        f'<a class="hidden-nested-link" href="{HOST}/company/{escape(job.slug)}?trk=public_jobs">'
        f"\n{escape(job.company)}\n</a>"
    )


def _pay(job: Job) -> str:
    if job.pay is None or job.index % PAY_ON_CARD:
        return ""
    return f'<span class="job-search-card__salary-info">\n  {job.pay}\n</span>\n'


def _badge(job: Job) -> str:
    if job.badge is None:
        return ""
    kind = "result-benefits" if job.index % OLD == 0 else "job-posting-benefits"
    return f'<div class="{kind}"><span class="{kind}__text">\n  {job.badge}\n<!----></span></div>\n'


def _date(job: Job, today: date) -> str:
    if job.index % NO_DATE == 0:
        return ""
    age = (today - job.posted).days
    new = "--new" if age <= _NEW_DAYS else ""
    return (
        f'<time class="job-search-card__listdate{new}" datetime="{job.posted:%Y-%m-%d}">\n'
        f"  {age} days ago\n</time>\n"
    )


def write_detail(job: Job) -> str:
    """Write a posting's fragment."""
    return f"{_top_card(job)}{_pay_section(job)}{_description(job)}"


def write_view(job: Job) -> str:
    """Write a posting's whole page, with its JSON-LD and another posting's card at its end."""
    data = {
        "@context": "http://schema.org",
        "@type": "JobPosting",
        "title": job.title,
        "datePosted": f"{job.posted:%Y-%m-%d}T08:15:00.000Z",
        "hiringOrganization": {"@type": "Organization", "name": job.company},
    }
    if job.workplace == "2":
        data["jobLocationType"] = "TELECOMMUTE"
    script = json.dumps(data).replace("<", "\\u003c")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta name="pageKey" '
        f'content="d_jobs_guest_details"><title>{escape(job.title)} | LinkedIn</title>'
        f'<script type="application/ld+json">{script}</script></head><body><main>'
        f"{write_detail(job)}</main>"
        '<section class="similar-jobs"><div class="base-card base-main-card main-job-card" '
        'data-entity-urn="urn:li:jobPosting:1"><h3 class="base-main-card__title">Lighthouse '
        "Keeper</h3></div></section></body></html>"
    )


def _top_card(job: Job) -> str:
    if job.closed:
        state = (
            '<figure class="closed-job closed-job__flavor topcard__flavor-row"><figcaption '
            'class="closed-job__flavor--closed">No longer accepting applications</figcaption>'
            "</figure>"
        )
        apply = ""
    else:
        state = ""
        apply = (
            '<button class="top-card-layout__cta top-card-layout__cta--primary btn-primary">'
            f"{'Easy Apply' if job.easy_apply else 'Apply'}</button>"
        )
    return (
        '<section class="top-card-layout"><div class="top-card-layout__card">'
        '<h2 class="top-card-layout__title topcard__title">'
        f"{escape(job.title)}</h2>"
        '<h4 class="top-card-layout__second-subline"><div class="topcard__flavor-row">'
        '<span class="topcard__flavor"><a class="topcard__org-name-link" '
        f'href="{HOST}/company/{escape(job.slug)}?trk=x">{escape(job.company)}</a></span>'
        f'<span class="topcard__flavor topcard__flavor--bullet">{escape(job.place)}</span></div>'
        '<div class="topcard__flavor-row"><span class="posted-time-ago__text">3 days ago</span>'
        f'<figcaption class="num-applicants__caption">{job.index % 90 + 25} applicants'
        f"</figcaption></div>{state}</h4>"
        f'<div class="top-card-layout__cta-container">{apply}</div>'
        '<a class="semaphore__toggle" data-semaphore-content-type="JOB" '
        f'data-semaphore-content-urn="urn:li:jobPosting:{job.source_id}">Report this job</a>'
        "</div></section>\n"
    )


def _pay_section(job: Job) -> str:
    if job.pay is None:
        return ""
    return (
        '<section class="core-section-container compensation"><div '
        'class="compensation__salary-range"><h3 class="compensation__heading">Base pay range</h3>'
        f'<div class="salary compensation__salary">\n  {job.pay}\n</div></div></section>\n'
    )


def _description(job: Job) -> str:
    function, industry = ROLES[job.role][2:]
    criteria = [
        ("Seniority level", job.level),
        ("Employment type", job.employment),
        ("Job function", function),
        ("Industries", industry),
    ]
    if job.index % BARE == 0:
        criteria = criteria[1:2]
    items = "".join(
        '<li class="description__job-criteria-item"><h3 '
        f'class="description__job-criteria-subheader">\n  {label}\n</h3><span '
        'class="description__job-criteria-text description__job-criteria-text--criteria">\n  '
        f"{escape(value)}\n</span></li>"
        for label, value in criteria
    )
    return (
        '<section class="core-section-container description"><div '
        f'class="core-section-container__content">{_recruiter(job)}<div '
        'class="description__text description__text--rich"><section class="show-more-less-html">'
        f'<div class="show-more-less-html__markup">\n{describe(job)}\n</div></section></div>'
        f'<ul class="description__job-criteria-list">{items}</ul></div></section>\n'
    )


def _recruiter(job: Job) -> str:
    if job.recruiter is None:
        return ""
    name, profile = RECRUITERS[job.recruiter]
    way = quote(PEOPLE + profile, safe="")
    return (
        '<div class="message-the-recruiter"><p>Direct message the job poster</p>'
        f'<div class="base-card base-main-card"><a href="{PEOPLE}{profile}">'
        f'<span class="sr-only">{name}</span></a><h3 class="base-main-card__title">{name}</h3>'
        f'<a class="message-the-recruiter__cta" href="{HOST}/login?session_redirect={way}">'
        f"Message {name}</a></div></div>"
    )
