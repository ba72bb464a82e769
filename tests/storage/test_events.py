"""The story of a run."""

from __future__ import annotations

from jobtracker_core.storage import events
from jobtracker_core.storage.engine import Database
from queueing import put, take, turn_on
from rows import NOON


def test_lines_in_their_order(db: Database) -> None:
    turn_on(db)
    run_id = put(db)
    claim = take(db)
    for number in range(5):
        events.append(db, claim, "page", {"number": number, "at": NOON}, level="info")
    events.append(db, claim, "slow", level="warning")
    found = events.list_events(db, run_id)
    assert [event.kind for event in found] == ["page"] * 5 + ["slow"]
    assert found[0].data == {"number": 0, "at": "2026-03-01T12:00:00Z"}
    assert (found[5].level, found[5].data) == ("warning", {})
    assert events.list_events(db, run_id, after=found[3].id, limit=1) == (found[4],)
    assert events.list_events(db, 99) == ()


def test_whatever_a_site_sent_is_kept_or_cut(db: Database) -> None:
    turn_on(db)
    run_id = put(db)
    nasty = {"te\x00xt": "a\x00b\ud800", "long": ["x" * 9000], "odd": {"what": object}}
    events.append(db, take(db), "log", nasty)
    (event,) = events.list_events(db, run_id)
    assert event.data["te\ufffdxt"] == "a\ufffdb?"
    assert len(event.data["long"][0]) == events.TEXT_CHARACTERS
    assert event.data["odd"] == {"what": "<class 'object'>"}
