"""The pipe: every call of a host and its answer survive it, and nothing else gets through."""

from __future__ import annotations

import inspect
import os
import socket
import struct
import threading
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core import (
    BadQuery,
    Blocked,
    CollectError,
    ConfigError,
    Counts,
    FilterSupport,
    PostingRef,
    RateLimited,
    RunState,
    Skip,
    Transient,
)
from jobtracker_core.contract.errors import Cancelled
from jobtracker_core.contract.host import (
    Ack,
    Batch,
    Grant,
    PayRecord,
    Progress,
    Proxy,
    Record,
    RunHost,
)
from jobtracker_core.contract.run import FilterUse
from jobtracker_core.runner import channel, child
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.outcome import Outcome

RECORD = Record(
    source_id="7",
    url="https://board.example/7",
    title="Köchin 👩‍🍳",
    pay=PayRecord(text="1 €", min=1.0),
    posted_at=datetime(2026, 11, 23, 12, 30, 15, 250, tzinfo=UTC),
    raw='{"a": "\x00"}',
    content_hash=bytes(range(16)),
)
BATCH = Batch(
    kind="list",
    records=(RECORD,),
    cursor="2",
    skipped=(Skip(path="$[1]", reason="no title"),),
    failed=("9",),
    counts=Counts(pages=1, seen=1),
)
REF = PostingRef(source_id="7", url="https://board.example/7", title="Cook")
RESULT = Result(
    outcome=Outcome(state=RunState.PARTIAL, keep_cursor=True, error_class="blocked", detail="x"),
    counts=Counts(pages=3),
    tail=Counts(http_requests=1),
    filters=(FilterUse(word="remote", support=FilterSupport.AFTER, removed=2, note="n"),),
)
FROM_CHILD: list[Any] = [
    channel.Ready(),
    channel.Deliver(batch=BATCH),
    channel.DetailsWanted(refs=(REF,), rechecks=3),
    channel.Acquire(key="site:x", per_minute=1.5, burst=2),
    channel.SlowDown(key="site:x", cause="http_429", retry_after=None),
    channel.NextProxy(failed=3, cause="proxy"),
    channel.Reported(progress=Progress(phase="list", done=1, total=None, counts=Counts())),
    channel.Logged(
        level="debug", event="e", fields={"a": None, "b": 1, "c": 1.5, "d": "x", "e": True}
    ),
    channel.Alive(),
    channel.Ended(result=RESULT),
    channel.GaveUp(outcome=RESULT.outcome),
]
TO_CHILD: list[Any] = [
    channel.Start(
        collector="board",
        plugin="board",
        settings=b"\x80",
        query=b"\x80",
        cursor=None,
        max_pages=None,
        limits=RunLimits(memory_mb=300),
        parent=1,
    ),
    channel.Stop(reason="shutdown"),
    channel.Acked(ack=Ack(new=1)),
    channel.Chosen(refs=(REF,)),
    channel.Granted(grant=Grant(wait=2.5, cooling=True)),
    channel.Noted(),
    channel.Proxied(proxy=Proxy(id=1, label="a", url="http://u:p@x")),
    channel.Proxied(proxy=None),
    channel.Raised(kind="cancelled", message="m", error_class="cancelled", reason="deadline"),
]


def through(message: channel.Message, read: Any) -> Any:
    frames = channel.Frames()
    frames.feed(channel.frame(message))
    body = frames.take()
    assert frames.take() is None
    assert not frames.waiting
    return read(body)


@pytest.mark.parametrize("message", FROM_CHILD, ids=lambda m: type(m).__name__)
def test_what_a_child_says_arrives(message) -> None:
    assert through(message, channel.read_from_child) == message


@pytest.mark.parametrize("message", TO_CHILD, ids=lambda m: type(m).__name__)
def test_what_a_supervisor_says_arrives(message) -> None:
    assert through(message, channel.read_to_child) == message


def test_every_message_is_among_them() -> None:
    for union, examples in ((channel.FromChild, FROM_CHILD), (channel.ToChild, TO_CHILD)):
        assert set(union.__args__) == {type(example) for example in examples}


