"""`jobtracker init`, `users` and `tokens`."""

from __future__ import annotations

import io
import json

import pytest

PASSWORD = "canary lamp under snow"


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch):
    """Give a command its standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def set_up(jobtracker, say):
    """An installation with one user."""
    say(PASSWORD + "\n")
    said = jobtracker("init", "--name", "Ann", "--password-stdin")
    assert (said.code, said.out) == (0, "User Ann may log in now: jobtracker serve\n"), said.err
    return jobtracker


def test_the_set_up_happens_once(set_up, say) -> None:
    say(PASSWORD)
    again = set_up("init", "--name", "Eve", "--password-stdin")
    assert again.code == 1
    assert "has been set up" in again.err
    assert "jobtracker users add NAME" in again.err


def test_users_come_and_go(set_up, say) -> None:
    say(PASSWORD)
    assert set_up("users", "add", "Bob", "--password-stdin").out == "User Bob may log in now.\n"
    listed = json.loads(set_up("users", "--json").out)
    assert [user["name"] for user in listed] == ["Ann", "Bob"]
    assert sorted(listed[0]) == sorted(
        ("id", "name", "created_at", "password_changed_at", "last_login_at")
    )
    say(PASSWORD + " 2")
    changed = set_up("users", "password", "bob", "--password-stdin")
    assert "User Bob has a new password" in changed.out
    assert set_up("users", "remove", "Bob").out == "User Bob is gone.\n"
    last = set_up("users", "remove", "Ann")
    assert last.code == 1
    assert "Ann is the only user" in last.err
    unknown = set_up("users", "remove", "Bob")
    assert (unknown.code, "no user 'Bob'" in unknown.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (("init", "--name", "Ann"), "", "no terminal to ask at; use --password-stdin"),
        (("init", "--password-stdin"), PASSWORD, "no terminal to ask at; give --name"),
        (
            ("init", "--name", "Ann", "--password-stdin"),
            "changeme1234",
            "--password: this password",
        ),
        (("init", "--name", "Ann", "--password-stdin"), "admin", "--password: a password has at l"),
        (("init", "--name", " ", "--password-stdin"), PASSWORD, "--name: '' is no name"),
        (("users", "add", "Ann"), "", "no terminal to ask at"),
        (("tokens", "create", "a", "--scopes", "all"), "", "--scopes: there is no all; there are"),
        (("tokens", "create", "a"), "", "Missing option '--scopes'"),
        (("tokens", "revoke", "7"), "", "there is no token 7"),
    ],
)
def test_wrong_use_says_what_is_right(jobtracker, say, arguments, given, words) -> None:
    say(given)
    said = jobtracker(*arguments)
    assert said.code == 2
    assert words in said.err
    assert "canary" not in said.err


def test_a_token_is_shown_once(jobtracker) -> None:
    made = jobtracker("tokens", "create", "my script", "--scopes", "jobs:read, ingest")
    text = made.out.strip()
    assert text.startswith("jt_")
    assert "shown this once" in made.err
    as_json = json.loads(
        jobtracker(
            *("tokens", "create", "b", "--scopes", "ingest", "--scopes", "jobs:read"),
            *("--no-expiry", "--collector", "linkedin", "--json"),
        ).out
    )
    assert as_json["token"]["expires_at"] is None
    assert as_json["token"]["scopes"] == ["jobs:read", "ingest"]
    listed = jobtracker("tokens")
    assert text[:12] in listed.out
    assert text[12:] not in listed.out
    assert "never" in listed.out
    assert jobtracker("tokens", "revoke", "1").out == "Token 1, my script, is revoked.\n"
    left = json.loads(jobtracker("tokens", "list", "--json").out)
    assert [token["name"] for token in left] == ["b"]
    with_revoked = json.loads(jobtracker("tokens", "list", "--revoked", "--json").out)
    assert [token["id"] for token in with_revoked] == [2, 1]


def test_the_help_tells_each_scope(jobtracker) -> None:
    said = jobtracker("tokens", "create", "--help").out
    assert "runs:trigger  start, cancel and retry runs" in said
    assert "jobs:write includes jobs:read, and admin includes all." in said


def test_a_key_and_a_rotation(jobtracker, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [jobtracker("secrets", "new-key").out.strip() for _ in range(2)]
    assert made[0] != made[1]
    monkeypatch.setenv("JOBTRACKER_SECRET_KEY", made[0])
    jobtracker("proxies", "add", "http://canary:canary@gate.example:80")
    monkeypatch.setenv("JOBTRACKER_SECRET_KEY", ",".join(reversed(made)))
    done = jobtracker("secrets", "rotate")
    assert done.out.splitlines()[0] == "1 of 1 secrets were encrypted anew."
    monkeypatch.setenv("JOBTRACKER_SECRET_KEY", made[0])
    refused = jobtracker("proxies", "add", "http://b.example:80")
    assert refused.code == 1
    assert "JOBTRACKER_SECRET_KEY" in refused.err
    assert made[0] not in refused.err
    monkeypatch.setenv("JOBTRACKER_SECRET_KEY", made[1])
    assert json.loads(jobtracker("secrets", "rotate", "--json").out) == {"secrets": 1, "renewed": 0}


@pytest.mark.parametrize("key", ["admin", "changeme", "your-secret-key-here", "x" * 44])
def test_nothing_starts_with_a_default_key(
    jobtracker, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("JOBTRACKER_SECRET_KEY", key)
    for command in (("serve",), ("worker",), ("jobs",), ("db", "upgrade")):
        said = jobtracker(*command)
        assert said.code == 2
        assert "secret_key: *** is not allowed" in said.err
        assert key not in said.err
