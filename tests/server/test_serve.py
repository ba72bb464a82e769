"""`jobtracker serve` and `jobtracker demo` as processes of their own."""

from __future__ import annotations

import json
import re
import signal
import socket
import urllib.error
import urllib.request

import pytest

from access import token_for
from jobtracker_core import JobTracker, Settings
from jobtracker_core.cli.app import run
from jobtracker_core.cli.serve import listen, url_of
from jobtracker_core.plugins.practice import practice_sites


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_answers_and_stops(start, db_url, number) -> None:
    program = start("serve", "--listen", "127.0.0.1:0", "--no-worker", database=db_url)
    assert json.loads(program.get("healthz")) == {"status": "ok"}
    assert json.loads(program.get("readyz"))["status"] == "ready"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        program.get("api/v1/jobs")
    with JobTracker(Settings(database_url=db_url)) as tracker:
        token = token_for(tracker)
    assert json.loads(program.get("api/v1/jobs", token))["items"] == []
    assert program.end(number) == (0, "")


def test_it_makes_its_database_and_refuses_other_hosts(start) -> None:
    program = start("serve", "--listen", "localhost:0", "--host-name", "jobs.lan", "--no-worker")
    for host, status in (("jobs.lan", 200), ("evil.example", 400)):
        request = urllib.request.Request(program.url + "readyz", headers={"Host": host})
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            assert answer.status == status
            assert "server" not in answer.headers
    assert program.end(signal.SIGTERM) == (0, "")


def test_readiness_goes_with_the_database(start, tmp_path) -> None:
    program = start("serve", "--listen", "127.0.0.1:0")
    assert program.get("readyz")
    (tmp_path / "data" / "jobtracker.db").unlink()
    with pytest.raises(urllib.error.HTTPError) as caught:
        program.get("readyz")
    with caught.value as answer:
        assert answer.code == 503
        assert answer.headers["retry-after"]
        assert str(tmp_path) not in answer.read().decode()
    assert program.get("healthz")
    program.end(signal.SIGTERM)


def test_an_answer_that_takes_for_ever_does_not_keep_it_from_ending(start) -> None:
    program = start("serve", "--listen", "127.0.0.1:0")
    assert program.get("healthz")
    host, _, port = program.url.removeprefix("http://").rstrip("/").partition(":")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(b"POST /theme HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nthe")
        assert program.get("healthz")  # by then the half request has been read
        code, _ = program.end(signal.SIGTERM)
    assert code == 0


def test_the_first_start_shows_the_way_to_an_account(start, db_url) -> None:
    program = start("serve", "--listen", "127.0.0.1:0", "--no-worker", database=db_url)
    assert program.process.stdout is not None
    assert "no account yet" in program.process.stdout.readline()
    link = program.process.stdout.readline().strip()
    assert link.startswith(program.url + "setup?code=")
    assert b"Make your account" in program.get(link.removeprefix(program.url))
    assert program.end(signal.SIGTERM) == (0, "")


def test_a_port_in_use_is_one_clear_line(capfd) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", "--listen", f"127.0.0.1:{port}"]) == 1
    said = capfd.readouterr().err.splitlines()
    assert said[0].startswith(f"Error: cannot listen on 127.0.0.1:{port}: ")
    assert said[1].startswith("Next: ")
    assert len(said) == 2


def test_a_database_that_cannot_be_used_is_one_clear_line(capfd, tmp_path, monkeypatch) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam,\n" * 300)
    assert run(["--database", f"sqlite:///{path}", "serve", "--listen", "127.0.0.1:0"]) == 1
    assert "is not a database" in capfd.readouterr().err


@pytest.mark.parametrize("address", ["8080", "localhost", "localhost:x", "::1:8080", "[::1]:99999"])
def test_an_address_that_is_none(capfd, address) -> None:
    assert run(["serve", "--listen", address]) == 2
    assert "--listen" in capfd.readouterr().err


def test_the_address_that_a_person_opens() -> None:
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost")):
        with listen(host, 0) as listener:
            assert url_of(listener) == f"http://{shown}:{listener.getsockname()[1]}/"


def test_the_demo_leaves_the_portal_open(start) -> None:
    program = start("demo", "--postings", "41")
    sites = practice_sites()
    [token] = re.findall(r"JOBTRACKER_TOKEN=(jt_\S+)", program.said)
    assert program.said.count("  ok: ") == 5 * len(sites)
    assert "JOBTRACKER_HIRINGCAFE_BASE_URL=http://127.0.0.1:" in program.said
    for name in sites:
        page = json.loads(program.get(f"api/v1/jobs?limit=200&source={name}", token))
        assert len(page["items"]) == 41
    assert b"<h1>log in" in program.get("jobs").lower()
    assert re.search(r"Log in as demo with the password \S+", program.said)
    code, err = program.end(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in err