@given(st.lists(st.sampled_from(FROM_CHILD)), st.data())
def test_frames_may_be_cut_anywhere(messages, data) -> None:
    stream = b"".join(map(channel.frame, messages))
    frames, got = channel.Frames(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        frames.feed(stream[:size])
        stream = stream[size:]
        while (body := frames.take()) is not None:
            got.append(channel.read_from_child(body))
    assert got == messages


@given(st.binary(min_size=1, max_size=200))
def test_rubbish_is_garbled_and_nothing_else(data) -> None:
    try:
        channel.read_from_child(data)
    except channel.Garbled:
        return
    pytest.fail("rubbish was taken for a message")


@pytest.mark.parametrize("length", [0, channel.FRAME_CAP + 1, 2**32 - 1])
def test_a_length_out_of_bounds_is_garbled(length) -> None:
    frames = channel.Frames()
    frames.feed(struct.pack("!I", length))
    with pytest.raises(channel.Garbled):
        frames.take()


@pytest.mark.parametrize(
    "body",
    [
        b"\x91" * 100_000,
        msgspec.msgpack.encode({"type": "Ended"}),
        msgspec.msgpack.encode({"type": "Acked", "ack": {}}),
        msgspec.msgpack.encode({"type": "Logged", "level": "error", "event": "", "fields": {}}),
        msgspec.msgpack.encode(
            {"type": "Logged", "level": "info", "event": "", "fields": {"a": [1]}}
        ),
        msgspec.msgpack.encode(
            {"type": "Logged", "level": "info", "event": "", "fields": {"a": "x" * 2**20}}
        ),
    ],
    ids=["deep", "incomplete", "an answer", "level", "nested", "long"],
)
def test_what_a_child_may_not_say_is_garbled(body) -> None:
    with pytest.raises(channel.Garbled):
        channel.read_from_child(body)


def test_a_page_has_a_cap_and_a_log_line_a_smaller_one() -> None:
    bulk = msgspec.structs.replace(RECORD, raw="x" * channel.FRAME_CAP)
    with pytest.raises(channel.TooMuch, match=r"Deliver of 16,777,\d\d\d bytes"):
        channel.frame(channel.Deliver(batch=Batch(kind="list", records=(bulk,))))
    large = msgspec.structs.replace(RECORD, raw="x" * 2 * channel.SMALL_CAP)
    batch = Batch(kind="list", records=(large,))
    assert through(channel.Deliver(batch=batch), channel.read_from_child).batch == batch
    with pytest.raises(channel.TooMuch, match="Logged"):
        channel.frame(channel.Logged(level="info", event="x" * channel.SMALL_CAP, fields={}))


def test_what_cannot_be_encoded_is_replaced_and_the_rest_arrives() -> None:
    odd = channel.Logged(level="info", event="a\ud800b", fields={"\udfff": 2**70, "b": True})
    got = through(odd, channel.read_from_child)
    assert (got.event, got.fields) == ("a?b", {"?": str(2**70), "b": True})
    skip = Skip(path="\ud800", reason="")
    batch = msgspec.structs.replace(BATCH, skipped=(skip,))
    got = through(channel.Deliver(batch=batch), channel.read_from_child).batch
    assert got == msgspec.structs.replace(batch, skipped=(Skip(path="?", reason=""),))


@pytest.mark.parametrize(
    "error",
    [
        Cancelled("stopped"),
        Cancelled("deadline"),
        Cancelled("shutdown"),
        Transient("none left", error_class="proxy"),
        ConfigError("proxy_pool", "there is no such pool"),
    ],
    ids=repr,
)
def test_an_error_is_raised_again_as_it_was(error) -> None:
    told = through(channel.Raised.of(error), channel.read_to_child).error()
    assert type(told) is type(error)
    assert str(told) == str(error)
    assert told.__dict__ == error.__dict__


@pytest.mark.parametrize(
    "error", [RateLimited(retry_after=3), Blocked("x"), BadQuery("a", "b")], ids=repr
)
def test_other_errors_keep_their_words_and_their_class(error) -> None:
    told = channel.Raised.of(error).error()
    assert type(told) is CollectError
    assert (str(told), told.error_class) == (str(error), error.error_class)


def test_a_class_that_no_list_knows_crosses_as_internal() -> None:
    odd = Transient("x", error_class="bogus")  # type: ignore[arg-type]
    assert through(channel.Raised.of(odd), channel.read_to_child).error_class == "internal"


# The host at the child's end.


class Far:
    """A supervisor of one thread: answers as it is told, and keeps what it heard."""

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        self.near = near
        self.host = child.PipeHost(near.fileno(), os.dup(near.fileno()))
        self.heard: list[Any] = []

    def answering(self, *answers: channel.Message) -> threading.Thread:
        """Answer as many questions, each with one of these."""

        def answer() -> None:
            frames = channel.Frames()
            for message in answers:
                while (body := frames.take()) is None:
                    frames.feed(self.far.recv(65_536))
                self.heard.append(channel.read_from_child(body))
                self.far.sendall(channel.frame(message))

        thread = threading.Thread(target=answer)
        thread.start()
        return thread

    def next(self) -> Any:
        frames = channel.Frames()
        while (body := frames.take()) is None:
            frames.feed(self.far.recv(65_536))
        return channel.read_from_child(body)


@pytest.fixture
def far():
    far = Far()
    yield far
    os.close(far.host._write)
    far.near.close()
    far.far.close()


CALLS: dict[str, tuple[Any, ...]] = {
    "deliver": ((BATCH,), {}, FROM_CHILD[1], TO_CHILD[2], Ack(new=1)),
    "details_wanted": (([REF],), {"rechecks": 3}, FROM_CHILD[2], TO_CHILD[3], (REF,)),
    "acquire": (
        ("site:x",),
        {"per_minute": 1.5, "burst": 2},
        FROM_CHILD[3],
        TO_CHILD[4],
        Grant(wait=2.5, cooling=True),
    ),
    "slow_down": (("site:x",), {"cause": "http_429"}, FROM_CHILD[4], TO_CHILD[5], None),
    "proxy": ((), {"failed": 3}, FROM_CHILD[5], TO_CHILD[6], TO_CHILD[6].proxy),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_question_waits_for_its_answer(far, name) -> None:
    arguments, named, question, answer, returned = CALLS[name]
    thread = far.answering(answer)
    assert getattr(far.host, name)(*arguments, **named) == returned
    thread.join()
    assert far.heard == [question]


@pytest.mark.parametrize("name", CALLS)
def test_a_question_may_be_answered_by_an_error(far, name) -> None:
    arguments, named, *_ = CALLS[name]
    thread = far.answering(channel.Raised.of(Transient("not now", error_class="proxy")))
    with pytest.raises(Transient, match="not now"):
        getattr(far.host, name)(*arguments, **named)
    thread.join()


def test_the_host_has_every_call_of_the_contract() -> None:
    calls = {name for name, _ in inspect.getmembers(RunHost, inspect.isfunction) if name[0] != "_"}
    assert calls == {*CALLS, "progress", "log", "cancelled"}
    assert calls <= set(dir(child.PipeHost))


def test_what_needs_no_answer_is_told(far) -> None:
    far.host.progress(FROM_CHILD[6].progress)
    assert far.next() == FROM_CHILD[6]
    far.host.log("debug", "e", FROM_CHILD[7].fields)
    assert far.next() == FROM_CHILD[7]


def test_a_wish_to_stop_is_seen_wherever_it_stands(far) -> None:
    assert far.host.cancelled() is None
    assert far.next() == channel.Alive()
    far.far.sendall(channel.frame(channel.Stop(reason="deadline")))
    assert far.host.cancelled() == far.host.cancelled() == "deadline"


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_wish_to_stop_may_come_with_an_answer(far, order) -> None:
    stop, noted = channel.Stop(reason="shutdown"), channel.Noted()
    both = (stop, noted) if order == "before" else (noted, stop)
    far.far.sendall(b"".join(map(channel.frame, both)))
    far.host.slow_down("k", cause="blocked")
    assert far.host.cancelled() == "shutdown"


def test_a_signal_is_a_wish_to_stop_unless_a_reason_was_told(far) -> None:
    far.host.terminate(15, None)
    assert far.host.cancelled() == "stopped"
    far.far.sendall(channel.frame(channel.Stop(reason="shutdown")))
    assert far.host.cancelled() == "shutdown"


def test_an_answer_to_another_question_is_refused(far) -> None:
    far.far.sendall(channel.frame(channel.Noted()))
    with pytest.raises(TypeError, match="Noted"):
        far.host.proxy()


@pytest.mark.parametrize(
    ("name", "value"),
    [("memory_mb", 255), ("cpu_s", 0), ("runtime_s", 0), ("files", 10), ("output_mb", 0)],
)
def test_limits_without_sense_are_refused(name, value) -> None:
    with pytest.raises(ValueError, match=name):
        RunLimits(**{name: value})
