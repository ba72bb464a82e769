"""Tokens, plugins, the configuration and the audit log."""

from __future__ import annotations

import json
from typing import Any, Protocol

import pytest
from litestar.testing import TestClient
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode

from access import bearer
from jobtracker_core.contract.access import Scope
from jobtracker_core.plugins.check import Defect
from jobtracker_core.plugins.discovery import Plugin
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.views import ViewChanges, ViewDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web.admin import deeds

pytestmark = pytest.mark.parametrize("prefix", ["/at/work"])


class Browser(Protocol):
    client: TestClient[Any]
    prefix: str

    def get(self, path: str, *, status: int = 200, **headers: str) -> LexborHTMLParser: ...


def texts(page: LexborHTMLParser | LexborNode, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in page.css(selector)]


def post(browser: Browser, path: str, **fields: Any) -> Any:
    return browser.client.post(browser.prefix + path, data=fields, follow_redirects=False)


def test_a_token_is_shown_once_and_revoked(browser: Browser, tracker: JobTracker) -> None:
    answer = post(
        browser, "/admin/tokens", name="Laptop <b>", scopes=["jobs:read", "ingest"], expires="30"
    )
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    made = LexborHTMLParser(answer.text)
    copies = [node.attributes["data-copy"] or "" for node in made.css("main [data-copy]")]
    assert copies[1] == f"export JOBTRACKER_TOKEN={copies[0]}"
    assert copies[2].endswith(f'{browser.prefix}/api/v1/jobs?limit=5"')
    path = f"{browser.prefix}/api/v1/jobs"
    assert browser.client.get(path, headers=bearer(copies[0])).status_code == 200
    page = browser.get("/admin/tokens")
    assert copies[0] not in (page.html or "")
    assert texts(page, "tbody tr td:first-child .font-medium")[0] == "Laptop <b>"
    (dialog,) = (one for one in page.css("dialog[id^=revoke-]") if "Laptop" in one.text())
    assert dialog.css("[name=confirmed]")[0].attributes["data-must-equal"] == "Laptop <b>"
    number = (dialog.attributes["id"] or "").removeprefix("revoke-")
    assert post(browser, f"/admin/tokens/{number}/revoke", confirmed="Laptop").status_code == 422
    assert browser.client.get(path, headers=bearer(copies[0])).status_code == 200
    gone = post(browser, f"/admin/tokens/{number}/revoke", confirmed="Laptop <b>")
    assert gone.status_code == 303
    assert browser.client.get(path, headers=bearer(copies[0])).status_code == 401
    assert "Laptop <b>" not in texts(browser.get("/admin/tokens"), "tbody .font-medium")
    revoked = browser.get("/admin/tokens?revoked=true")
    assert texts(revoked, "tbody tr")[0].endswith("Revoked")
    browser.get("/admin/tokens?revokd=true", status=400)


def test_a_token_that_is_refused_keeps_what_was_typed(browser: Browser) -> None:
    answer = post(
        browser, "/admin/tokens", name=" ", scopes=["jobs:read"], collector="", expires="365"
    )
    assert answer.status_code == 422
    page = LexborHTMLParser(answer.text)
    assert page.css("#name")[0].attributes["aria-invalid"] == "true"
    assert [one.attributes["value"] for one in page.css("[name=scopes][checked]")] == ["jobs:read"]
    assert page.css("#expires option[selected]")[0].attributes["value"] == "365"
    for wrong, said in (({"scopes": []}, "scopes"), ({"expires": "1"}, "expires")):
        fields: dict[str, Any] = {"name": "x", "scopes": ["ingest"], "expires": "30", **wrong}
        refused = LexborHTMLParser(post(browser, "/admin/tokens", **fields).text)
        assert refused.css(f".banner-error a[href='#{said}']")
    assert len(browser.get("/admin/tokens/new").css("[name=scopes]")) == len(Scope)


