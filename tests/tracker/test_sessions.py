"""Sessions: begun anew at each login, ended on the server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from frozen import FrozenTime
from jobtracker_core.security.credentials import make_session
from jobtracker_core.storage import sessions as stored
from jobtracker_core.storage import users
from jobtracker_core.storage.errors import Busy, NotFound
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.accounts import NewSession

PASSWORD = "purple lamp under snow"
HASH = (
    "$argon2id$v=19$m=1024,t=1,p=1$c29tZSBzYWx0IG9mIDE2$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


@pytest.fixture
def begin(tracker: JobTracker):
    """Begin a session as a login does."""

    def begin(name: str = "Ann", address: str = "192.0.2.1") -> NewSession:
        known = users.find(tracker.database, name)
        user = users.create(tracker.database, name, HASH) if known is None else known.user
        made = make_session()
        session = stored.create(
            tracker.database,
            user.id,
            key=made.key,
            secret_hash=made.digest,
            address=address,
            agent="",
        )
        return NewSession(session=session, text=made.text)

    return begin


def test_a_session_that_the_browser_brings_is_never_gone_on_with(tracker: JobTracker) -> None:
    tracker.accounts.create_first("Ann", PASSWORD)
    login = tracker.accounts.login
    fixed = make_session().text
    first = login("Ann", PASSWORD, address="192.0.2.1", replacing=fixed)
    assert first.text != fixed
    assert tracker.sessions.verify(fixed) is None
    second = login("Ann", PASSWORD, address="192.0.2.1", replacing=first.text)
    assert tracker.sessions.verify(first.text) is None
    assert tracker.sessions.list() == (second.session,)
    # Who knows a session's key alone cannot end it.
    guessed = second.text[:17] + make_session().text[17:]
    login("Ann", PASSWORD, address="192.0.2.1", replacing=guessed)
    assert tracker.sessions.verify(second.text) is not None


def test_a_wrong_cookie_opens_nothing(tracker: JobTracker, begin) -> None:
    one, other = begin(), begin()
    mixed = one.text[:17] + other.text[17:]
    for text in (mixed, one.text[:-1], one.text + "x", "", "ü", make_session().text):
        assert tracker.sessions.verify(text) is None
    assert tracker.sessions.verify(one.text) == one.session


def test_it_ends_after_12_hours_without_use(tracker: JobTracker, time: FrozenTime, begin) -> None:
    begun = begin()
    time.advance(hours=11, minutes=59)
    assert tracker.sessions.verify(begun.text) is not None
    time.advance(hours=11, minutes=59)
    assert tracker.sessions.verify(begun.text) is not None
    time.advance(hours=12)
    assert tracker.sessions.verify(begun.text) is None
    assert tracker.sessions.list() == ()


def test_it_ends_after_14_days_in_any_case(tracker: JobTracker, time: FrozenTime, begin) -> None:
    begun = begin()
    assert begun.session.expires_at == time.at + timedelta(days=14)
    for _ in range(28):
        assert tracker.sessions.verify(begun.text) is not None
        time.advance(hours=11, minutes=59)
    assert tracker.sessions.verify(begun.text) is not None
    time.advance(minutes=27)
    assert tracker.sessions.verify(begun.text) is not None
    time.advance(minutes=1)
    assert tracker.sessions.verify(begun.text) is None
    begin("Bob")
    assert stored.find(tracker.database, begun.text[:16]) is None


def test_last_seen_is_noted_once_a_minute(
    tracker: JobTracker, time: FrozenTime, begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = begin()
    started = time.at
    time.advance(seconds=59)
    tracker.sessions.verify(begun.text)
    assert tracker.sessions.list()[0].last_seen_at == started

    def busy(*_: object) -> None:
        raise Busy("locked")

    time.advance(seconds=1)
    monkeypatch.setattr(stored, "note_seen", busy)
    assert tracker.sessions.verify(begun.text) is not None
    monkeypatch.undo()
    tracker.sessions.verify(begun.text)
    assert tracker.sessions.list()[0].last_seen_at == time.at


def test_logging_out_ends_it_on_the_server(tracker: JobTracker, begin, audited) -> None:
    mine, other = begin(), begin()
    tracker.sessions.end(mine.text)
    assert tracker.sessions.verify(mine.text) is None
    assert tracker.sessions.verify(other.text) is not None
    tracker.sessions.end(mine.text)
    tracker.sessions.end("nonsense")
    assert audited() == [("session.end", f"session:{mine.session.id}", {})]


def test_they_are_listed_and_ended_from_elsewhere(
    tracker: JobTracker, time: FrozenTime, begin, audited
) -> None:
    first = begin()
    time.advance(minutes=5)
    second, third, bobs = begin(), begin(), begin("Bob")
    listed = tracker.sessions.list(user_id=first.session.user_id)
    assert listed == (second.session, third.session, first.session)
    assert len(tracker.sessions.list()) == 4
    assert tracker.sessions.revoke(third.session.id) == third.session
    assert tracker.sessions.verify(third.text) is None
    assert tracker.sessions.revoke_others(second.session) == 1
    assert tracker.sessions.verify(first.text) is None
    assert tracker.sessions.verify(second.text) is not None
    assert tracker.sessions.verify(bobs.text) is not None
    assert [row[0] for row in audited()] == ["session.revoke"] * 2
    for number in (third.session.id, 0, 2**80):
        with pytest.raises(NotFound):
            tracker.sessions.revoke(number)


def test_the_database_holds_no_cookie(tracker: JobTracker, begin) -> None:
    begun = begin()
    found = stored.find(tracker.database, begun.text[:16])
    assert found is not None
    assert begun.text[17:].encode() not in found.secret_hash
    assert len(found.secret_hash) == 32


def test_a_visit_ends_with_half_an_hour_without_a_request_on_any_device(
    tracker: JobTracker, time: FrozenTime, begin
) -> None:
    desk, phone = begin(), begin()
    assert desk.session.last_visit_at is None

    def last_visit(begun: NewSession, **later: float) -> object:
        time.advance(**later)
        session = tracker.sessions.verify(begun.text)
        assert session is not None
        return session.last_visit_at

    started = time.at
    assert last_visit(desk, minutes=29) is None
    # The request that begins a visit is told already when the one before ended.
    assert last_visit(phone, minutes=30) == started + timedelta(minutes=29)
    assert last_visit(desk, minutes=1) == started + timedelta(minutes=29)
    ended = time.at
    # Logging in begins a visit as well.
    time.advance(hours=13)
    again = begin()
    assert again.session.last_visit_at == ended
    assert last_visit(again) == ended


def test_what_an_open_page_asks_for_is_no_visit(
    tracker: JobTracker, time: FrozenTime, begin
) -> None:
    begun = begin()
    started = time.at
    for _ in range(3):
        time.advance(minutes=20)
        session = tracker.sessions.verify(begun.text, in_person=False)
        assert session is not None
        assert session.last_seen_at == started
    found = tracker.sessions.verify(begun.text)
    assert found is not None
    assert found.last_visit_at == started
