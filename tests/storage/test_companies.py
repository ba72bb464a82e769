"""Companies in lists and one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobtracker_core.storage import companies
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound


@pytest.fixture
def names(db: Database, write: Callable[..., Any], make_record: Callable[..., Any]) -> list[str]:
    names = ["Zeta", "alpha", "Beta 100%", "Gamma"]
    for number, name in enumerate(names):
        write(make_record(str(number), company=name, company_key=name.casefold()))
    return sorted(names, key=str.casefold)


def test_pages_of_companies_follow_each_other_by_name(db: Database, names: list[str]) -> None:
    first = companies.list_companies(db, limit=3)
    second = companies.list_companies(db, limit=3, after=first.after)
    assert [c.name for c in (*first.items, *second.items)] == names
    assert (first.before, second.after) == (None, None)
    # And back, to a page that may be longer by now.
    again = companies.list_companies(db, limit=3, before=second.before)
    assert again == first
    middle = companies.list_companies(db, limit=2, before=names[3].casefold())
    assert [c.name for c in middle.items] == names[1:3]
    assert (middle.before, middle.after) == (names[1].casefold(), names[2].casefold())
    assert companies.list_companies(db, before=names[0].casefold()).items == ()
    with pytest.raises(ValueError, match="not both"):
        companies.list_companies(db, after="a", before="b")


@pytest.mark.parametrize(("text", "found"), [("ALPHA", 1), ("%", 1), ("eta", 2), ("nobody", 0)])
def test_companies_by_a_part_of_their_name(
    db: Database, names: list[str], text: str, found: int
) -> None:
    assert len(companies.list_companies(db, text=text).items) == found


def test_one_company(db: Database, names: list[str]) -> None:
    company = companies.list_companies(db).items[0]
    assert companies.get(db, company.id) == company
    for missing in (0, 999, 2**70):
        with pytest.raises(NotFound, match=f"no company {missing}"):
            companies.get(db, missing)
