"""Inside somebody else's app, and under a prefix."""

from __future__ import annotations

import pytest
from litestar import Litestar, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.params import FromPath, JSONBody
from litestar.testing import TestClient

from access import let_in
from jobtracker_core import JobTracker, JobTrackerPlugin, Settings
from jobtracker_core.server.compose import create_app


def client_of(app, tracker=None, **more):
    client = TestClient(app, base_url="http://127.0.0.1", **more)
    if tracker is not None:
        let_in(client, tracker)
    return client


@get("/", sync_to_thread=False)
def home() -> str:
    return "home"


@get("/jobs-homes/{number:int}", sync_to_thread=False)
def neighbour(number: FromPath[int]) -> str:
    return f"neighbour {number}"


@get("/fails", sync_to_thread=False)
def fails() -> str:
    raise NotFoundException("theirs")


@post("/", sync_to_thread=False)
def send(data: JSONBody[dict[str, str]]) -> dict[str, str]:
    return data


async def sign(response: Response[str]) -> Response[str]:
    response.headers["x-theirs"] = "yes"
    return response


@pytest.fixture
def theirs(tracker):
    return Litestar(
        [home, neighbour, fails, send],
        plugins=[JobTrackerPlugin(tracker)],
        after_request=sign,
        exception_handlers={404: lambda _, error: Response(f"their 404: {error}", status_code=404)},
        openapi_config=OpenAPIConfig(title="Theirs", version="9"),
        logging_config=None,
    )


def test_ours_answers_under_the_prefix(theirs, tracker, fill) -> None:
    fill(3)
    with client_of(theirs, tracker) as client:
        listed = client.get("/jobs-home/api/v1/jobs?limit=2")
        assert [job["title"] for job in listed.json()["items"]] == ["Engineer 3", "Engineer 2"]
        following = client.get("/jobs-home/api/v1/jobs" + listed.links["next"]["url"])
        assert [job["title"] for job in following.json()["items"]] == ["Engineer 1"]
        assert client.get("/jobs-home/readyz").json()["status"] == "ready"
        assert client.head("/jobs-home/healthz").content == b""
        assert client.get("/jobs-home", headers={"accept": "text/html"}).url.path == "/jobs-home"
        page = client.get("/jobs-home/jobs", headers={"accept": "text/html"})
        assert "Engineer 3" in page.text
        assert 'href="/jobs-home/' in page.text
        assert 'href="/jobs"' not in page.text
        job = client.get(f"/jobs-home/jobs/{listed.json()['items'][0]['id']}")
        assert job.status_code == 200


def test_our_errors_are_ours(theirs, tracker) -> None:
    with client_of(theirs, tracker) as client:
        said = client.get("/jobs-home/api/nothing")
        assert said.headers["content-type"] == "application/problem+json"
        assert client.get("/jobs-home/api/v1/jobs?limit=0").json()["errors"][0]["field"] == "limit"
        assert client.delete("/jobs-home/api/v1/jobs").status_code == 405
        page = client.get("/jobs-home/nothing", headers={"accept": "text/html"})
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert "content-security-policy" in page.headers
        assert client.get("/jobs-home/healthz", headers={"host": "evil"}).status_code == 400


def test_theirs_stays_as_it_was(theirs, tracker) -> None:
    with client_of(theirs, tracker) as client:
        answer = client.get("/", headers={"host": "anything.example"})
        assert answer.text == "home"
        assert answer.headers["x-theirs"] == "yes"
        assert "content-security-policy" not in answer.headers
        assert client.get("/jobs-homes/5").text == "neighbour 5"
        assert client.get("/fails").text == "their 404: 404: theirs"
        assert client.get("/nothing").text.startswith("their 404")
        assert client.head("/").status_code == 405
        assert client.post("/", json={"a": "b"}).json() == {"a": "b"}
        document = client.get("/schema/openapi.json").json()
        assert document["info"]["title"] == "Theirs"
        assert set(document["paths"]) == {"/", "/jobs-homes/{number}", "/fails"}
        ours = client.get("/jobs-home/api/v1/openapi.json").json()
        assert ours["info"]["title"] == "JobTracker"


def test_what_it_opened_it_closes_with_the_app(db_url, tmp_path, monkeypatch) -> None:
    closed = []

    def close(self: JobTracker) -> None:
        closed.append(self)

    monkeypatch.setattr(JobTracker, "close", close)
    settings = Settings(data_dir=tmp_path, database_url=db_url, plugins=())
    plugin = JobTrackerPlugin(settings)
    with client_of(Litestar(plugins=[plugin], logging_config=None)) as client:
        assert client.get("/jobs-home/readyz").status_code == 200
        assert closed == []
    assert closed == [plugin.tracker]
    monkeypatch.undo()
    plugin.tracker.close()


def test_what_was_given_stays_open(tracker) -> None:
    with client_of(Litestar(plugins=[JobTrackerPlugin(tracker)], logging_config=None)) as client:
        assert client.get("/jobs-home/readyz").status_code == 200
    assert tracker._opened._database is not None


def test_an_app_with_a_path_of_its_own_and_a_proxy_before_it(tracker, fill) -> None:
    fill(1)
    plugin = JobTrackerPlugin(tracker, "/deep/jobs")
    app = Litestar([home], path="/app", plugins=[plugin], logging_config=None)
    with client_of(app, tracker, root_path="/proxy") as client:
        listed = client.get("/proxy/app/deep/jobs/api/v1/jobs")
        assert listed.json()["items"][0]["title"] == "Engineer 1"
        page = client.get("/proxy/app/deep/jobs/jobs", headers={"accept": "text/html"}).text
        assert 'href="/proxy/app/deep/jobs/' in page


def test_two_installations_in_one_app(tracker) -> None:
    plugins = [JobTrackerPlugin(tracker, "/a"), JobTrackerPlugin(tracker, "/b")]
    app = Litestar(plugins=plugins, logging_config=None)
    with client_of(app) as client:
        assert client.get("/a/healthz").status_code == 200
        assert client.get("/b/healthz").status_code == 200


def test_a_server_under_a_prefix(tracker, fill) -> None:
    fill(1)
    with client_of(create_app(tracker, prefix="/x"), tracker) as client:
        assert client.get("/x/api/v1/jobs").json()["items"]
        assert client.get("/api/v1/jobs").status_code == 404
        page = client.get("/x", headers={"accept": "text/html"})
        assert 'href="/x/jobs"' in page.text
        said = client.get("/x/api/nothing", headers={"accept": "text/html"})
        assert said.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("prefix", ["x", "/x/", "/", "/x y", "/{x}", "//x", "http://x"])
def test_a_prefix_that_is_none(tracker, prefix) -> None:
    with pytest.raises(ValueError, match="prefix"):
        JobTrackerPlugin(tracker, prefix)
    with pytest.raises(ValueError, match="prefix"):
        create_app(tracker, prefix=prefix)


def test_the_plugin_does_not_take_the_root(tracker) -> None:
    with pytest.raises(ValueError, match="prefix"):
        JobTrackerPlugin(tracker, "")
