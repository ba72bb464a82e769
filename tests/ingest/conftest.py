"""Shared by the tests of the ingest package."""

import re
from typing import Any

import pytest
from hypothesis import strategies as st

from jobtracker_core.contract.posting import (
    CompanyFacts,
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Precision,
    Remote,
    Seniority,
)

# Written down independently of the package's own pattern.
ADDRESS = re.compile(
    r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|org|de|example)", re.IGNORECASE
)

any_text = st.text(st.characters(codec=None), max_size=80)
emails = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"[a-z0-9][a-z0-9._+-]{0,10}[a-z0-9]", fullmatch=True),
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True),
    st.sampled_from(["com", "org", "de", "example"]),
)
fragments = st.sampled_from(
    [
        *("<p>", "</p>", "<b>", "</b>", "<a href='https://x.example/?utm_source=a&b=1'>", "</a>"),
        *("<div>", "</div>", "<script>", "</script>", "<svg>", "</svg>", "<math>", "<table>"),
        *("<tr>", "<td>", "</table>", "<pre>\n\n", "</pre>", "<style>", "<!--", "-->", "<li>"),
        *("<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>", "&lt;", "&amp;", "&"),
        *(
            "&#64;",
            "&#x202e;",
            "\n\n",
            "\n",
            " ",
            "<",
            ">",
            '"',
            "\u0338",
            "&nbsp;",
            "<h1>",
            "</h1>",
        ),
        *("<section>", "<br/>", "<p onclick=alert(1) style=x>", "<ul>", "</ul>", "<select>", "\r"),
        *("me", "@", "example", ".com", "<template>", "<textarea>", "<iframe>", "&#13;", "\u037e"),
    ]
)
markup = st.lists(st.one_of(fragments, fragments, emails, any_text), max_size=12).map("".join)
words = st.one_of(any_text, emails, markup, st.sampled_from(["N/A", "", "-", "null", "Berlin"]))
floats = st.one_of(st.none(), st.floats(), st.integers(-10, 10**7).map(float))
raws = st.dictionaries(
    st.one_of(st.sampled_from(["userId", "token", "text"]), any_text),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(any_text, inner, max_size=3)
        ),
        max_leaves=5,
    ),
    max_size=4,
)
urls = st.one_of(
    st.builds("https://jobs.example/{}?{}={}".format, any_text, any_text, words),
    st.just("https://jobs.example/1"),
    words,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


places = st.builds(
    Place,
    text=maybe(st.one_of(words, st.sampled_from(["Remote", "Oakland, CA", "Remote; Berlin, DE"]))),
    city=maybe(words),
    region=maybe(words),
    country=maybe(st.one_of(words, st.sampled_from(["DE", "usa", "Germany"]))),
    latitude=floats,
    longitude=floats,
)
pays = st.builds(
    Pay,
    text=maybe(st.one_of(words, st.sampled_from(["$10 - $20 an hour", "60-85k €"]))),
    min=floats,
    max=floats,
    currency=maybe(st.one_of(words, st.sampled_from(["eur", "$", "USD"]))),
    interval=maybe(st.sampled_from(PayInterval)),
    kind=st.sampled_from(PayKind),
)
facts = st.builds(
    CompanyFacts,
    homepage=maybe(urls),
    logo_url=maybe(urls),
    industry=maybe(words),
    founded=maybe(st.integers()),
    headquarters=maybe(words),
    description=maybe(words),
)
postings = st.builds(
    Posting,
    source_id=st.one_of(st.just("id-1"), words),
    url=urls,
    title=st.one_of(st.just("Engineer"), words),
    company=maybe(words),
    company_facts=maybe(facts),
    places=maybe(st.lists(places, max_size=3).map(tuple)),
    remote=maybe(st.sampled_from(Remote)),
    employment=maybe(st.lists(st.sampled_from(Employment), max_size=4).map(tuple)),
    seniority=maybe(st.sampled_from(Seniority)),
    skills=maybe(st.lists(words, max_size=4).map(tuple)),
    language=maybe(st.one_of(words, st.sampled_from(["EN", "de_AT"]))),
    pay=maybe(pays),
    posted_at=maybe(st.one_of(st.datetimes(), st.datetimes(timezones=st.timezones()))),
    posted_precision=st.sampled_from(Precision),
    apply_url=maybe(urls),
    closed=maybe(st.booleans()),
    description=maybe(markup),
    raw=maybe(st.one_of(raws, markup)),
)


class Strategies:
    """Strategies by name; test modules draw from them with `data.draw`."""

    any_text = any_text
    emails = emails
    markup = markup
    urls = urls
    words = words
    raws = raws
    postings = postings
    pays = pays


@pytest.fixture(scope="session")
def some() -> type[Strategies]:
    return Strategies


@pytest.fixture(scope="session")
def address() -> re.Pattern[str]:
    return ADDRESS
