"""Sealed values: by the first key, for one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jobtracker_core.security.sealing import CannotOpen, Keyring, is_key, make_key
from keys import KEY, OTHER_KEY


@hypothesis_settings(max_examples=50)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back(text: str) -> None:
    keys = Keyring([KEY])
    sealed = keys.seal(text, "proxies:url:1")
    assert keys.open(sealed, "proxies:url:1") == text
    assert sealed.startswith("gAAAA")
    assert len(text) < 3 or text not in sealed


@pytest.mark.parametrize("place", ["proxies:url:2", "proxies:label:1", "hooks:url:1", "", "\n"])
def test_it_opens_at_its_own_place_alone(place: str) -> None:
    keys = Keyring([KEY])
    with pytest.raises(CannotOpen):
        keys.open(keys.seal("text", "proxies:url:1"), place)


def test_all_keys_open_and_the_first_one_seals() -> None:
    old, both, new = Keyring([KEY]), Keyring([OTHER_KEY, KEY]), Keyring([OTHER_KEY])
    sealed = old.seal("text", "a:b:1")
    assert both.open(sealed, "a:b:1") == "text"
    with pytest.raises(CannotOpen):
        new.open(sealed, "a:b:1")
    renewed = both.renew(sealed, "a:b:1")
    assert renewed is not None
    assert new.open(renewed, "a:b:1") == "text"
    assert both.renew(renewed, "a:b:1") is None
    with pytest.raises(CannotOpen):
        both.renew(sealed, "a:b:2")


@pytest.mark.parametrize("spoil", [lambda t: t[:-2] + "A=", lambda t: "", lambda t: "http://x:1"])
def test_what_was_altered_does_not_open(spoil) -> None:
    keys = Keyring([KEY])
    with pytest.raises(CannotOpen):
        keys.open(spoil(keys.seal("text", "a:b:1")), "a:b:1")


def test_keys() -> None:
    assert is_key(make_key())
    assert make_key() != make_key()
    for text in ("", "admin", "A" * 43 + "=", KEY[:-1], KEY + "=", "ü" * 44, KEY + "\n"):
        assert not is_key(text)
    for keys in ([], ["changeme"], [KEY, "changeme"]):
        with pytest.raises(ValueError, match="32 random bytes"):
            Keyring(keys)
    assert KEY not in repr(Keyring([KEY]))
