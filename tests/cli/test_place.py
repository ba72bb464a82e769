"""The same commands on a server: with a token that nobody else gets to see."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from access import token_for
from hostile_server import HostileServer, page, saying
from jobtracker_core import ApplicationDraft, JobDraft, JobTracker, Settings
from jobtracker_core.cli import logins
from jobtracker_core.contract.access import Scope
from keys import KEY
from live_server import serving

SECRET = "jt_abcd1234_verysecret"
NO_DATABASE = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
"""For what asks none: once is enough."""


class Said(Protocol):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def installation(database_url: str, tmp_path: Path, monkeypatch) -> Iterator[JobTracker]:
    """The server's own; nothing of it is known to the commands."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings = Settings(
        data_dir=tmp_path / "there",
        database_url=database_url,
        plugins=("hiringcafe",),
        secret_key=(KEY,),
        api_requests_per_minute=0,
    )
    with JobTracker(settings) as tracker:
        yield tracker


@pytest.fixture
def server(installation: JobTracker) -> Iterator[str]:
    with serving(installation, prefix="/home") as url:
        yield url


@pytest.fixture
def elsewhere(
    jobtracker, server: str, installation: JobTracker, tmp_path: Path, monkeypatch
) -> Callable[..., Said]:
    """Run a command on the server, as somebody who has logged in there and has no database."""
    there = tmp_path / "no" / "database.db"
    monkeypatch.setenv("JOBTRACKER_DATABASE_URL", f"sqlite:///{there}")
    token = tmp_path / "token"
    secret = token_for(installation)
    token.write_text(f"{secret}\n")
    assert jobtracker("login", server, "--token-file", str(token)).code == 0

    def call(*arguments: str):
        said = jobtracker("--server", server, *arguments)
        assert not there.parent.exists()
        assert secret not in said.out + said.err
        return said

    return call


