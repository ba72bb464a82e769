"""Messages that the next page tells, and cookies that were not made by us."""

from __future__ import annotations

import base64

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


def test_what_is_too_long_for_a_cookie_keeps_its_words() -> None:
    found = passed_on(Said(text="Moved", undo=Undo(path="/x", fields={"ids": "1," * 3_000})))
    assert found == Said(text="Moved")


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
        base64.urlsafe_b64encode(b'{"text": 5}').decode(),
        base64.urlsafe_b64encode(
            b'{"text": "x", "undo": {"path": "https://evil.example/"}}'
        ).decode(),
        base64.urlsafe_b64encode(b'{"text": "x", "undo": {"path": "//evil.example/"}}').decode(),
        *(
            base64.urlsafe_b64encode(b'{"text": "x", "undo": {"path": "%s"}}' % path).decode()
            for path in (rb"/\t/evil.example/", rb"/\n/evil.example/", b"/../..//evil.example/")
        ),
        base64.urlsafe_b64encode(b'{"text": "x", "z": ' + b"[" * 50_000).decode(),
        base64.urlsafe_b64encode(b"\xff").decode(),
    ],
)
def test_a_cookie_that_is_not_ours_says_nothing(value: str) -> None:
    assert kept(FACTORY.get("/", headers={"Cookie": f"{SAID_COOKIE}={value}"})) is None
