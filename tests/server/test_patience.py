"""Who sends a request so slowly that it never ends holds a connection for a bounded time.

So does who never reads the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn
from uvicorn.server import ServerState

from jobtracker_core.server import patience, unread
from jobtracker_core.server.protocol import BoundedProtocol

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
LOGIN = b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nname="
WISH = b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


def test_a_head_that_does_not_end_is_waited_for_no_longer(line, monkeypatch) -> None:
    # The first request comes in peace: a busy machine may be slower than what follows.
    begun, empty, plain = line(), line(), line()
    for talk, rest in ((begun, b"\r\n"), (empty, b"\r\n"), (plain, WISH)):
        talk.send(GET + rest)
        assert talk.answer()[0] == 200
    monkeypatch.setattr(patience, "HEAD_S", 0.2)
    begun.send(GET)
    empty.send(b"\r\n")
    plain.send(b"G")
    for talk in (begun, empty, plain):
        assert talk.answer()[0] == 408
        assert talk.is_closed()
    assert line().is_closed(), "nothing was asked, so nothing is answered"


def test_a_body_that_does_not_end_is_waited_for_no_longer(line, monkeypatch) -> None:
    monkeypatch.setattr(patience, "BODY_S", 0.2)
    talks = line(), line()
    for talk, rest in zip(talks, (FORM, WISH[:-2] + FORM), strict=True):
        talk.send(LOGIN + rest)
    for talk in talks:
        assert talk.answer()[0] == 408
        assert talk.is_closed()


@pytest.mark.parametrize("head", [GET + b"\r\n", GET + WISH], ids=["usual", "plain"])
def test_who_never_reads_is_cut_off(line, monkeypatch, head: bytes) -> None:
    monkeypatch.setattr(unread, "UNREAD_S", 0.5)
    asset = head.replace(b"/healthz", b"/static/charts.js")
    deaf, other = line(), line()
    # More than all buffers on the way together hold.
    deaf.send(asset)
    deaf.send(asset.replace(WISH, b"\r\n") * 400)
    assert deaf.is_cut_off()
    other.send(GET + b"\r\n")
    assert other.answer()[0] == 200


class Timers:
    """An event loop of which only the timers are seen; what it is to run never ends."""

    def __init__(self) -> None:
        self.set: list[Any] = []

    def call_later(self, seconds: float, call: Callable[..., Any], *given: Any) -> Any:
        timer = Mock(seconds=seconds, call=lambda: call(*given))
        timer.cancel = lambda: self.set.remove(timer)
        self.set.append(timer)
        return timer

    def create_task(self, running: Any, **_: Any) -> Any:
        running.close()
        return Mock()

    def over(self) -> None:
        """Let the time of the only timer be over."""
        (timer,) = self.set
        self.set.clear()
        timer.call()


class Wire:
    """A connection of which is noted what was done with it."""

    def __init__(self) -> None:
        self.sent = b""
        self.unread = 0
        self.ended: str | None = None

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return self.ended is not None

    def get_write_buffer_size(self) -> int:
        return self.unread

    def get_extra_info(self, _name: str) -> None:
        return None

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


@pytest.fixture
def timers() -> Timers:
    return Timers()


@pytest.fixture
def protocol(timers: Timers) -> Any:
    """A connection that was just opened, to an application that never answers."""

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        pass

    config = uvicorn.Config(app, log_config=None, lifespan="off", interface="asgi3")
    loop: Any = timers
    wire: Any = Wire()
    made = BoundedProtocol(config, ServerState(), {}, _loop=loop)
    made.connection_made(wire)
    return made


def test_the_time_of_a_part_runs_from_its_first_byte_on(protocol: Any, timers: Timers) -> None:
    (first,) = timers.set
    assert first.seconds == patience.HEAD_S
    for byte in GET:
        protocol.data_received(bytes([byte]))
        assert timers.set == [first], "no byte gives another term"
    protocol.data_received(b"Content-Length: 20\r\n\r\n")
    (second,) = timers.set
    assert second.seconds == patience.BODY_S
    for _ in range(19):
        protocol.data_received(b"x")
        assert timers.set == [second]
    protocol.data_received(b"x")
    assert timers.set == [], "what is whole is not waited for, however long the answer takes"
    protocol.data_received(b"G")
    assert [timer.seconds for timer in timers.set] == [patience.HEAD_S]
    protocol.connection_lost(None)
    assert timers.set == []


def test_whoever_waits_for_us_is_not_cut_off(protocol: Any, timers: Timers) -> None:
    wire: Any = protocol.transport
    # The beginning of a second request, while the first one is answered.
    protocol.data_received(GET + b"\r\n" + b"GET /")
    for _ in range(3):
        timers.over()
        assert not wire.ended
    protocol.cycle.response_complete = True
    timers.over()
    assert (wire.ended, wire.sent[:12]) == ("closed", b"HTTP/1.1 408")


def test_a_body_that_we_do_not_take_is_not_slow(protocol: Any, timers: Timers) -> None:
    wire: Any = protocol.transport
    protocol.data_received(GET + b"Content-Length: 100000\r\n\r\n" + b"x" * 70_000)
    assert protocol.flow.read_paused
    timers.over()
    assert not wire.ended
    protocol.flow.resume_reading()
    timers.over()
    assert (wire.ended, wire.sent[:12]) == ("closed", b"HTTP/1.1 408")
    assert protocol.cycle.disconnected


@pytest.mark.parametrize("is_complete", [False, True])
def test_nothing_is_written_into_an_answer_or_behind_it(
    protocol: Any, timers: Timers, is_complete: bool
) -> None:
    """Whoever is answered before the end of the body keeps no connection by going on with it."""
    wire: Any = protocol.transport
    protocol.data_received(GET + b"Content-Length: 10\r\n\r\n")
    protocol.cycle.response_started = True
    protocol.cycle.response_complete = is_complete
    protocol.data_received(b"x")
    timers.over()
    assert (wire.ended, wire.sent) == ("aborted", b"")


def test_an_answer_that_is_not_taken_is_waited_for_no_longer(protocol: Any, timers: Timers) -> None:
    wire: Any = protocol.transport
    protocol.data_received(GET + b"\r\n")
    wire.unread = 70_000
    protocol.pause_writing()
    assert [timer.seconds for timer in timers.set] == [unread.UNREAD_S / unread.LOOKS]
    for _ in range(unread.LOOKS):
        assert not wire.ended
        timers.over()
    assert (wire.ended, timers.set) == ("aborted", [])


def test_whoever_takes_a_little_gets_the_whole_answer(protocol: Any, timers: Timers) -> None:
    wire: Any = protocol.transport
    protocol.data_received(GET + b"\r\n")
    wire.unread = 70_000
    protocol.pause_writing()
    for taken in range(3):
        for _ in range(unread.LOOKS - 1):
            timers.over()
        if taken:
            wire.unread -= 1
        else:
            # As much as was taken waits again.
            protocol.resume_writing()
            protocol.pause_writing()
    for _ in range(unread.LOOKS - 1):
        timers.over()
    assert not wire.ended
    wire.unread = 0
    timers.over()
    assert (wire.ended, timers.set) == (None, []), "all is taken: there is nothing to look at"


def test_the_end_of_an_answer_that_is_not_taken_keeps_no_connection_open(
    protocol: Any, timers: Timers
) -> None:
    wire: Any = protocol.transport
    protocol.data_received(GET + b"\r\n")
    wire.unread = 1
    wire.close()
    protocol.on_response_complete()
    for _ in range(unread.LOOKS):
        assert wire.ended == "closed"
        timers.over()
    assert (wire.ended, timers.set) == ("aborted", [])
