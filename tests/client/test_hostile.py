"""Servers that are no JobTracker, servers that are one and fail, and connections that break."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hostile_server import HostileServer, page, saying
from jobtracker_core import JobDraft, RemoteError, RemoteTracker, connect
from jobtracker_core.client import errors, transport
from jobtracker_core.client.address import read_server
from jobtracker_core.client.session import Session
from jobtracker_core.client.transport import HttpWire
from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import Busy, MissingKey, NotFound, Stale

CERTIFICATE = Path(__file__).parents[1] / "http" / "self_signed.pem"
TOKEN = "jt_abcd1234_verysecret"
DRAFT = JobDraft(title="x", url="https://jobs.example/1")
EMPTY = b'{"items": [], "after": null, "before": null}'


def problem(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": f"urn:jobtracker:problem:{kind}", "title": "x", **more}).encode()


def ask(server: HostileServer, *, timeout: float = 5.0, waits: list[float] | None = None) -> Any:
    """Connect to it; what is waited for is noted, and takes no time."""
    waited = [] if waits is None else waits
    session = Session(
        HttpWire(read_server(server.url)),
        url=server.url,
        token=TOKEN,
        timeout=timeout,
        wait=waited.append,
    )
    return RemoteTracker(session, wait=waited.append)


def assert_clear(error: BaseException, server: HostileServer) -> None:
    """It names the server and the next step, and never the token."""
    told = f"{error} {getattr(error, 'hint', '')}"
    assert server.url in told
    assert isinstance(error, RemoteError | Busy)
    assert error.hint.endswith(".") or "jobtracker" in error.hint
    cause: BaseException | None = error
    while cause is not None:
        assert "verysecret" not in repr(cause) + str(cause)
        cause = cause.__cause__ or cause.__context__


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (page("200 OK", b"<html>Log in", kind="text/html"), errors.NotJobTracker, "text/html"),
        (page("200 OK", b"", kind=""), errors.NotJobTracker, "as no JobTracker does"),
        (page("200 OK", b"{not json"), errors.NotJobTracker, "no JSON"),
        (page("200 OK", b"[" * 100_000), errors.NotJobTracker, "not understood here"),
        (page("200 OK", b"\xff\xfe"), errors.NotJobTracker, "no JSON"),
        (page("200 OK", b"[1, 2]"), errors.NotJobTracker, "not understood here"),
        (page("200 OK", b"null"), errors.NotJobTracker, "not understood here"),
        (
            page("404 Not Found", b"<h1>", kind="text/html"),
            errors.NotJobTracker,
            "no JobTracker at",
        ),
        (page("404 Not Found", b"{}"), errors.NotJobTracker, "no JobTracker at"),
        (
            page("404 Not Found", problem("not-found")),
            errors.OtherVersion,
            "does not know what was",
        ),
        (page("401 Unauthorized", kind="text/html"), errors.NotJobTracker, "lets nobody in"),
        (page("401 Unauthorized", problem("unauthorized")), errors.WrongToken, "has expired"),
        (page("403 Forbidden", problem("forbidden", detail="no")), errors.NarrowToken, ": no"),
        (page("500 X", problem("internal", instance="urn:7")), errors.ServerFailed, "urn:7"),
        (page("502 Bad Gateway", kind="text/html"), errors.ServerFailed, "no server behind it"),
        (page("503 X", problem("unavailable", detail="Busy.")), Busy, "Busy."),
        (page("418 X", problem("teapot", detail="short")), errors.Refused, "short"),
        (b"HTTP/1.1 200 OK\r\nContent-Ty", errors.NotJobTracker, "as no JobTracker does"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", errors.NotJobTracker, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", errors.NotJobTracker, "JobTracker"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", errors.NotJobTracker, "JobTracker"),
        (
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
            errors.NotJobTracker,
            "JobTracker",
        ),
    ],
)
def test_wrong_answers_are_told_apart(answer: bytes, kind: type[Exception], words: str) -> None:
    with HostileServer(saying(answer)) as server, ask(server) as remote:
        with pytest.raises(kind, match=words) as told:
            remote.jobs.search()
        assert_clear(told.value, server)


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/api/v1/jobs", "http://127.0.0.1:1/", "//evil.example/", "/login", ""],
)
def test_no_redirect_is_followed(location: str) -> None:
    answer = page("302 Found", kind="text/html", more=(f"Location: {location}",))
    with HostileServer(saying(answer)) as server, ask(server) as remote:
        with pytest.raises(errors.NotJobTracker, match="sends elsewhere") as told:
            remote.jobs.search()
        assert_clear(told.value, server)
        assert len(server.requests) == 1


def test_a_password_in_a_redirect_is_not_shown() -> None:
    answer = page("301 X", more=("Location: https://ada:hunter2@evil.example/x?token=hunter2",))
    with HostileServer(saying(answer)) as server, ask(server) as remote:
        with pytest.raises(errors.NotJobTracker, match=r"to https://evil\.example/x,") as told:
            remote.jobs.search()
        assert "hunter2" not in str(told.value)


def endless(server: list[HostileServer], piece: bytes, pause: float) -> Any:
    def answer(_: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        if not piece.startswith(b"X:"):
            yield b"Transfer-Encoding: chunked\r\n\r\n"
        while not server[0].over.wait(pause):
            yield piece

    return answer


@pytest.mark.parametrize(
    ("piece", "pause"), [(b"X: y\r\n"[:1], 0.1), (b"1\r\n \r\n", 0.1), (b"", 0.1)]
)
def test_what_drips_in_for_ever_ends_in_time(piece: bytes, pause: float) -> None:
    servers: list[HostileServer] = []
    with HostileServer(endless(servers, piece, pause)) as server:
        servers.append(server)
        with ask(server, timeout=0.6) as remote:
            with pytest.raises(errors.Lost, match="has not answered within") as told:
                remote.runs.cancel(1)
            assert_clear(told.value, server)


def test_an_endless_body_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "BIGGEST", 1 << 20)
    servers: list[HostileServer] = []
    lot = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with HostileServer(endless(servers, lot, 0)) as server:
        servers.append(server)
        with ask(server) as remote:
            with pytest.raises(errors.NotJobTracker, match="more than") as told:
                remote.jobs.search()
            assert_clear(told.value, server)
            with pytest.raises(errors.NotJobTracker, match="more than"):
                next(remote.jobs.export())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"",
    ],
)
def test_an_answer_that_is_cut_off_is_never_taken_for_a_whole_one(answer: bytes) -> None:
    with HostileServer(saying(answer)) as server, ask(server) as remote:
        with pytest.raises(errors.Lost):
            remote.jobs.search()
        assert len(server.requests) == 2
        with pytest.raises(errors.Lost):
            [*remote.jobs.export()]


def test_a_create_is_sent_again_once_under_the_same_key_and_nothing_else_is() -> None:
    with HostileServer(saying()) as server, ask(server) as remote:
        with pytest.raises(errors.Lost, match=r"connection was lost|Connection reset") as told:
            remote.jobs.create(DRAFT)
        assert told.value.hint == "Look whether it was done, then try again."
        keys = [
            line
            for head in server.requests
            for line in head.decode().splitlines()
            if line.lower().startswith("idempotency-key:")
        ]
        assert len(server.requests) == len(keys) == 2
        assert len(set(keys)) == 1
        for change in (
            lambda: remote.runs.cancel(1),
            lambda: remote.jobs.delete(1),
            lambda: remote.jobs.write_note(1, "x"),
        ):
            server.requests.clear()
            with pytest.raises(errors.Lost):
                change()
            assert len(server.requests) == 1


def test_what_is_too_much_is_asked_again_in_time_and_then_told() -> None:
    waits: list[float] = []
    slow = page("429 X", problem("too-many-requests"), more=("Retry-After: 4",))
    with HostileServer(saying(slow)) as server, ask(server, waits=waits) as remote:
        with pytest.raises(errors.TooManyRequests, match="no more requests") as told:
            remote.jobs.delete(1)
        assert waits == [4, 4, 4]
        assert (told.value.retry_after, "in 4 s" in told.value.hint) == (4, True)
        assert_clear(told.value, server)


@pytest.mark.parametrize(
    "after", ["100000000", "-1", "nan", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9"]
)
def test_nobody_waits_for_what_is_no_short_while(after: str) -> None:
    waits: list[float] = []
    slow = page("429 X", b"busy", kind="text/plain", more=(f"Retry-After: {after}",))
    with HostileServer(saying(slow)) as server, ask(server, waits=waits) as remote:
        with pytest.raises(errors.TooManyRequests):
            remote.jobs.search()
        assert waits == []


def test_a_server_that_is_busy_for_a_moment_is_asked_again() -> None:
    busy = page("503 X", problem("unavailable", detail="Busy."), more=("Retry-After: 5",))
    answers = [busy, page("200 OK", EMPTY), busy, busy, busy]
    waits: list[float] = []
    with HostileServer(lambda _: iter([answers.pop(0)])) as server:
        with ask(server, waits=waits) as remote:
            assert remote.jobs.search().items == ()
            assert waits == [5]
            with pytest.raises(Busy):  # nobody knows whether it was done
                remote.jobs.delete(1)
        assert len(server.requests) == 3


def test_another_version_is_named() -> None:
    def answer(head: bytes) -> Iterator[bytes]:
        told = b'{"version": "9.9", "token": {}}'
        yield page("200 OK", told if b"/tokens/current" in head else b'{"items": 5}')

    with HostileServer(answer) as server, ask(server) as remote:
        with pytest.raises(
            errors.OtherVersion, match=r"\$\.items.*JobTracker 9\.9, this is"
        ) as told:
            remote.jobs.search()
        assert_clear(told.value, server)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (problem("changed", detail="strange words"), Stale),
        (problem("not-found", detail="x" * 10_000, next="y" * 10_000), NotFound),
        (problem("invalid-request", errors=[{"field": "a", "message": "b"}]), FormError),
        (problem("invalid-request"), errors.Refused),
        (problem("invalid-setting", errors=[]), ConfigError),
        (problem("collector-off", detail="what?"), errors.Refused),
        (problem("run-over", detail="run 5 takes no more batches: it is asleep"), errors.Refused),
        (problem("cannot-run"), Exception),
        (problem("no-key", detail="no", next="Set it."), MissingKey),
        (problem("changed", detail=5), errors.NotJobTracker),
        (problem("x", errors={"a": 1}), errors.NotJobTracker),
    ],
)
def test_strange_problems_are_told_all_the_same(body: bytes, kind: type[Exception]) -> None:
    with HostileServer(saying(page("400 X", body))) as server, ask(server) as remote:
        with pytest.raises(kind) as told:
            remote.jobs.get(1)
        assert len(str(told.value)) < 5_000
        assert "strange words" not in body.decode() or str(told.value) == "strange words"


def test_a_list_without_end_is_not_followed() -> None:
    empty = page("200 OK", b'{"items": [], "after": "x", "before": "x"}')
    with HostileServer(saying(empty)) as server, ask(server) as remote:
        assert remote.jobs.search(limit=1000).items == ()
        assert remote.jobs.search(limit=1000, before="y").items == ()
        assert remote.jobs.search(limit=10, offset=1000).items == ()
        assert remote.companies.list(limit=500).items == ()
        assert len(server.requests) < 12


def test_nobody_listens() -> None:
    with HostileServer(saying()) as server:
        pass
    with ask(server) as remote, pytest.raises(errors.Unreached, match="no connection to") as told:
        remote.jobs.search()
    assert_clear(told.value, server)


def test_a_server_without_tls_and_one_with_a_stranger_as_its_authority(monkeypatch) -> None:
    with HostileServer(saying(b"HTTP/1.1 400 Bad\r\n\r\n")) as server:
        wire = HttpWire(read_server(server.url.replace("http:", "https:")))
        session = Session(wire, url=server.url, token=TOKEN)
        with pytest.raises(errors.Unreached, match="no TLS"):
            session.get("/jobs", dict)
    good = page("200 OK", EMPTY)
    with HostileServer(saying(good), certificate=CERTIFICATE) as server:
        url = server.url.replace("http:", "https:")
        with connect(url, token=TOKEN) as remote:
            with pytest.raises(errors.Unreached, match="is not to be trusted: self-signed") as told:
                remote.jobs.search()
            assert "SSL_CERT_FILE" in told.value.hint
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        with connect(url, token=TOKEN) as remote:
            assert remote.jobs.search().items == ()
        other = url.replace("127.0.0.1", "localhost")
        with (
            connect(other, token=TOKEN) as remote,
            pytest.raises(errors.Unreached, match="not valid for 'localhost'"),
        ):
            remote.jobs.search()


def test_nothing_shows_the_token() -> None:
    with HostileServer(saying()) as server, ask(server) as remote:
        request = transport.Request(method="GET", path="/x", headers={"Authorization": TOKEN})
        for thing in (remote, remote.jobs, remote._session, request):
            assert "verysecret" not in repr(thing)
        assert "Authorization" not in repr(request)
