"""`/api/v1/collectors`: turning them on, setting them up, and what can be asked of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.engine import open_database
from keys import KEY, OTHER_KEY
from queueing import put, turn_on

ADDRESS = "/api/v1/collectors"
HIRINGCAFE = f"{ADDRESS}/hiringcafe"


@pytest.fixture
def settings(db_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("hiringcafe", "keyed"),
        secret_key=(KEY,),
        allow_private_addresses=("127.0.0.1:9",),
    )


@pytest.fixture
def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The collector with a secret, installed; gives its address."""
    info = tmp_path / "installed" / "keyed_board-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: keyed-board\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jobtracker]\nkeyed = keyed_board\n")
    text = (Path(__file__).parent / "keyed_board.py").read_text()
    (info.parent / "keyed_board.py").write_text(text)
    monkeypatch.syspath_prepend(str(info.parent))
    yield f"{ADDRESS}/keyed"
    sys.modules.pop("keyed_board", None)


@pytest.fixture
def tracker(settings: Settings) -> Iterator[JobTracker]:
    with JobTracker(settings) as tracker:
        yield tracker


def setting(shown: Any, name: str) -> dict[str, Any]:
    [found] = [one for one in shown["settings"] if one["name"] == name]
    return found  # type: ignore[no-any-return]


def test_a_collector_is_listed_and_shown_as_it_is(client, tracker) -> None:
    put(tracker.database, collector="gone")
    listed = client.get(ADDRESS).json()
    assert [one["name"] for one in listed] == ["gone", "hiringcafe"]
    assert [one["installed"] for one in listed] == [False, True]
    shown = client.get(HIRINGCAFE).json()
    assert shown == listed[1]
    assert (shown["enabled"], shown["version"], shown["settings_problem"]) == (False, 0, None)
    assert shown["policy"]["summary"]
    assert setting(shown, "per_minute") == {
        "name": "per_minute",
        "value": None,
        "source": "default",
        "where": "",
        "stored": None,
        "overridden": False,
        "description": "Requests per minute, in place of the collector's own rate",
        "allowed": "a number from 0.01 to 1,000,000",
    }


def test_what_is_set_holds_for_everybody_at_once(client, tracker, db_url, settings) -> None:
    body = {"enabled": True, "settings": {"per_minute": 7, "base_url": "http://127.0.0.1:9/x"}}
    with JobTracker(settings) as worker:
        assert worker.collector_settings("hiringcafe").per_minute is None
        answer = client.put(HIRINGCAFE, json=body)
        assert answer.status_code == 200, answer.text
        assert worker.collector_settings("hiringcafe").per_minute == 7
        assert worker.collectors.enabled("hiringcafe")
    shown = answer.json()
    assert (shown["enabled"], shown["rate"]) == (True, 7)
    held = setting(shown, "per_minute")
    assert (held["value"], held["source"], held["stored"]) == (7, "database", 7)
    assert client.put(HIRINGCAFE, json={"settings": {"per_minute": None}}).json()["enabled"]
    kept = tracker.collector_settings("hiringcafe")
    assert (kept.per_minute, kept.base_url) == (None, "http://127.0.0.1:9/x")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:8080/", "allow_private_addresses"),
        ("http://169.254.169.254/latest", "Take another address"),
        ("http://[::ffff:10.0.0.1]/", "allow_private_addresses"),
        ("https://198.51.100.7:22/", "Take another address"),
    ],
)
def test_nobody_has_a_collector_ask_inside(client, tracker, address, said) -> None:
    answer = client.put(HIRINGCAFE, json={"settings": {"base_url": address}})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["field"] == "settings.base_url"
    assert said in error["message"]
    entry = {"name": "hiringcafe", "enabled": False, "settings": {"base_url": address}}
    answer = client.post("/api/v1/config", json={"format": 1, "collectors": [entry]})
    assert said in answer.text
    assert tracker.collector_settings("hiringcafe").base_url is None
    # Whoever sits at the machine, and the site's own hosts, are another matter.
    own = client.put(HIRINGCAFE, json={"settings": {"base_url": "https://hiring.cafe"}})
    assert own.status_code == 200, own.text
    tracker.collectors.update("hiringcafe", settings={"base_url": address})
    assert tracker.collector_settings("hiringcafe").base_url == address


