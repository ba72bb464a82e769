"""What is hidden, and what is not."""

from __future__ import annotations

import time

import pytest

from jobtracker_core.settings.hidden import hide_password, hide_secrets, is_secret, showable

CANARY = "c4n4ry"


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "db_passwd", "passphrase", "token", "access_token", "apiKey"),
        *("api-key", "key", "secret", "clientSecret", "dsn", "Authorization", "auth", "cookie"),
        *("Set-Cookie", "csrf", "signature", "credentials", "pwd"),
    ],
)
def test_secret_names(name) -> None:
    assert is_secret(name)
    assert showable(f"collectors.board.{name}", CANARY) == "***"
    assert showable(name, None) is None


@pytest.mark.parametrize(
    "name", ["base_url", "per_minute", "author", "page", "path", "collector", "keyword", "compass"]
)
def test_other_names(name) -> None:
    assert not is_secret(name)
    assert showable(name, "x") == "x"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://u:{CANARY}@h:5/db", "postgresql://u:***@h:5/db"),
        (f"postgres://u:{CANARY}/x@y@h/db", "postgres://u:***@h/db"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        (f"postgresql://h/db?user=u&password={CANARY}", "postgresql://h/db?user=u&password=***"),
        (
            f"postgresql://h/db?sslpassword={CANARY}&sslmode=require",
            "postgresql://h/db?sslpassword=***&sslmode=require",
        ),
        ("sqlite:////data/jobtracker.db", "sqlite:////data/jobtracker.db"),
    ],
)
def test_a_database_url(url, shown) -> None:
    assert hide_password(url) == showable("database_url", url) == shown


@pytest.mark.parametrize(
    "text",
    [
        f"cannot reach postgresql://user:{CANARY}@host/db",
        f"cannot reach postgresql://user:{CANARY}/#?x@host/db",
        f"via http://{CANARY}@proxy:3128",
        f"host=h password={CANARY} user=u",
        f"host=h password='{CANARY} {CANARY}' user=u",
        f"GET /?api_key={CANARY}&page=2",
        f"access_token={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"Authorization: Basic {CANARY}==",
        f"Bearer {CANARY}.{CANARY}",
        f"refused jt_ab12cd34_{CANARY}-{CANARY}_{CANARY}",
        f"{{'Cookie': 'a=b; session={CANARY}'}}",
        f"Set-Cookie: sid={CANARY}; Path=/; x={CANARY}",
        f'{{"token": "{CANARY}", "page": 2}}',
        f"dsn=postgresql://u:{CANARY}@h/db",
    ],
)
def test_secrets_in_texts(text) -> None:
    hidden = hide_secrets(text)
    assert CANARY not in hidden
    assert "***" in hidden
    assert hide_secrets(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "https://board.example/jobs?page=2",
        "http://127.0.0.1:8080/@user",
        "https://medium.example/@user",
        "a tokenizer's secrets of success",
        "basic research",
    ],
)
def test_texts_without_secrets_stay(text) -> None:
    assert hide_secrets(text) == text


@pytest.mark.parametrize("part", ["://a:a", "token", "password=", "a" * 7, "cookie: ", "://", "@"])
def test_long_hostile_texts_cost_little(part) -> None:
    before = time.process_time()
    hide_secrets(part * (200_000 // len(part)))
    assert time.process_time() - before < 5