def test_plugins_are_told_with_what_to_do(
    browser: Browser, tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = browser.get("/admin/plugins")
    assert "JOBTRACKER_PLUGINS" in page.css("main .banner-note")[0].text()
    assert set(texts(page, "main li .status")) == {"Left out"}
    kinds = {"broken": "Broken", "warning": "Works, with remarks", "ok": "Works"}
    some = tuple(
        Plugin(
            name=f"plugin-{status}",
            distribution="jobtracker-x",
            version="1",
            status=status,  # type: ignore[arg-type]
            problems=()
            if status == "ok"
            else (Defect(stage="import", message="no <x>", hint="y"),),
        )
        for status in reversed(kinds)
    )
    registry = replace(tracker.registry, plugins=some)
    monkeypatch.setattr(type(tracker), "registry", registry)
    page = browser.get("/admin/plugins")
    assert texts(page, "main li .status") == list(kinds.values())
    first = " ".join(page.css("main li")[0].text().split())
    assert "It could not be imported: no <x> What to do: y" in first


def test_the_configuration_is_carried_over_after_its_differences_were_seen(
    browser: Browser, tracker: JobTracker
) -> None:
    view = tracker.views.create(ViewDraft(name="Nurses", kind="jobs", query={"text": "nurse"}))
    exported = browser.client.get(f"{browser.prefix}/admin/config/export")
    assert "attachment" in exported.headers["content-disposition"]
    document = json.loads(exported.text)
    document["views"].append({"name": "New <b>", "kind": "jobs", "query": {}})
    document["collectors"] = [{"name": "none", "enabled": True}]
    tracker.views.update(view.id, ViewChanges(query={"text": "carer"}))
    text = json.dumps(document)

    file = {"file": ("c.json", text.encode())}
    answer = browser.client.post(f"{browser.prefix}/admin/config/check", files=file)
    page = LexborHTMLParser(answer.text)
    rows = texts(page, "main ul.card li")
    assert rows[0].startswith("Refused Collector none")
    assert rows[1] == "Is added View jobs/New <b>"
    assert rows[2].startswith("Changes View jobs/Nurses")
    assert texts(page, "main del") == ['{"text":"carer"}']
    assert texts(page, "main ins") == ['{"text":"nurse"}']
    assert len(tracker.views.list()) == 1, "nothing is changed yet"
    seen = page.css("[name=seen]")[0].attributes["value"]

    tracker.views.update(view.id, ViewChanges(query={"text": "doctor"}))
    again = post(browser, "/admin/config/apply", document=text, seen=seen)
    assert again.status_code == 412
    page = LexborHTMLParser(again.text)
    assert "changed since you saw" in page.css(".banner")[-1].text()
    assert texts(page, "main del") == ['{"text":"doctor"}']
    assert len(tracker.views.list()) == 1
    seen = page.css("[name=seen]")[0].attributes["value"]
    text = page.css("textarea[name=document]")[0].text().removeprefix("\n")
    done = post(browser, "/admin/config/apply", document=text, seen=seen)
    assert done.status_code == 303
    said = browser.get("/admin/config").css("#toasts")[0].text()
    assert "Imported: 1 added, 1 changed; 1 refused" in said
    assert tracker.views.get(view.id).query == {"text": "nurse"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Choose a file"),
        ("{", "This is no configuration"),
        ('{"searches": [{"name": 5}]}', "$.searches[0].name"),
        ('{"serches": []}', "serches"),
    ],
)
def test_a_wrong_document_names_the_field(browser: Browser, text: str, said: str) -> None:
    answer = post(browser, "/admin/config/check", document=text)
    assert answer.status_code == 422
    page = LexborHTMLParser(answer.text)
    assert said in page.css(".banner-error")[0].text()
    assert page.css("textarea")[0].text().strip() == text


def test_the_audit_log_in_words(browser: Browser, tracker: JobTracker) -> None:
    ann = tracker.acting(Actor(kind="user", name="Ann <b>", id=7, address="192.0.2.7"))
    view = ann.views.create(ViewDraft(name="One", kind="jobs", query={}))
    ann.views.delete(view.id)
    page = browser.get("/admin/audit?actor=user:7")
    assert texts(page, "main ul li p:first-child") == [
        f"Ann <b> deleted view {view.id}",
        f"Ann <b> made view {view.id}, One",
    ]
    assert page.css("main a[data-row]")[0].attributes["href"] == f"{browser.prefix}/settings#views"
    links = [one.attributes["href"] or "" for one in page.css("a[download]")]
    assert f"{browser.prefix}/export/audit.csv?actor=user%3A7" in links
    *_, made = tracker.audit.list(action="view.").items
    day = made.at.date()
    for query, count in (
        (f"since={day}", 2),
        (f"until={day}", 0),
        ("since=2100-01-01", 0),
        ("action=view.create", 1),
        (f"target=view:{view.id}", 2),
    ):
        found = browser.get(f"/admin/audit?actor=user:7&{query}")
        assert len(found.css("main ul.card > li")) == count, query
    for wrong in ("acter=x", "since=soon", "action=a&action=b"):
        browser.get(f"/admin/audit?{wrong}", status=400)
    browser.get("/admin/audit?after=x", status=404)


def test_the_audit_log_has_pages(browser: Browser, tracker: JobTracker) -> None:
    for number in range(51):
        tracker.views.create(ViewDraft(name=f"View {number}", kind="jobs", query={}))
    first = browser.get("/admin/audit?action=view.")
    (older,) = first.css("a[rel=next]")
    second = browser.get((older.attributes["href"] or "").removeprefix(browser.prefix))
    assert len(second.css("main ul.card > li")) == 1
    assert second.css("a[rel=prev]")[0].attributes["href"] == (
        f"{browser.prefix}/admin/audit?action=view."
    )


def test_deeds_in_words(prefix: str) -> None:
    assert prefix
    assert deeds.action("search.disable") == "turned off"
    assert deeds.action("thing.frobnicate_all") == "frobnicate all"
    assert deeds.target("", {}) == ""
    assert deeds.target("company:*", {}) == "companies"
    assert deeds.place("collector:../../x") is None
    assert deeds.place("run:5") == "/admin/runs/5"
    assert deeds.facts({"name": "x", "enabled": True, "rate": {"was": 1, "is": None}}) == (
        ("enabled", "yes"),
        ("rate", "1 → nothing"),
    )