def test_file_and_environment_go_before_what_is_set_here(settings, db_url) -> None:
    strong = Settings.load(
        env={
            "JOBTRACKER_DATABASE_URL": db_url,
            "JOBTRACKER_PLUGINS": "hiringcafe",
            "JOBTRACKER_HIRINGCAFE_PER_MINUTE": "3",
            "JOBTRACKER_CONFIG": "",
        }
    )
    with JobTracker(strong) as tracker:
        shown = tracker.collectors.update("hiringcafe", settings={"per_minute": 9})
        assert tracker.collector_settings("hiringcafe").per_minute == 3
    [held] = [one for one in shown.settings if one.name == "per_minute"]
    assert (held.value, held.source, held.where) == (
        "3",
        "environment",
        "JOBTRACKER_HIRINGCAFE_PER_MINUTE",
    )
    assert (held.stored, held.overridden) == (9, True)


def test_a_stored_setting_that_fits_no_more_is_told_and_hides_no_collector(
    client, tracker, db_url
) -> None:
    client.put(HIRINGCAFE, json={"settings": {"per_minute": 7}})
    other = open_database(db_url)
    with other.write() as conn:
        conn.exec_driver_sql("""UPDATE collectors SET settings = '{"per_minute": -1}'""")
    other.close()
    shown = client.get(HIRINGCAFE).json()
    assert shown["settings_problem"].endswith("(set by database)")
    assert shown["rate"] is None
    assert client.put(HIRINGCAFE, json={"settings": {"per_minute": 5}}).json()["rate"] == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"settings": {"per_minute": "fast"}}, "settings.per_minute"),
        ({"settings": {"per_minute": 0}}, "settings.per_minute"),
        ({"settings": {"base_url": "ftp://x"}}, "settings.base_url"),
        ({"settings": {"base_url": "http://[::1"}}, "settings.base_url"),
        ({"settings": {"proxy_pool": "none"}}, "settings.proxy_pool"),
        ({"settings": {"speed": 1}}, "settings.speed"),
        ({"settings": {"base_url": ["x"]}}, "settings.base_url"),
        ({"enabled": "yes"}, "enabled"),
        ({"enable": True}, "enable"),
        ({"settings": 1}, "settings"),
    ],
)
def test_a_setting_that_cannot_be_is_named_and_nothing_is_changed(
    problem, tracker, body, field
) -> None:
    said = problem("PUT", HIRINGCAFE, json=body)
    assert said["status"] == 400
    assert [error["field"] for error in said["errors"]] == [field]
    assert tracker.collectors.report("hiringcafe").version == 0


def test_a_change_that_was_overtaken_is_refused(client, problem) -> None:
    first = client.get(HIRINGCAFE).headers["etag"]
    changed = client.put(HIRINGCAFE, json={"enabled": True}, headers={"if-match": first})
    assert changed.status_code == 200
    said = problem("PUT", HIRINGCAFE, json={"enabled": False}, headers={"if-match": first})
    assert said["status"] == 412
    tag = changed.headers["etag"]
    assert client.get(HIRINGCAFE, headers={"if-none-match": tag}).status_code == 304
    assert client.get(HIRINGCAFE).json()["enabled"]


def test_each_change_leaves_one_row_in_the_audit_log(client, tracker) -> None:
    client.put(HIRINGCAFE, json={"enabled": True, "settings": {"per_minute": 7}})
    with tracker.database.read() as conn:
        rows = conn.exec_driver_sql(
            "SELECT action, target FROM audit_log WHERE action <> 'token.create'"
        ).all()
    assert [tuple(row) for row in rows] == [("collector.update", "collector:hiringcafe")]


def test_what_can_be_asked_is_described(client) -> None:
    schema = client.get(f"{HIRINGCAFE}/schema").json()
    words = schema["query"]["$defs"][schema["query"]["$ref"].rpartition("/")[2]]["properties"]
    assert "text" in words
    assert {field["name"] for field in schema["query_fields"]} == set(words)
    assert {"base_url", "per_minute"} <= {field["name"] for field in schema["settings_fields"]}
    assert schema["filters"]["text"] == "native"
    assert "details" in schema["features"] or schema["features"] == []
    assert schema["limits"]["max_pages"] > 0
    assert schema["canary"]
    assert schema["policy"]["summary"]


@pytest.mark.parametrize("path", ["", "/schema"])
def test_a_collector_that_is_not_there(problem, path) -> None:
    said = problem("GET", f"{ADDRESS}/nobody{path}")
    assert said["status"] == 404
    assert "hiringcafe" in said["detail"]


