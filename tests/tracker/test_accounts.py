"""The set-up, logging in, and passwords."""

from __future__ import annotations

import json
import statistics
import time as clock
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher

from frozen import FrozenTime
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.security import passwords
from jobtracker_core.storage import users
from jobtracker_core.storage.errors import Busy, Duplicate, NotFound, StorageError
from jobtracker_core.storage.users import AlreadySetUp
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.accounts import TooManyLogins, WrongCode, WrongLogin, network_of

GOOD = "purple lamp under snow"
OTHER = "green kettle over moss"
HERE = "192.0.2.1"


def test_the_set_up_takes_its_code_once(tracker: JobTracker, audited) -> None:
    accounts = tracker.accounts
    assert not accounts.any()
    code, other = accounts.setup_code(), accounts.setup_code()
    assert code is not None
    assert other is not None
    assert accounts.is_setup_code(code)
    for wrong in (code[:-1] + "?", other[:-2] + "xy", "", "x" * 22):
        with pytest.raises(WrongCode):
            accounts.set_up(wrong, "Ann", GOOD)
    with pytest.raises(FormError, match="12 characters"):
        accounts.set_up(code, "Ann", "short")
    user = accounts.set_up(code, "Ann", GOOD)
    assert (user.name, accounts.any(), accounts.list()) == ("Ann", True, (user,))
    for used in (code, other):
        with pytest.raises(WrongCode):
            accounts.set_up(used, "Eve", GOOD)
    assert accounts.setup_code() is None
    with pytest.raises(AlreadySetUp):
        accounts.create_first("Eve", GOOD)
    said = audited()
    assert [row[0] for row in said] == ["setup.open", "setup.open", "user.create"]
    assert said[-1][1:] == (f"user:{user.id}", {"name": "Ann", "first": True})
    assert code not in json.dumps(said)


def test_a_code_is_valid_for_an_hour(tracker: JobTracker, time: FrozenTime) -> None:
    code = tracker.accounts.setup_code()
    assert code is not None
    time.advance(minutes=59)
    assert tracker.accounts.is_setup_code(code)
    time.advance(minutes=1)
    with pytest.raises(WrongCode):
        tracker.accounts.set_up(code, "Ann", GOOD)


def test_of_two_set_ups_at_once_one_wins(
    db_url: str, tracker: JobTracker, processes: Callable[..., list[str]]
) -> None:
    code = tracker.accounts.setup_code()
    script = f"""
from jobtracker_core import JobTracker, Settings
from jobtracker_core.security import passwords
from jobtracker_core.storage import users
from jobtracker_core.storage.users import AlreadySetUp
from jobtracker_core.tracker.accounts import WrongCode
tracker = JobTracker(Settings(database_url=url, plugins=()))
assert tracker.accounts.is_setup_code({code!r})
digest = passwords.hash_password("{GOOD}")
go()
try:
    print(users.create_first(tracker.database, f"user{{number}}", digest).name)
except AlreadySetUp as error:
    print(type(error).__name__)
"""
    printed = processes(script, db_url, 3)
    assert printed.count("AlreadySetUp") == 2
    assert [user.name for user in tracker.accounts.list()] == sorted(
        set(printed) - {"AlreadySetUp"}
    )


def test_names_are_one_whatever_their_case(tracker: JobTracker) -> None:
    tracker.accounts.create_first("Zoë", GOOD)
    with pytest.raises(Duplicate):
        tracker.accounts.add(" zoe\u0308 ", GOOD)
    assert tracker.accounts.login("ZOË", GOOD, address=HERE).session.user == "Zoë"
    for name in ("", "a\x00b", "x" * 101):
        with pytest.raises(FormError, match="no name"):
            tracker.accounts.add(name, GOOD)


