"""`/api/v1/companies`."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

ADDRESS = "/api/v1/companies"


def test_a_company_is_entered_read_and_changed(client, problem) -> None:
    made = client.post(ADDRESS, json={"name": "Acme Ltd", "founded": 1999})
    assert made.status_code == 201
    url, tag = f"{ADDRESS}/{made.json()['id']}", made.headers["etag"]
    assert client.get(url).json() == made.json()
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    changed = client.put(
        url, json={"founded": None, "size": "50"}, headers={"If-Match": tag}
    ).json()
    assert (changed["name"], changed["founded"], changed["size"]) == ("Acme Ltd", None, "50")
    lost = problem("PUT", url, json={"size": "9"}, headers={"If-Match": tag})
    assert (lost["status"], lost["type"]) == (412, "urn:jobtracker:problem:changed")


def test_all_spellings_are_one_company(client, problem) -> None:
    url = f"{ADDRESS}/find-or-create"
    first = client.post(url, json={"name": "Müller GmbH"}).json()
    again = client.post(url, json={"name": "MÜLLER gmbh"}).json()
    assert (first["created"], again["created"]) == (True, False)
    assert first["company"] == again["company"]
    said = problem("POST", ADDRESS, json={"name": "müller GmbH"})
    assert said["status"] == 409
    assert f"company {first['company']['id']}" in said["detail"]


def test_following_the_links_gives_each_company_once(client, tracker) -> None:
    for number in range(7):
        tracker.companies.find_or_create(f"Company {number} & sons")
    tracker.companies.find_or_create("Other")
    url, seen = f"{ADDRESS}?limit=3&search=SONS", []
    while url:
        answer = client.get(url)
        seen += [item["name"] for item in answer.json()["items"]]
        following = answer.links.get("next", {}).get("url")
        url = following and urljoin(url, following)
    assert seen == [f"Company {number} & sons" for number in range(7)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "--"}, "name"),
        ({"name": "\x00"}, "name"),
        ({"name": "x" * 100_000}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "founded": 1}, "founded"),
        ({"name": "x", "homepage": "ftp://x"}, "homepage"),
        ({"name": "x", "motto": "y"}, "motto"),
    ],
)
def test_what_is_wrong_is_named(client, problem, body, field) -> None:
    said = problem("POST", ADDRESS, json=body)
    assert (said["status"], said["errors"][0]["field"]) == (400, field)
    assert client.get(ADDRESS).json()["items"] == []


@pytest.mark.parametrize("number", ["7", "0", "9" * 30, "x"])
def test_a_company_that_is_not_there(problem, number) -> None:
    assert problem("GET", f"{ADDRESS}/{number}")["status"] == 404
    assert problem("PUT", f"{ADDRESS}/{number}", json={"size": "1"})["status"] == 404


def test_pages_have_a_bound(problem) -> None:
    said = problem("GET", ADDRESS, params={"limit": "100000"})
    assert (said["status"], said["errors"][0]["field"]) == (400, "limit")