def told(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_what_a_person_keeps_is_kept_there(elsewhere, installation) -> None:
    made = told(elsewhere("companies", "add", "Acme Ltd", "--industry", "Anvils", "--json"))
    assert installation.companies.get(made["id"]).industry == "Anvils"
    assert told(elsewhere("companies", "find", "ACME ltd", "--json"))["company"] == made
    changed = elsewhere("companies", "edit", "1", "--industry", "", "--size", "12")
    assert changed.out == "Company 1, Acme Ltd, is changed.\n"
    assert (installation.companies.get(1).industry, installation.companies.get(1).size) == (
        None,
        "12",
    )
    assert elsewhere("companies").out.splitlines()[1].startswith("1\tAcme Ltd")
    assert "name        Acme Ltd" in elsewhere("companies", "show", "1").out
    twice = elsewhere("companies", "add", "acme LTD")
    assert (twice.code, "Acme Ltd" in twice.err) == (2, True)

    said = elsewhere(
        *("applications", "add", "--title", "Lead", "--company", "Acme", "--notes", "one"),
        *("--next-action", "call", "--next-action-on", "2026-12-01"),
    )
    assert said.out == "Application 1, Lead at Acme, is in draft.\n"
    assert "is in applied" in elsewhere("applications", "move", "1", "applied").out
    assert (
        told(elsewhere("applications", "edit", "1", "--pay-wish", "lots", "--json"))["version"] == 3
    )
    assert elsewhere("applications", "tag", "1", "dream", "a/b").out.endswith("tags: a/b, dream\n")
    assert elsewhere("applications", "tag", "1", "dream", "--remove").out.endswith("tags: a/b\n")
    listed = told(
        elsewhere("applications", "list", "--status", "applied", "--due", "2026-12-01", "--json")
    )
    assert [row["id"] for row in listed["items"]] == [1]
    assert told(elsewhere("applications", "list", "--ended", "--json"))["items"] == []
    assert elsewhere("applications").out.splitlines()[1].split("\t")[:4] == [
        "1",
        "Lead",
        "Acme",
        "applied",
    ]
    shown = elsewhere("applications", "show", "1").out
    assert "From draft to applied" in shown
    assert "pay wish        lots" in shown

    said = elsewhere(
        *("events", "add", "interview", "--application-id", "1", "--timezone", "Europe/Berlin"),
        *("--starts-at", "2026-12-05T10:00", "--place", "There", "--reminder-min", "30"),
    )
    assert said.out.endswith("Interview, at 2026-12-05 10:00 CET.\n")
    number = installation.timeline.list(kind="interview").items[0].id
    assert told(elsewhere("events", "edit", str(number), "--done", "--json"))["done_at"]
    shown = elsewhere("events", "show", str(number)).out
    assert "place           There" in shown
    assert "starts at       2026-12-05 10:00 CET" in shown
    assert "\t2026-12-05 10:00 CET\t" in elsewhere("events", "list", "--kind", "interview").out
    for words, found in (
        (["--kind", "interview", "--from", "2026-12-05"], [number]),
        (["--kind", "interview", "--to", "2026-12-05T08:59"], []),
        (["--application-id", "1", "--not-done"], []),
    ):
        listed = told(elsewhere("events", "list", *words, "--json"))
        assert [row["id"] for row in listed["items"]] == found, words
    assert elsewhere("events", "delete", str(number)).code == 0
    wrong = elsewhere("events", "add", "note", "--timezone", "Mars", "--ends-at", "1600-01-01")
    assert wrong.code == 2
    assert {line.partition(":")[2].split()[0] for line in wrong.err.splitlines()} == {
        "--timezone:",
        "--ends-at:",
    }
    assert elsewhere("events", "add", "note", "--starts-at", "soon").code == 2
    assert elsewhere("applications", "edit", "1").code == 2
    assert elsewhere("applications", "delete", "1").out == "Application 1 is gone.\n"
    gone = elsewhere("applications", "show", "1")
    assert (gone.code, gone.err.splitlines()[0]) == (2, "Error: there is no application 1")


def test_the_same_groups_work_on_the_database_of_this_machine(jobtracker) -> None:
    assert jobtracker("applications", "add", "--title", "Lead", "--status", "applied").code == 0
    assert jobtracker("events", "add", "note", "--application-id", "1", "--text", "x").code == 0
    assert jobtracker("companies", "add", "Acme").code == 0
    for group in ("applications", "companies"):
        assert len(jobtracker(group).out.splitlines()) == 2
    assert len(jobtracker("events").out.splitlines()) == 3
    assert jobtracker("events", "delete", "1").code == 1  # a move of an application is history
    assert jobtracker("applications", "add").code == 2


def test_searches_runs_collectors_and_tokens(elsewhere, installation, server) -> None:
    off = elsewhere("searches", "add", "berlin", "hiringcafe", "--query", "text=x", "--every", "6h")
    assert (off.code, "Turn it on with" in off.err) == (0, True)
    refused = elsewhere("searches", "run", "berlin")
    assert (refused.code, refused.err.splitlines()[0]) == (
        2,
        "Error: collector 'hiringcafe' is off, as all are at first",
    )
    assert f"jobtracker --server {server} collectors enable hiringcafe" in off.err
    assert "The robots file" in elsewhere("collectors", "enable", "hiringcafe").out
    assert elsewhere("collectors").out.splitlines()[1].split("\t")[:2] == ["hiringcafe", "yes"]
    assert elsewhere("searches", "run", "berlin").out.startswith("Run 1 waits for a worker.")
    assert told(elsewhere("searches", "show", "berlin", "--json"))["collector_on"] is True
    assert len(elsewhere("searches", "preview", "berlin", "--count", "3").out.splitlines()) == 5
    wrong = elsewhere("searches", "edit", "berlin", "--query", "colour=red")
    assert (wrong.code, "--query colour: there is no such field" in wrong.err) == (2, True)
    assert elsewhere("searches", "edit", "berlin", "--cron", "never").code == 2
    assert [
        row["id"] for row in told(elsewhere("runs", "list", "--search", "berlin", "--json"))
    ] == [1]
    assert "text=x" in elsewhere("runs", "show", "1").out
    assert elsewhere("runs", "cancel", "1").out == "Run 1 is cancelled\n"
    assert elsewhere("runs", "watch", "1").code == 1
    assert elsewhere("runs", "retry", "1").code == 0
    assert elsewhere("collectors", "disable", "hiringcafe").out == "hiringcafe is off.\n"
    made = elsewhere("tokens", "create", "crawler", "--scopes", "ingest")
    assert made.out.startswith("jt_")
    assert elsewhere("tokens", "revoke", "2").out == "Token 2, crawler, is revoked.\n"
    assert len(installation.tokens.list()) == 1
    unknown = elsewhere("searches", "add", "x", "nobody")
    assert (unknown.code, "see `jobtracker plugins`" in unknown.err) == (2, True)
    for command in ("sites", "workers", "proxies"):
        assert elsewhere(command).code == 0


LISTS = (
    ["jobs", "list", "--search", 'eng\'i $HOME `x` & "q"', "--remote", "remote"],
    ["jobs", "list", "--limit", "3", "--open"],
    ["companies", "list", "--search", "é"],
    ["applications", "list"],
    ["events", "list", "--from", "2026-01-01T00:00+02:00"],
    ["searches", "list"],
    ["runs", "list", "--state", "failed", "--state", "pending"],
    ["runs", "list", "--search", "hourly"],
    ["collectors", "list"],
    ["tokens", "list", "--revoked"],
    ["sites", "list"],
    ["workers", "list"],
    ["proxies", "list"],
)


@pytest.mark.full
def test_curl_is_told_the_request_that_is_made(
    jobtracker, server, installation, monkeypatch
) -> None:
    curl = shutil.which("curl")
    assert curl, "the lines are for curl: install it"
    token = token_for(installation)
    monkeypatch.setenv("JOBTRACKER_TOKEN", token)
    for number in range(5):
        draft = JobDraft(
            title=f'eng\'i $HOME `x` & "q" {number}', url=f"https://x.example/{number}"
        )
        installation.jobs.create(draft)
    installation.applications.create(ApplicationDraft(job_id=1, status="applied"))
    installation.collectors.update("hiringcafe", enabled=True)
    installation.searches.add("hourly", "hiringcafe", {}, every_s=3600)
    installation.searches.run("hourly")
    for command in LISTS:
        line = jobtracker("--server", server, *command, "--curl")
        assert (line.code, line.err) == (0, ""), command
        assert "$JOBTRACKER_TOKEN" in line.out
        assert token not in line.out
        answer = subprocess.run(
            ["sh", "-c", line.out.replace("curl ", f"{curl} -sS --max-time 20 ", 1)],
            env={"PATH": os.environ["PATH"], "JOBTRACKER_TOKEN": token},
            capture_output=True,
            text=True,
            check=True,
        )
        rows = json.loads(answer.stdout)
        mine = told(jobtracker("--server", server, *command, "--json"))
        if isinstance(mine, dict):
            rows, mine = rows["items"], mine["items"]
        assert rows == mine, command


@NO_DATABASE
def test_a_curl_line_without_a_server_is_for_this_machine(jobtracker) -> None:
    line = jobtracker("--set", "listen=0.0.0.0:9000", "jobs", "list", "--curl").out
    assert line.startswith("curl 'http://127.0.0.1:9000/api/v1/jobs?")


@NO_DATABASE
def test_what_is_of_one_machine_refuses_a_server(jobtracker, monkeypatch) -> None:
    commands = ("db", "worker", "serve", "init", "users", "secrets", "config", "replay")
    for command in commands:
        said = jobtracker("--server", "https://jobs.example", command)
        assert said.code == 2
        assert f"`jobtracker {command}` is for this machine alone" in said.err
    monkeypatch.setenv("JOBTRACKER_SERVER", "https://jobs.example")
    for command in commands:
        said = jobtracker(command)
        assert (said.code, "unset it" in said.err) == (2, True)
        assert jobtracker(command, "--help").code == 0


@NO_DATABASE
def test_what_touches_no_data_minds_no_variable(jobtracker, monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_SERVER", "https://jobs.example")
    assert jobtracker("plugins").code == 0
    assert jobtracker("--server", "https://jobs.example", "plugins").code == 2
    assert jobtracker("--help").code == 0


def test_the_variables_name_server_and_token(jobtracker, server, installation, monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_SERVER", server)
    assert jobtracker("searches").err.startswith(f"Error: there is no token for {server}")
    monkeypatch.setenv("JOBTRACKER_TOKEN", token_for(installation, Scope.JOBS_READ))
    assert jobtracker("searches").code == 0
    narrow = jobtracker("tokens")
    assert (narrow.code, "does not allow admin" in narrow.err) == (2, True)
    monkeypatch.setenv("JOBTRACKER_TOKEN", SECRET)
    wrong = jobtracker("searches")
    assert (wrong.code, "has expired or was revoked" in wrong.err) == (2, True)
    assert "verysecret" not in wrong.err
    monkeypatch.setenv("JOBTRACKER_TOKEN", "jt_\nX-Evil: 1")
    assert jobtracker("searches").err.startswith("Error: this is no token")
    assert "JOBTRACKER_SERVER" not in jobtracker("--set", "slots=2", "plugins").err


def test_a_login_is_verified_and_for_its_owner_alone(
    jobtracker, server, installation, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert jobtracker("login", server).err.startswith("Error: no token was given")
    wrong = tmp_path / "wrong"
    wrong.write_text(SECRET)
    said = jobtracker("login", server, "--token-file", str(wrong))
    assert (said.code, "verysecret" in said.err) == (2, False)
    assert logins.read(server) is None
    good = token_for(installation, Scope.JOBS_READ)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"  {good}\n"))
    said = jobtracker("login", f"{server.upper().replace('/HOME', '/home')}/", "--token-file", "-")
    assert said.code == 0, said.err
    assert "which allows jobs:read, until" in said.out
    assert good not in said.out
    path = logins.path_of(server)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert good not in repr(logins.read(server))
    assert jobtracker("--server", server, "searches").code == 0

    path.chmod(0o640)
    said = jobtracker("--server", server, "searches")
    assert (said.code, "is open to other users" in said.err) == (2, True)
    path.chmod(0o600)
    elsewhere = path.with_name("other.json")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert jobtracker("--server", server, "searches").code == 2
    before = elsewhere.read_bytes()
    wrong.write_text(good)
    assert jobtracker("login", server, "--token-file", str(wrong)).code == 0
    assert not path.is_symlink()
    assert elsewhere.read_bytes() == before
    path.write_text("{")
    assert "is damaged" in jobtracker("--server", server, "searches").err
    path.write_bytes(before.replace(server.encode(), b"https://other.example"))
    assert "is of another server" in jobtracker("--server", server, "searches").err
    said = jobtracker("logout", server)
    assert (said.code, "tokens revoke" in said.out) == (0, True)
    assert jobtracker("logout", server).code == 1
    assert [file.name for file in path.parent.iterdir()] == ["other.json"]


@NO_DATABASE
def test_plain_http_to_another_machine_is_a_choice(jobtracker, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("JOBTRACKER_TOKEN", SECRET)
    far = "http://jobs.invalid"
    for command in (
        ("--server", far, "searches"),
        ("login", far),
        ("jobs", "list", "--server", far),
    ):
        said = jobtracker(*command)
        assert (said.code, "everybody on the way can read the token" in said.err) == (2, True)
    said = jobtracker("--allow-http", "--server", far, "searches")
    assert (said.code, f"no connection to {far}" in said.err) == (1, True)
    monkeypatch.delenv("JOBTRACKER_TOKEN")
    logins.write(logins.Login(url=far, token=SECRET, plain_http=True))
    assert "no connection to" in jobtracker("searches", "--server", far).err


@NO_DATABASE
def test_a_stranger_gets_one_request_and_the_error_is_clear(
    jobtracker, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("JOBTRACKER_TOKEN", SECRET)
    page_ = page("200 OK", b"<form>\x1b]0;owned\x07", kind="text/html\x1b[2J")
    with HostileServer(saying(page_)) as stranger:
        said = jobtracker("--server", stranger.url, "jobs")
        assert said.code == 1
        assert said.err.startswith(f"Error: {stranger.url} answers with text/html")
        assert "\x1b" not in said.err
        assert "verysecret" not in said.err + said.out
        refused = jobtracker("login", "https://ada:hunter2@jobs.example")
        assert (refused.code, "hunter2" in refused.err) == (2, False)
