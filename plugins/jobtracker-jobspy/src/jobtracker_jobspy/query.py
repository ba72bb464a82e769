"""What can be asked of each site: no more than python-jobspy passes on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from jobtracker_core import BadQuery, CollectorSettings, CommonQuery, Employment

COUNTRIES = {
    "AR": "argentina",
    "AU": "australia",
    "AT": "austria",
    "BE": "belgium",
    "BR": "brazil",
    "CA": "canada",
    "FR": "france",
    "DE": "germany",
    "HK": "hong kong",
    "IN": "india",
    "IE": "ireland",
    "IT": "italy",
    "MY": "malaysia",
    "MX": "mexico",
    "NL": "netherlands",
    "NZ": "new zealand",
    "SG": "singapore",
    "ES": "spain",
    "CH": "switzerland",
    "GB": "uk",
    "US": "usa",
    "VN": "vietnam",
}
"""The countries of Glassdoor's own sites, and python-jobspy's names for them."""

JOB_TYPES = {
    Employment.FULL_TIME: "fulltime",
    Employment.PART_TIME: "parttime",
    Employment.CONTRACT: "contract",
    Employment.TEMPORARY: "temporary",
    Employment.INTERNSHIP: "internship",
    Employment.PER_DIEM: "perdiem",
    Employment.OTHER: "other",
    Employment.VOLUNTEER: "volunteer",
}
"""Kinds of engagement and python-jobspy's names for them; it has none for seasonal work."""

_KM_PER_MILE = 1.609344

Descriptions = Annotated[bool, Meta(description="Ask for descriptions too: one request for each")]
EasyApply = Annotated[bool, Meta(description="Only postings that one applies for on the site")]
_Country = Literal[
    "AR",
    "AU",
    "AT",
    "BE",
    "BR",
    "CA",
    "FR",
    "DE",
    "HK",
    "IN",
    "IE",
    "IT",
    "MY",
    "MX",
    "NL",
    "NZ",
    "SG",
    "ES",
    "CH",
    "GB",
    "US",
    "VN",
]


class JobspySettings(CollectorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operator's settings of a collector that reads through python-jobspy."""

    ca_cert: (
        Annotated[
            str,
            Meta(
                description="File of certificates to trust in place of the usual ones, for a proxy "
                "that looks into encrypted traffic",
                min_length=1,
            ),
        ]
        | None
    ) = None


class JobspyQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The common words, as narrow as python-jobspy takes them."""

    remote: Annotated[
        tuple[Literal["remote"], ...], Meta(description="Only remote work can be asked for alone")
    ] = ()
    employment: Annotated[
        tuple[Employment, ...], Meta(description="Kind of engagement (only one)", max_length=1)
    ] = ()
    descriptions: Descriptions = False


class GlassdoorQuery(JobspyQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be asked of Glassdoor."""

    country: Annotated[_Country, Meta(description="Country whose Glassdoor is asked")] = "US"
    easy_apply: EasyApply = False
    descriptions: Annotated[
        bool, Meta(description="Ask for descriptions too: one request for 25 of them")
    ] = True


class EasyApplyQuery(JobspyQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be asked of sites that know postings to apply for on the site itself."""

    easy_apply: EasyApply = False


def words(query: JobspyQuery, *, kinds: tuple[Employment, ...], distance: bool) -> dict[str, Any]:
    """Return a query in the words of python-jobspy's `ScraperInput`.

    Args:
        query: What is asked.
        kinds: Kinds of engagement that the site can be asked for.
        distance: The site knows a radius.

    Raises BadQuery for what the site does not know.
    """
    wrong = [kind.value for kind in query.employment if kind not in kinds]
    if wrong:
        allowed = ", ".join(kind.value for kind in kinds) or "none"
        raise BadQuery("employment", f"{wrong[0]} cannot be asked for here, only: {allowed}")
    if query.distance_km is not None and distance and not query.location:
        raise BadQuery("distance_km", "a distance needs a location to start from; name one")
    days = query.posted_within_days
    asked: dict[str, Any] = {
        "search_term": query.text,
        "location": query.location,
        "is_remote": bool(query.remote),
        "fetch_description": query.descriptions,
        "hours_old": days and days * 24,
    }
    if query.employment:
        asked["job_type"] = JOB_TYPES[query.employment[0]]
    if query.distance_km is not None and distance:
        asked["distance"] = max(round(query.distance_km / _KM_PER_MILE), 1)
    if isinstance(query, GlassdoorQuery | EasyApplyQuery) and query.easy_apply:
        asked["easy_apply"] = True
    if isinstance(query, GlassdoorQuery):
        asked["country_indeed"] = COUNTRIES[query.country]
    return asked