def test_a_login_begins_a_session_and_leaves_one_row(tracker: JobTracker, audited) -> None:
    user = tracker.accounts.create_first("Ann", GOOD)
    begun = tracker.accounts.login("ann", GOOD, address=HERE, agent="Browser/1\r\n" + "x" * 900)
    assert tracker.sessions.verify(begun.text) == begun.session
    assert (begun.session.user_id, begun.session.address) == (user.id, HERE)
    assert len(begun.session.agent) <= 300
    assert audited()[-1] == (
        "session.create",
        f"user:{user.id}",
        {"session": begun.session.id, "name": "Ann"},
    )
    assert tracker.accounts.list()[0].last_login_at is not None
    assert begun.text not in repr(begun)


def test_what_is_wrong_is_not_told_but_is_noted(tracker: JobTracker, audited) -> None:
    user = tracker.accounts.create_first("Ann", GOOD)
    said = []
    for name, password in (("Ann", OTHER), ("Bob", GOOD), ("canary typed here", GOOD), ("\0", "")):
        with pytest.raises(WrongLogin) as refused:
            tracker.accounts.login(name, password, address=HERE)
        said.append((str(refused.value), refused.value.hint))
    assert len(set(said)) == 1
    rows = audited()[1:]
    assert [row[:2] for row in rows] == [
        ("login.refuse", f"user:{user.id}"),
        *[("login.refuse", "user:unknown")] * 3,
    ]
    assert "canary" not in json.dumps(rows)


@pytest.mark.parametrize("name", ["Ann", "Nobody"])
def test_after_five_tries_nobody_looks_at_the_password(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch, audited, name: str
) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    checked: list[str] = []
    monkeypatch.setattr(passwords, "verify", lambda _, given: checked.append(given))
    for _ in range(5):
        with pytest.raises(WrongLogin):
            tracker.accounts.login(name, OTHER, address=HERE)
    before = len(audited())
    for _ in range(20):
        with pytest.raises(TooManyLogins) as told:
            tracker.accounts.login(name, GOOD, address=HERE)
        assert 880 < told.value.wait_s <= 901
    assert len(checked) == 5
    assert len(audited()) == before


def test_two_processes_look_at_no_more_than_five_passwords(
    db_url: str, tracker: JobTracker, processes: Callable[..., list[str]]
) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    script = f"""
from jobtracker_core import JobTracker, Settings
from jobtracker_core.tracker.accounts import TooManyLogins, WrongLogin
tracker = JobTracker(Settings(database_url=url, plugins=()))
tracker.database
go()
checked = 0
for _ in range(50):
    try:
        tracker.accounts.login("ann", "not this one at all", address="{HERE}")
    except WrongLogin:
        checked += 1
    except TooManyLogins:
        pass
print(checked)
"""
    assert sum(map(int, processes(script, db_url, 2))) == 5


