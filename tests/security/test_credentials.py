"""Tokens, cookies and codes as texts."""

from __future__ import annotations

import hashlib
import re

import pytest

from jobtracker_core.contract.access import Scope
from jobtracker_core.security import credentials


def test_a_token_is_read_as_it_was_made() -> None:
    made = credentials.make_token()
    assert re.fullmatch(r"jt_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", made.text)
    read = credentials.read_token(made.text)
    assert read == made
    assert read is not None
    assert read.matches(made.digest)
    assert made.digest == hashlib.sha256(made.text[12:].encode()).digest()
    assert made.text not in repr(made)
    assert made.text[12:] not in repr(made)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-1],
        lambda t: t + "a",
        lambda t: t.upper(),
        lambda t: t + "\n",
        lambda t: " " + t,
        lambda t: t.replace("jt_", "jx_"),
        lambda t: t[:20] + "ü" + t[21:],
        lambda _: "",
    ],
)
def test_what_is_no_token_is_none(spoil) -> None:
    assert credentials.read_token(spoil(credentials.make_token().text)) is None


def test_another_secret_does_not_match() -> None:
    one, other = credentials.make_token(), credentials.make_token()
    assert not one.matches(other.digest)
    assert one.key != other.key


def test_a_cookie_and_a_code_are_read_as_they_were_made() -> None:
    session, code = credentials.make_session(), credentials.make_code()
    assert credentials.read_session(session.text) == session
    assert credentials.read_code(f" {code.text}\n") == code
    assert credentials.read_session(code.text) is None
    assert credentials.read_code(session.text) is None
    assert len(code.text) * 6 >= 128


def test_a_csrf_token_belongs_to_one_session() -> None:
    one, other = credentials.make_session().text, credentials.make_session().text
    token = credentials.csrf_token(one)
    assert credentials.is_csrf_token(one, token)
    assert not credentials.is_csrf_token(other, token)
    assert not credentials.is_csrf_token(one, "ü\ud800")
    assert one.rpartition("_")[2] not in token


@pytest.mark.parametrize(
    ("scope", "included"),
    [
        (Scope.JOBS_READ, {Scope.JOBS_READ}),
        (Scope.JOBS_WRITE, {Scope.JOBS_WRITE, Scope.JOBS_READ}),
        (Scope.RUNS_TRIGGER, {Scope.RUNS_TRIGGER}),
        (Scope.INGEST, {Scope.INGEST}),
        (Scope.ADMIN, set(Scope)),
    ],
)
def test_what_a_scope_includes(scope: Scope, included: set[Scope]) -> None:
    assert {each for each in Scope if each.is_in((scope,))} == included
    assert scope.meaning


def test_no_scope_includes_nothing() -> None:
    assert not any(each.is_in(()) for each in Scope)
