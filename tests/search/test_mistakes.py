"""What is said of a query that cannot be read."""

from __future__ import annotations

import pytest

from jobtracker_core.search.language import DEEPEST, LONGEST, MOST_WORDS, SearchError, parse


@pytest.mark.parametrize(
    ("typed", "at", "said"),
    [
        ('python "data eng', '"data eng', "quote is not closed. Put a second one"),
        ('python ""', '""', "nothing between these quotes"),
        ("python ()", "()", "nothing in these parentheses"),
        ("python (&)", "(&)", "nothing in these parentheses"),
        ("(python", "(", "not closed. Put )"),
        ("python)", ")", "closes nothing"),
        ("python OR", "OR", "nothing after OR"),
        ("python OR OR go", "OR", "nothing after OR"),
        ("(python OR) go", "OR", "nothing after OR"),
        ("OR python", "OR", "nothing before OR"),
        ("& OR python", "&", "beside OR"),
        ("python -", "-", "nothing after -"),
        ("(go -)", "-", "nothing after -"),
        ("-OR", "-", "nothing after -"),
        ("Engineer - Backend", "-", "space after -"),
        ("-&", "-", "no word after -"),
        ("titel:engineer", "titel:", "no field titel:. Did you mean title:?"),
        ("location:berlin", "location:", "Did you mean place:?"),
        ("salary:>80k", "salary:", "Did you mean pay:?"),
        ("zzz:x", "zzz:", "There are title, company, place, skill, source"),
        (
            "title: engineer",
            "title:",
            "title: needs a value. Write it like title:engineer, with no space",
        ),
        ("title:", "title:", "needs a value"),
        ("title:&", "title:&", "needs a value"),
        ("title:-senior", "title:", "To leave something out, put - first: -title:engineer"),
        ("title:(a1 pay:>3)", "pay:", "pay: stands within title:"),
        ("is:(new OR open)", "is:", "is: needs a value"),
        ("dev*ops", "dev*ops", "only at the end"),
        ("source:link*", "link*", "source: takes no *"),
        (
            "is:fresh",
            "fresh",
            "is: knows no fresh. There are new, open, closed, applied, dismissed",
        ),
        ("remote:remot", "remot", "Did you mean remote:remote?"),
        ("country:atlantis", "atlantis", "country: knows no atlantis"),
        ("language:klingon", "klingon", "language: knows no klingon"),
        ("pay:lots", "lots", "pay: knows no lots. Write one amount per year, such as pay:>80k"),
        ("pay:>", ">", "pay: needs an amount"),
        ("pay:80k-100k", "80k-100k", "pay: knows no"),
        ("pay:>80kXXX", ">80kXXX", "no currency XXX"),
        ("pay:>EUR80kEUR", ">EUR80kEUR", "pay: knows no"),
        ("pay:999999999999M", "999999999999M", "Nobody is paid"),
        ("posted:<7x", "<7x", "Write an age, such as posted:<7d"),
        ("posted:>", ">", "posted: needs an age or a day"),
        ("posted:>2026-13-01", ">2026-13-01", "no day 2026-13-01"),
        ("posted:<200y", "<200y", "too long ago"),
        ("seen:yesterday", "yesterday", "seen: knows no yesterday"),
        (f"tag:x is:{'y' * 90}", "y" * 90, "is: knows no " + "y" * 40 + "…."),
    ],
)
def test_a_mistake_is_shown_at_its_place_with_what_to_write(typed: str, at: str, said: str) -> None:
    with pytest.raises(SearchError) as caught:
        parse(typed)
    error = caught.value
    assert typed[error.start : error.end] == at
    assert said in str(error)


def test_a_query_has_bounds() -> None:
    many = " ".join(f"a{number}" for number in range(MOST_WORDS))
    assert parse(many) is not None
    assert parse("(" * DEEPEST + "a1" + ")" * DEEPEST) is not None
    assert parse("a" * LONGEST) is not None
    for typed, said in [
        (many + " b1", "more than 50 words"),
        (f'"{many}" is:new', "more than 50 words"),
        (" OR ".join(f"-{letter}*" for letter in "abcdefghijk"), "More than 10 words end in"),
        ("工" * 51, "more than 50 words"),
        ("(" * (DEEPEST + 1) + "a1" + ")" * (DEEPEST + 1), "More than 20 parentheses"),
        ("-" * (DEEPEST + 1) + "a1", "More than 20 parentheses"),
        ("a" * LONGEST + " ", "more than 1,000 characters"),
    ]:
        with pytest.raises(SearchError, match=said):
            parse(typed)
