"""What is read from python-jobspy when a run begins: query text, headers, code tables.

python-jobspy 1.4.1 keeps them in `jobspy.indeed.constant`. None of it is copied here, the app's key
least of all: a new release of python-jobspy mends this plugin too. What is missing or has another
form is a `ConfigError` that names it and the release.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from enum import Enum
from string import Formatter
from typing import Any, NoReturn

import msgspec
from msgspec import Struct

from jobtracker_core import ConfigError, Employment

LIBRARY = "python-jobspy"
WANTED = f"{LIBRARY}>=1.4.1,<1.5"
PLACEHOLDERS = frozenset({"what", "location", "limit", "cursor", "filters"})
SORT = "sort: RELEVANCE"
KEY_HEADER = "indeed-api-key"

_MODULE = "jobspy.indeed.constant"


class Facts(Struct, frozen=True, kw_only=True):
    """What python-jobspy knows of Indeed.

    Attributes:
        version: Release of python-jobspy.
        query: Text of the search, with `PLACEHOLDERS` to fill by `str.format`, and `SORT` once.
        headers: Headers of the app, its key among them: for requests only, never for a log.
        page_size: Postings of one answer.
        radius: Miles around a place, where nothing else is asked.
        employment: Attribute keys of each kind that Indeed knows.
        permanent: Key of "permanent", which means full time in the country `permanent_in`.
        remote: Key of remote work; hybrid work may carry it too.
        hybrid: Key of hybrid work.
        domains: For each country (ISO 3166-1 alpha-2) the first part of its host name.
        languages: Countries where the site does not speak English, and what it speaks.
    """

    version: str
    query: str
    headers: Mapping[str, str]
    page_size: int
    radius: int
    employment: Mapping[Employment, tuple[str, ...]]
    permanent: str
    permanent_in: str
    remote: str
    hybrid: str
    domains: Mapping[str, str]
    languages: Mapping[str, str]

    def kinds(self, country: str) -> dict[str, Employment]:
        """Return the kind of employment that each attribute key stands for in a country."""
        found = {key: kind for kind, keys in self.employment.items() for key in keys}
        if country == self.permanent_in:
            found[self.permanent] = Employment.FULL_TIME
        return found


def missing() -> str | None:
    """Say that python-jobspy is not installed, without importing it (it brings pandas)."""
    if importlib.util.find_spec("jobspy") is None:
        return f"{LIBRARY} is not installed: pip install '{WANTED}'"
    return None


def load() -> Facts:
    """Import python-jobspy (half a second, and pandas with it) and read what it knows.

    Raises ConfigError if it cannot be imported, or is not of the form of 1.4.1.
    """
    try:
        module = importlib.import_module(_MODULE)
        version = importlib.metadata.version(LIBRARY)
    except Exception as error:  # a stranger's module may raise anything
        raise ConfigError(
            LIBRARY, f"cannot be imported ({type(error).__name__}: {error}); install {WANTED}"
        ) from error
    return _Reader(module, version).facts()


class _Reader:
    def __init__(self, module: object, version: str) -> None:
        self._module = module
        self._version = version

    def facts(self) -> Facts:
        codes = self._countries()
        return Facts(
            version=self._version,
            query=self._query(),
            headers=self._headers(),
            page_size=self._positive("jobs_per_page"),
            radius=self._positive("default_distance"),
            employment=self._employment(),
            permanent=self._get("permanent_key", str),
            permanent_in=self._permanent_in(codes),
            remote=self._get("remote_key", str),
            hybrid=self._get("hybrid_key", str),
            domains=self._domains(codes),
            languages=self._get("languages", dict[str, str]),
        )

    def _get(self, name: str, kind: Any) -> Any:
        value = getattr(self._module, name, None)
        if value is None:
            self._refuse(name, "is missing")
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self._refuse(name, f"has another form ({error})")

    def _refuse(self, name: str, why: str) -> NoReturn:
        raise ConfigError(
            LIBRARY, f"{self._version}: `{_MODULE}.{name}` {why}; install {WANTED}"
        ) from None

    def _query(self) -> str:
        name = "job_search_query"
        text: str = self._get(name, str)
        try:
            holes = [hole for _, hole, _, _ in Formatter().parse(text) if hole is not None]
        except ValueError as error:
            self._refuse(name, f"is no template ({error})")
        if sorted(holes) != sorted(PLACEHOLDERS):
            self._refuse(name, f"has the placeholders {', '.join(sorted(holes)) or 'none'}")
        if text.count(SORT) != 1:
            self._refuse(name, f"holds `{SORT}` {text.count(SORT)} times and not once")
        return text

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = self._get("headers", dict[str, str])
        if not any(name.lower() == KEY_HEADER and value for name, value in headers.items()):
            self._refuse("headers", f"has no {KEY_HEADER}")
        return headers

    def _positive(self, name: str) -> int:
        number: int = self._get(name, int)
        if number < 1:
            self._refuse(name, f"is {number}")
        return number

    def _employment(self) -> dict[Employment, tuple[str, ...]]:
        """Read the table of kinds: its enum's names are those of ours."""
        name = "job_type_codes"
        table = self._members(name)
        try:
            kinds = {Employment[kind.name]: keys for kind, keys in table.items()}
            return msgspec.convert(kinds, dict[Employment, tuple[str, ...]])
        except (KeyError, msgspec.ValidationError) as error:
            self._refuse(name, f"has another form ({error})")

    def _countries(self) -> dict[Enum, str]:
        name = "country_codes"
        table = self._members(name)
        if not all(isinstance(code, str) and code.isalpha() for code in table.values()):
            self._refuse(name, "has other codes than letters")
        return table

    def _members(self, name: str) -> dict[Enum, Any]:
        """Read a table whose keys are members of an enum of python-jobspy's own."""
        table = getattr(self._module, name, None)
        if not isinstance(table, dict) or not table:
            self._refuse(name, "is missing" if table is None else "has another form")
        if not all(isinstance(key, Enum) for key in table):
            self._refuse(name, "has other keys than members of an enum")
        return table

    def _permanent_in(self, codes: Mapping[Enum, str]) -> str:
        name = "full_time_is_permanent_in"
        country = getattr(self._module, name, None)
        if not isinstance(country, Enum) or country not in codes:
            self._refuse(name, "is missing" if country is None else "has another form")
        return codes[country]

    def _domains(self, codes: Mapping[Enum, str]) -> dict[str, str]:
        special = self._members("subdomains")
        domains = {code: special.get(country, code.lower()) for country, code in codes.items()}
        if not all(isinstance(domain, str) and domain.isalnum() for domain in domains.values()):
            self._refuse("subdomains", "has another form")
        return domains
