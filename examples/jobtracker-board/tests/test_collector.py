"""What only this site has."""

from __future__ import annotations

from datetime import UTC, datetime

from jobtracker_board.collector import Item, posting
from jobtracker_core import Place, Remote


def test_an_item_says_what_it_says() -> None:
    item = Item(id="b7", title="Tailor", city="Tartu", country="EE", from_home=True)
    found = posting(item, {})
    assert (found.source_id, found.url) == ("b7", "https://board.example/jobs/b7")
    assert found.places == (Place(city="Tartu", country="EE"),)
    assert found.remote is Remote.REMOTE
    assert (found.company, found.posted_at) == (None, None)


def test_a_day_is_midnight_in_utc() -> None:
    item = Item(id="b7", title="Tailor", posted=datetime(2026, 3, 5, tzinfo=UTC).date())
    assert posting(item, {}).posted_at == datetime(2026, 3, 5, tzinfo=UTC)
