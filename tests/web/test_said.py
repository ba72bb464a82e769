"""Messages that the next page tells, and cookies that were not made by us."""

from __future__ import annotations

import base64
import random
import string
import zlib

import pytest
from litestar import Litestar
from litestar.testing import RequestFactory

from jobtracker_core.web.said import SAID_COOKIE, Said, Undo, forget, keep, kept

# Its usual app would set up the logging of the whole process.
FACTORY = RequestFactory(app=Litestar(logging_config=None))


def passed_on(said: Said, base: str = "") -> Said | None:
    request = FACTORY.post("/")
    cookie = keep(request, base, said)
    return kept(FACTORY.get("/", headers={"Cookie": f"{cookie.key}={cookie.value}"}))


def test_a_message_reaches_the_next_page() -> None:
    said = Said(text="Łódź – “saved”", undo=Undo(path="/jobs/5/undo", fields={"version": 3}))
    assert passed_on(said) == said


def test_how_long_it_stays() -> None:
    undo = Undo(path="/x")
    shown = [Said(text="x"), Said(text="x", undo=undo), Said(text="x", tone="wrong")]
    assert [said.shown_ms for said in shown] == [4_000, 8_000, 12_000]


def words(count: int) -> str:
    chosen = random.Random(7)
    return " ".join("".join(chosen.choices(string.ascii_lowercase, k=4)) for _ in range(count))


def test_what_is_too_long_for_a_cookie_keeps_its_words() -> None:
    long = Said(text="Moved", undo=Undo(path="/x", fields={"text": words(750)}))
    assert passed_on(long) == long
    too_long = Said(text="Moved", undo=Undo(path="/x", fields={"text": words(2_000)}))
    assert passed_on(too_long) == Said(text="Moved")


def packed(text: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text)).decode()


def test_the_cookie_is_for_this_portal_alone_and_goes_when_it_was_shown() -> None:
    request = FACTORY.post("/")
    cookie = keep(request, "/at/work", Said(text="x"))
    assert (cookie.path, cookie.httponly, cookie.samesite) == ("/at/work", True, "strict")
    assert forget(request, "").max_age == 0


@pytest.mark.parametrize(
    "value",
    [
        "",
        "%%%",
        "e30=",
        packed(b'{"text": 5}'),
        packed(b'{"text": "x", "undo": {"path": "https://evil.example/"}}'),
        packed(b'{"text": "x", "undo": {"path": "//evil.example/"}}'),
        *(
            packed(b'{"text": "x", "undo": {"path": "%s"}}' % path)
            for path in (rb"/\t/evil.example/", rb"/\n/evil.example/", b"/../..//evil.example/")
        ),
        packed(b'{"text": "x", "z": ' + b"[" * 50_000),
        packed(b'{"text": "' + b"x" * 200_000 + b'"}'),
        packed(b'{"text": "x"}')[:-8],
        packed(b"\xff"),
        base64.urlsafe_b64encode(b"\xff").decode(),
    ],
)
def test_a_cookie_that_is_not_ours_says_nothing(value: str) -> None:
    assert kept(FACTORY.get("/", headers={"Cookie": f"{SAID_COOKIE}={value}"})) is None
