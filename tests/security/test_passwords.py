"""Which passwords are accepted, and what a hash tells."""

from __future__ import annotations

import threading
import time
import unicodedata

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jobtracker_core.security import common, passwords
from jobtracker_core.security.passwords import WeakPassword, check_password

GOOD = "purple lamp under snow"


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "Sommer-Regen-Tasse-7",
        "ﬀ ümläut 漢字漢 wörter",
        "x" + "ab cd ef gh " * 40,
        "😀🎉🌲🌧️🍎🚲🎈🧭🪁🎻🥁🎺",
    ],
)
def test_accepted(password: str) -> None:
    assert check_password(password) == unicodedata.normalize("NFC", password)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 12 characters"),
        ("eleven char", "at least 12 characters"),
        ("é" * 3 + "abcdefgh" * 128, "at most 1,024 bytes"),
        ("Password1234", "among the first"),
        ("P@ssw0rd2024!", "among the first"),
        ("qwertyuiop123", "among the first"),
        ("1q2w3e4r5t6y7u", "among the first"),
        ("ChangeMe-12345", "among the first"),
        ("correct horse battery staple", "among the first"),
        ("aaaaaaaaaaaaaaa", "among the first"),
        ("abcabcabcabcabc", "among the first"),
        ("jobtracker2026", "among the first"),
        ("maximiliane-mm", "the user's name"),
        ("\ud800 is no text at all", "no text"),
    ],
)
def test_refused(password: str, why: str) -> None:
    with pytest.raises(WeakPassword, match=why) as refused:
        check_password(password, name="Maximiliane-MM")
    assert not password or password not in str(refused.value)


def test_the_list_of_common_ones_is_long_and_all_of_it_could_be_typed() -> None:
    entries = common.common()
    assert len(entries) > 5000
    assert all(len(entry) >= passwords.SHORTEST for entry in entries)


def test_a_hash_is_argon2id_and_fits_its_password_alone() -> None:
    stored = passwords.hash_password(GOOD)
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, GOOD)
    assert not passwords.verify(stored, GOOD + " ")
    assert not passwords.verify(None, "no user has this password")
    assert not passwords.verify("no hash at all", GOOD)
    assert not passwords.verify(stored, GOOD + "x" * 2000)
    assert not passwords.verify(passwords.hash_password(""), "x" * 2000)
    assert not passwords.is_outdated(stored)


def test_a_hash_of_other_parameters_is_outdated() -> None:
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=1024).hash(GOOD))


@hypothesis_settings(max_examples=6)
@given(st.text(min_size=12, max_size=40))
def test_every_text_comes_back_however_it_is_composed(text: str) -> None:
    stored = passwords.hash_password(text)
    assert passwords.verify(
        stored, unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))
    )


def test_no_more_than_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, lock, both = 0, 0, threading.Lock(), threading.Barrier(2, timeout=60)

    def slow(_password: str) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        both.wait()
        with lock:
            inside -= 1
        both.wait()
        return "hash"

    class Slow:
        hash = staticmethod(slow)

    monkeypatch.setattr(passwords, "_hasher", Slow)
    threads = [threading.Thread(target=passwords.hash_password, args=(GOOD,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert most == passwords.AT_ONCE == 2


def test_whoever_would_wait_for_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE_S", 0.01)
    with passwords._turn(), passwords._turn(), pytest.raises(passwords.HashingBusy):
        passwords.hash_password(GOOD)


def test_one_that_does_not_end_is_not_even_composed() -> None:
    endless = "a" + "\u0315\u0300" * 20_000
    since = time.thread_time()
    with pytest.raises(WeakPassword, match="at most"):
        check_password(endless)
    assert not passwords.verify(None, endless)
    assert time.thread_time() - since < 1.0
