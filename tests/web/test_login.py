"""Coming in and leaving, as a browser does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from httpx import Response
from litestar.testing import TestClient
from selectolax.lexbor import LexborHTMLParser, LexborNode

from jobtracker_core.server.application import Application
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.accounts import Accounts, TooManyLogins
from standing import app_of

GOOD = "correct battery of seven words"


@pytest.fixture
def visitor(tracker: JobTracker) -> Iterator[TestClient[Application]]:
    with TestClient(app_of(tracker), base_url="http://127.0.0.1") as client:
        client.headers["Accept"] = "text/html"
        client.follow_redirects = False
        yield client


@pytest.fixture
def ann(tracker: JobTracker) -> str:
    return tracker.accounts.create_first("Ann", GOOD).name


def log_in(visitor: TestClient[Application], password: str = GOOD, **more: str) -> Response:
    return visitor.post("/login", data={"name": "Ann", "password": password, **more})


def one(text: str, selector: str) -> LexborNode:
    found = LexborHTMLParser(text).css_first(selector)
    assert found is not None, text
    return found


def h1(text: str) -> str:
    return one(text, "h1").text()


def test_the_first_account_is_made_by_the_link_and_only_once(visitor, tracker) -> None:
    assert visitor.get("/").headers["location"] == "/login?next=%2F"
    assert h1(visitor.get("/login").text) == "There is no account yet"
    code = tracker.accounts.setup_code()
    assert h1(visitor.get(f"/setup?code={code}").text) == "Make your account"
    short = visitor.post("/setup", data={"code": code, "name": "Ann", "password": "short"})
    assert short.status_code == 422
    assert "at least 12 characters" in one(short.text, "#password-hint").text()
    assert one(short.text, "#name").attributes["value"] == "Ann"
    made = visitor.post("/setup", data={"code": code, "name": "Ann", "password": GOOD})
    assert (made.status_code, made.headers["location"]) == (303, "/welcome")
    assert h1(visitor.get("/welcome").text) == "Welcome to JobTracker"
    [session] = tracker.sessions.list()
    assert session.user == "Ann"
    visitor.cookies.clear()
    assert h1(visitor.get(f"/setup?code={code}").text) == "Log in"
    again = visitor.post("/setup", data={"code": code, "name": "Eve", "password": GOOD})
    assert again.status_code in {403, 409}
    assert [user.name for user in tracker.accounts.list()] == ["Ann"]


def test_whoever_sets_up_where_passwords_are_guessed_logs_in_later(
    visitor, tracker, monkeypatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TooManyLogins(timedelta(seconds=30))

    monkeypatch.setattr(Accounts, "login", refuse)
    code = tracker.accounts.setup_code()
    made = visitor.post("/setup", data={"code": code, "name": "Ann", "password": GOOD})
    assert made.headers["location"] == "/login?made=1&next=/welcome"
    page = visitor.get(made.headers["location"]).text
    assert "account is made" in page
    assert one(page, "[name=next]").attributes["value"] == "/welcome"


@pytest.mark.parametrize("code", ["", "x", "A" * 22])
def test_a_wrong_code_makes_nothing(visitor, tracker, code) -> None:
    assert visitor.get(f"/setup?code={code}").status_code == 403
    answer = visitor.post("/setup", data={"code": code, "name": "Eve", "password": GOOD})
    assert answer.status_code == 403
    assert "jobtracker init" in answer.text
    assert not tracker.accounts.any()


def test_logging_in_leads_to_where_the_reader_was_going(visitor, ann) -> None:
    asked = visitor.get("/jobs?q=nurse")
    page = visitor.get(asked.headers["location"]).text
    answer = log_in(visitor, next=str(one(page, "[name=next]").attributes["value"]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs?q=nurse")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("jt=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert visitor.get("/jobs").status_code == 200


def test_over_tls_the_cookie_is_bound_to_the_host(tracker, ann) -> None:
    with TestClient(app_of(tracker), base_url="https://127.0.0.1") as client:
        answer = client.post(
            "/login", data={"name": "Ann", "password": GOOD}, follow_redirects=False
        )
        assert answer.headers["set-cookie"].startswith("__Host-jt=")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert client.get("/jobs").status_code == 200


@pytest.mark.parametrize("following", ["//evil.example", "https://evil.example", "/\\evil", "x"])
def test_nobody_is_led_elsewhere(visitor, ann, following) -> None:
    assert log_in(visitor, next=following).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_told_alike(visitor, ann) -> None:
    answers = [
        log_in(visitor, "another battery of words"),
        visitor.post("/login", data={"name": "Eve", "password": GOOD}),
    ]
    said = set()
    for answer in answers:
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        said.add(one(answer.text, "[role=alert]").text())
    assert len(said) == 1


def test_guessing_is_slowed_down(visitor, ann) -> None:
    answers = [log_in(visitor, f"guess number {number} of many") for number in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 60
    assert log_in(visitor).status_code == 429


def test_a_session_that_somebody_else_chose_is_not_taken_over(visitor, ann) -> None:
    visitor.cookies.set("jt", "a" * 16 + "_" + "b" * 43)
    first = log_in(visitor).headers["set-cookie"].partition(";")[0]
    assert "a" * 16 not in first
    second = log_in(visitor).headers["set-cookie"].partition(";")[0]
    assert second != first


def test_after_logging_out_the_old_cookie_opens_nothing(visitor, tracker, ann) -> None:
    log_in(visitor)
    old = visitor.cookies["jt"]
    page = visitor.get("/jobs").text
    proof = one(page, "form[action='/logout'] [name=csrf]").attributes["value"]
    answer = visitor.post("/logout", data={"csrf": proof})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    visitor.cookies.clear()
    visitor.cookies.set("jt", old)
    assert visitor.get("/jobs").status_code == 303
    assert tracker.sessions.list() == ()


def test_a_part_of_a_page_leads_the_whole_page_to_the_login(visitor, ann) -> None:
    answer = visitor.get("/jobs", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith("/login?next=")


def test_a_step_without_a_session_leads_back_to_the_page_it_was_made_on(visitor, ann) -> None:
    here = "http://127.0.0.1/jobs?q=nurse"
    for name, value, following in (
        ("HX-Current-URL", here, "/jobs?q=nurse"),
        ("Referer", here, "/jobs?q=nurse"),
        ("Referer", "http://elsewhere.example/jobs", "/"),
        ("Referer", "http://[", "/"),
        ("Accept", "*/*", "/"),
    ):
        answer = visitor.post("/jobs/1/dismiss", headers={name: value})
        page = visitor.get(answer.headers["location"]).text
        assert "your last step was not made" in one(page, "[role=status]").text(), value
        assert one(page, "[name=next]").attributes["value"] == following, value
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": here}
    answer = visitor.get("/jobs/facets?q=nurse", headers=part)
    assert answer.headers["hx-redirect"] == "/login?next=%2Fjobs%3Fq%3Dnurse"
    long = visitor.get(f"/jobs?q={'x' * 3_000}").headers["location"]
    assert visitor.get(long).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/setup"])
def test_strangers_send_no_more_than_a_form(visitor, path) -> None:
    assert visitor.post(path, data={"name": "x" * 20_000}).status_code == 413
