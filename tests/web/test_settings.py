"""Settings: how a device shows pages, saved views, the password, sessions."""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from litestar.testing import TestClient
from selectolax.lexbor import LexborHTMLParser, LexborNode

from access import cookie_for
from jobtracker_core.security.credentials import csrf_token
from jobtracker_core.storage.views import ViewDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.accounts import WrongLogin
from jobtracker_core.web import devices
from jobtracker_core.web.session import HEADER

pytestmark = pytest.mark.parametrize("prefix", ["/at/work"])
PASSWORD, OTHER = "purple lamp under snow", "seven grey boats at noon"


class Browser(Protocol):
    client: TestClient[Any]
    prefix: str

    def get(self, path: str, *, status: int = 200, **headers: str) -> LexborHTMLParser: ...


def texts(page: LexborHTMLParser | LexborNode, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in page.css(selector)]


def post(browser: Browser, path: str, **fields: object) -> Any:
    return browser.client.post(browser.prefix + path, data=fields, follow_redirects=False)


def toast(browser: Browser) -> LexborNode:
    return browser.get("/settings").css("#toasts .toast")[0]


def undo(browser: Browser) -> Any:
    (form,) = toast(browser).css("form")
    fields = {str(one.attributes["name"]): one.attributes["value"] for one in form.css("input")}
    return browser.client.post(form.attributes["action"] or "", data=fields, follow_redirects=False)


def test_display_is_kept_by_the_device(browser: Browser) -> None:
    chosen = {"theme": "light", "density": "compact", "zone": "Asia/Tokyo"}
    answer = post(browser, "/settings/display", **chosen)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{browser.prefix}/settings")
    page = browser.get("/settings")
    (html,), (body,) = page.css("html"), page.css("body")
    assert (html.attributes["data-theme"], html.attributes["data-density"]) == ("light", "compact")
    assert (body.attributes["data-zone"], body.attributes["data-keys"]) == ("Asia/Tokyo", "off")
    assert texts(page, "#zone option[selected]") == ["Asia/Tokyo"]
    post(browser, "/settings/display", theme="dark", density="comfortable", zone="", keys="on")
    page = browser.get("/settings")
    assert "data-zone-chosen" not in page.css("body")[0].attributes
    assert page.css("body")[0].attributes["data-keys"] == "on"
    for wrong in ({"theme": "pink"}, {"density": "x"}, {"zone": "Mars/Base"}):
        assert post(browser, "/settings/display", **chosen | wrong).status_code == 400
    browser.get("/settings?x=1", status=400)


def test_saved_views_are_renamed_and_deleted_and_brought_back(
    browser: Browser, tracker: JobTracker
) -> None:
    view = tracker.views.create(ViewDraft(name="Nurse <b>", kind="jobs", query={"text": "nurse"}))
    tracker.views.create(ViewDraft(name="Taken", kind="jobs", query={}))
    post(browser, f"/settings/views/{view.id}", name="Care", version=1)
    assert tracker.views.get(view.id).name == "Care"
    undo(browser)
    assert tracker.views.get(view.id).name == "Nurse <b>"
    for name, said in (("Taken", "named 'Taken' already"), ("", "")):
        refused = post(browser, f"/settings/views/{view.id}", name=name, version=3)
        assert refused.status_code == 422
        (field,) = LexborHTMLParser(refused.text).css(f"#view-{view.id}")
        assert field.attributes["aria-invalid"] == "true"
        assert field.attributes["value"] == name
        assert said in refused.text.replace("&#39;", "'")
    assert post(browser, f"/settings/views/{view.id}", name="x", version=1).status_code == 412
    assert post(browser, f"/settings/views/{view.id}/delete", version=1).status_code == 412
    post(browser, f"/settings/views/{view.id}/delete", version=3)
    assert [one.name for one in tracker.views.list()] == ["Taken"]
    undo(browser)
    (back,) = (one for one in tracker.views.list() if one.name == "Nurse <b>")
    assert (back.kind, back.query) == ("jobs", {"text": "nurse"})
    wrong = {"name": "x", "kind": "jobs", "query": "[]"}
    assert post(browser, "/settings/views", **wrong).status_code == 400


def test_the_password_is_changed_and_other_sessions_end_or_stay(
    browser: Browser, tracker: JobTracker
) -> None:
    tracker.accounts.add("Ann", PASSWORD)
    mine, other = (cookie_for(tracker, "Ann") for _ in range(2))
    browser.client.cookies.set("jt", mine)
    browser.client.headers[HEADER] = csrf_token(mine)

    def change(**fields: str) -> Any:
        new = {"current": PASSWORD, "password": OTHER, "again": OTHER}
        return post(browser, "/settings/password", **new | fields)

    for fields, wrong, said in (
        ({"again": "else"}, "again", "not the same"),
        ({"current": "no"}, "current", "not your password"),
        ({"password": "short", "again": "short"}, "password", "12"),
    ):
        answer = change(**fields)
        assert answer.status_code == 422
        page = LexborHTMLParser(answer.text)
        (field,) = page.css("[aria-invalid=true]")
        assert field.attributes["name"] == wrong
        assert not field.attributes["value"], "no password is sent back"
        assert said in page.css(f"#{field.attributes['aria-describedby']}")[0].text()
    assert change().status_code == 303
    assert tracker.sessions.verify(other) is not None
    assert (
        change(current=OTHER, password=PASSWORD, again=PASSWORD, end_others="on").status_code == 303
    )
    assert tracker.sessions.verify(other) is None
    assert tracker.sessions.verify(mine) is not None
    with pytest.raises(WrongLogin):
        tracker.accounts.login("Ann", OTHER, address="192.0.2.1")


def test_sessions_are_ended_one_by_one_or_all_others(browser: Browser, tracker: JobTracker) -> None:
    others = [cookie_for(tracker) for _ in range(3)]
    page = browser.get("/settings")
    assert texts(page, "#sessions .status") == ["This one"]
    (first, *_) = page.css("#sessions li form")
    browser.client.post(first.attributes["action"] or "", follow_redirects=False)
    assert sum(tracker.sessions.verify(one) is not None for one in others) == 2
    assert "Ended: test of ada" in toast(browser).text()
    post(browser, "/settings/sessions/end-others")
    assert [tracker.sessions.verify(one) for one in others] == [None] * 3
    assert "Ended: 2 of your other sessions" in toast(browser).text()
    assert post(browser, "/settings/sessions/999/end").status_code == 404


def test_plain_http_is_told_once(browser: Browser) -> None:
    browser.client.cookies.delete("jt-plain")
    page = browser.get("/settings")
    (banner,) = page.css("main .banner-warning")
    assert "plain HTTP" in banner.text()
    back = f"{browser.prefix}/jobs?q=x"
    answer = post(browser, "/settings/plain", back=back)
    assert answer.headers["location"] == back
    assert browser.get("/settings").css("main .banner-warning") == []
    assert post(browser, "/settings/plain", back="//evil.example").headers["location"] == (
        f"{browser.prefix}/"
    )


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            "Firefox on Linux",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
                " Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/128.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome on Android",
        ),
        ("lynx/2.9", "lynx/2.9"),
        ("", "An unknown browser"),
    ],
)
def test_devices_in_words(prefix: str, agent: str, said: str) -> None:
    assert prefix
    assert devices.describe(agent) == said
