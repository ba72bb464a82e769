"""What python-jobspy warns of, as words of the query that it did not apply."""

from __future__ import annotations

import re

from msgspec import Struct

from jobtracker_core import BadQuery, CommonQuery, RunContext


class Notice(Struct, frozen=True, kw_only=True):
    """A row of the table.

    Attributes:
        pattern: Fits the whole text of a warning of python-jobspy 1.4.1.
        word: The query's word that it is about.
        fatal: Nothing was asked of the site at all.
    """

    pattern: str
    word: str
    fatal: bool = False


NOTICES = (
    # _search_params() of bdjobs, hellowork, naukri and ziprecruiter, glassdoor _filters(),
    # bayt scrape()
    Notice(pattern=r"job_type \w+ isn't supported, ignoring it", word="employment"),
    # _search_params() of bdjobs and hellowork
    Notice(pattern=r"easy_apply isn't supported, ignoring it", word="easy_apply"),
    # bdjobs _search_params(), bayt _fetch_cards()
    Notice(pattern=r"location '.*' not found, searching .+", word="location"),
    # glassdoor scrape()
    Notice(pattern=r"country_indeed .+ isn't supported, skipping it", word="country", fatal=True),
)


def find(text: str) -> Notice | None:
    """Return the row that a warning fits."""
    return next((row for row in NOTICES if re.fullmatch(row.pattern, text, re.DOTALL)), None)


def tell(text: str, query: CommonQuery, ctx: RunContext) -> None:
    """Pass a warning on: to the run's account of its filters where it is about a word of the query.

    Raises BadQuery if the word kept python-jobspy from asking at all.
    """
    notice = find(text)
    if notice is None or notice.word not in query.__struct_fields__:
        ctx.log.warning("python-jobspy warns", said=text)
    elif notice.fatal:
        raise BadQuery(notice.word, text)
    else:
        ctx.filter_ignored(notice.word, text)