def test_the_throttle_counts_a_network_of_ipv6_as_one_and_a_success_ends_it(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    for number in range(4):
        with pytest.raises(WrongLogin):
            tracker.accounts.login("Ann", OTHER, address=f"2001:db8::{number}")
    tracker.accounts.login("Ann", GOOD, address="2001:db8::9")
    for number in range(5):
        with pytest.raises(WrongLogin):
            tracker.accounts.login("Ann", OTHER, address=f"2001:db8::{number}")
    with pytest.raises(TooManyLogins):
        tracker.accounts.login("Ann", GOOD, address="2001:db8::ffff")
    tracker.accounts.login("Ann", GOOD, address="2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_hash_of_old_parameters_is_made_anew_at_login(tracker: JobTracker) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1024).hash(GOOD)
    users.create(tracker.database, "Ann", old)
    tracker.accounts.login("Ann", GOOD, address=HERE)
    known = users.find(tracker.database, "Ann")
    assert known is not None
    assert known.password_hash != old
    assert not passwords.is_outdated(known.password_hash)
    assert "argon2" not in repr(known)
    tracker.accounts.login("Ann", GOOD, address=HERE)


def test_another_password_ends_all_sessions(tracker: JobTracker, audited) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    tracker.accounts.add("Bob", GOOD + " too")
    two = [tracker.accounts.login("Ann", GOOD, address=HERE) for _ in range(2)]
    bob = tracker.accounts.login("Bob", GOOD + " too", address=HERE)
    tracker.accounts.set_password("ann", OTHER)
    assert [tracker.sessions.verify(one.text) for one in two] == [None, None]
    assert tracker.sessions.verify(bob.text) is not None
    with pytest.raises(WrongLogin):
        tracker.accounts.login("Ann", GOOD, address=HERE)
    tracker.accounts.login("Ann", OTHER, address=HERE)
    assert ("user.password", "user:1", {"name": "Ann", "sessions_ended": 2}) in audited()
    with pytest.raises(NotFound):
        tracker.accounts.set_password("Eve", GOOD)


def test_whoever_changes_the_own_password_stays_and_the_others_go(tracker: JobTracker) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    mine, other = (tracker.accounts.login("Ann", GOOD, address=HERE) for _ in range(2))
    with pytest.raises(WrongLogin):
        tracker.accounts.change_password(mine.session, OTHER, OTHER + "!", address=HERE)
    with pytest.raises(FormError, match="first that are tried"):
        tracker.accounts.change_password(mine.session, GOOD, "password12345", address=HERE)
    assert tracker.sessions.verify(other.text) is not None
    tracker.accounts.change_password(mine.session, GOOD, OTHER, address=HERE)
    assert tracker.sessions.verify(mine.text) is not None
    assert tracker.sessions.verify(other.text) is None


def test_a_password_that_is_changed_during_a_login_gives_no_session(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    verify = passwords.verify

    def slow(stored: str | None, given: str) -> bool:
        right = verify(stored, given)
        monkeypatch.undo()
        tracker.accounts.set_password("Ann", OTHER)
        return right

    monkeypatch.setattr(passwords, "verify", slow)
    with pytest.raises(WrongLogin):
        tracker.accounts.login("Ann", GOOD, address=HERE)
    assert tracker.sessions.list() == ()


def test_the_last_user_stays(tracker: JobTracker) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    with pytest.raises(StorageError, match="the only user"):
        tracker.accounts.remove("ann")
    tracker.accounts.add("Bob", GOOD)
    begun = tracker.accounts.login("Ann", GOOD, address=HERE)
    assert tracker.accounts.remove("ANN").name == "Ann"
    assert tracker.sessions.verify(begun.text) is None
    assert [user.name for user in tracker.accounts.list()] == ["Bob"]
    with pytest.raises(AlreadySetUp):
        tracker.accounts.create_first("Eve", GOOD)
    with pytest.raises(NotFound):
        tracker.accounts.remove("Ann")


def test_too_many_at_once_is_said_to_pass(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.accounts.create_first("Ann", GOOD)
    monkeypatch.setattr(passwords, "_PATIENCE_S", 0.01)
    with passwords._turn(), passwords._turn(), pytest.raises(Busy, match="at once"):
        tracker.accounts.login("Ann", GOOD, address=HERE)


def test_a_name_that_does_not_end_costs_a_stranger_more_than_us(tracker: JobTracker) -> None:
    since = clock.thread_time()
    with pytest.raises(WrongLogin):
        tracker.accounts.login("a" + "\u0315\u0300" * 60_000, OTHER, address=HERE)
    assert clock.thread_time() - since < 1.0


@pytest.mark.full
def test_an_unknown_name_takes_as_long_as_a_known_one(
    tracker: JobTracker, time: FrozenTime
) -> None:
    """By the processor time of this thread, which other programs do not lengthen."""
    tracker.accounts.create_first("Ann", GOOD)
    took: dict[str, list[float]] = {"Ann": [], "Nobody": []}
    for _ in range(12):
        for name, times in took.items():
            since = clock.thread_time()
            with pytest.raises(WrongLogin):
                tracker.accounts.login(name, OTHER, address=HERE)
            times.append(clock.thread_time() - since)
            time.advance(hours=1)
    known, unknown = (statistics.median(times) for times in took.values())
    # Without a password to compare with it would be a hundredth.
    assert 0.5 < known / unknown < 2, (known, unknown)