def test_running_one_now(client, tracker, problem) -> None:
    assert problem("POST", f"{HIRINGCAFE}/run")["type"].endswith("collector-off")
    turn_on(tracker.database, "hiringcafe")
    bare = client.post(f"{HIRINGCAFE}/run")
    assert bare.status_code == 202, bare.text
    asked = client.post(f"{HIRINGCAFE}/run", json={"query": {"text": "python"}, "pages": 2})
    run = tracker.runs.get(asked.json()["run_id"])
    assert (run.query["text"], run.limit_pages) == ("python", 2)
    assert tracker.runs.get(bare.json()["run_id"]).limit_pages is None
    said = problem("POST", f"{HIRINGCAFE}/run", json={"query": {"txt": "x"}})
    assert [error["field"] for error in said["errors"]] == ["query.txt"]


def test_a_probe_is_a_run_of_its_own_and_one_at_a_time(client, tracker, problem) -> None:
    assert problem("POST", f"{HIRINGCAFE}/probe")["type"].endswith("collector-off")
    turn_on(tracker.database, "hiringcafe")
    made = client.post(f"{HIRINGCAFE}/probe")
    assert (made.status_code, made.json()["outcome"]) == (202, "made")
    run = tracker.runs.get(made.json()["run_id"])
    assert (run.trigger, run.requested_by, run.max_attempts) == ("probe", "token:1", 1)
    again = client.post(f"{HIRINGCAFE}/probe").json()
    assert again == {"run_id": run.id, "outcome": "overlap"}


def test_how_many_runs_a_site_bears_is_set_and_left_to_the_plugins_again(client, problem) -> None:
    [before] = [one for one in client.get("/api/v1/sites").json() if one["collectors"]]
    address = f"/api/v1/sites/{before['site']}"
    changed = client.put(address, json={"limit": 3}).json()
    assert (changed["limit"], changed["set_by_operator"]) == (3, True)
    assert client.put(address, json={"limit": None}).json()["limit"] == before["limit"]
    for body in ({"limit": 0}, {"limit": 65}, {"limit": 2, "x": 1}, {}):
        assert problem("PUT", address, json=body)["status"] == 400
    assert problem("PUT", "/api/v1/sites/nowhere.example", json={"limit": 3})["status"] == 404


@pytest.mark.parametrize(
    ("method", "path", "scope", "status"),
    [
        ("PUT", "", "jobs:write", 403),
        ("PUT", "", "runs:trigger", 403),
        ("POST", "/run", "jobs:write", 403),
        ("POST", "/probe", "jobs:write", 403),
        ("GET", "", "ingest", 403),
        ("GET", "", "jobs:read", 200),
        ("GET", "/schema", "jobs:read", 200),
    ],
)
def test_who_may_do_what(stranger, holding, method, path, scope, status) -> None:
    answer = stranger.request(method, HIRINGCAFE + path, json={}, headers=holding(scope))
    assert answer.status_code == status


SECRET = "hunter2-hunter2"


def test_a_secret_goes_in_and_never_comes_out(keyed, client, tracker, db_url) -> None:
    answer = client.put(keyed, json={"settings": {"api_key": SECRET, "per_minute": 4}})
    assert answer.status_code == 200, answer.text
    assert tracker.collector_settings("keyed").api_key == SECRET
    held = setting(answer.json(), "api_key")
    assert (held["value"], held["stored"], held["source"]) == (
        {"set": True},
        {"set": True},
        "database",
    )
    said = answer.text + client.get(keyed).text + client.get(ADDRESS).text
    assert SECRET not in said
    with tracker.database.read() as conn:
        for table in ("collectors", "collector_secrets", "audit_log"):
            assert SECRET not in str(conn.exec_driver_sql(f"SELECT * FROM {table}").all())
    again = client.put(keyed, json={"settings": {"api_key": SECRET + "2"}})
    assert again.status_code == 200
    assert tracker.collector_settings("keyed").api_key == SECRET + "2"
    gone = client.put(keyed, json={"settings": {"api_key": None}}).json()
    assert setting(gone, "api_key")["value"] == {"set": False}
    kept = tracker.collector_settings("keyed")
    assert (kept.api_key, kept.per_minute) == (None, 4)


def test_a_secret_that_cannot_be_is_refused_without_showing_it(keyed, problem) -> None:
    said = problem("PUT", keyed, json={"settings": {"api_key": [SECRET]}})
    assert [error["field"] for error in said["errors"]] == ["settings.api_key"]
    assert SECRET not in str(said)


def test_a_secret_of_another_key_is_told_and_hides_no_collector(
    keyed, client, tracker, settings
) -> None:
    client.put(keyed, json={"settings": {"api_key": SECRET}})
    with JobTracker(structs.replace(settings, secret_key=(OTHER_KEY,))) as other:
        found = {one.name: one for one in other.collectors.reports()}
        assert found["hiringcafe"].settings_problem is None
        assert "encrypted" in str(found["keyed"].settings_problem)
