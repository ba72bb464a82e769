"""How a process that told no result is judged, and what is kept of what it printed."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core import RunState
from jobtracker_core.runner.printed import LINES, TAIL, Printed
from jobtracker_core.runner.verdict import Death, Kill, judge

F, P, C = RunState.FAILED, RunState.PARTIAL, RunState.CANCELLED


def kill(error_class: str) -> Kill:
    return Kill(error_class=error_class, message="why")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("death", "state", "error_class", "told"),
    [
        (Death(code=0), F, "internal", "code 0"),
        (Death(code=3, pages=2), F, "internal", "code 3"),
        (Death(code=0, loaded=False), F, "plugin_import", "imported"),
        (Death(code=-11), F, "crash_signal", "SIGSEGV"),
        (Death(code=-11, loaded=False), F, "crash_signal", "SIGSEGV"),
        (Death(code=-9), F, "crash_signal", "out of memory"),
        (Death(code=-40), F, "crash_signal", "signal 40"),
        (Death(code=-signal.SIGXCPU), F, "cpu_limit", "processor time"),
        (Death(code=-9, cpu_used_up=True), F, "cpu_limit", "processor time"),
        (Death(code=-15, stop="stopped"), C, "cancelled", "on request"),
        (Death(code=-9, stop="shutdown"), C, "drained", "shuts down"),
        (Death(code=-9, stop="deadline"), F, "runtime_limit", "used up"),
        (Death(code=-9, stop="deadline", pages=1), P, "runtime_limit", "used up"),
        (Death(code=-9, kill=kill("memory_limit"), pages=1), F, "memory_limit", "why"),
        (Death(code=-9, kill=kill("output_limit"), stop="stopped"), F, "output_limit", "why"),
        (Death(code=-9, kill=kill("runtime_limit"), pages=1), P, "runtime_limit", "why"),
    ],
    ids=repr,
)
def test_each_death_has_its_end(death, state, error_class, told) -> None:
    outcome = judge(death)
    assert (outcome.state, outcome.error_class) == (state, error_class)
    assert told in (outcome.message or "")
    assert outcome.hint
    assert outcome.keep_cursor


def test_a_list_that_was_read_to_its_end_keeps_no_cursor() -> None:
    assert not judge(Death(code=1, list_read=True)).keep_cursor


def test_what_was_printed_is_the_detail() -> None:
    assert judge(Death(code=1, printed="Traceback")).detail == "Traceback"
    assert judge(Death(code=1)).detail is None


def printed(*chunks: bytes) -> tuple[list[str], str]:
    lines: list[str] = []
    taker = Printed(lines.append)
    for chunk in chunks:
        taker.feed(chunk)
    taker.close()
    return lines, taker.tail


@given(st.lists(st.sampled_from(["a", "bc", " ", "\n", "ü", "\r\n"])), st.data())
def test_lines_are_the_same_however_they_come(parts, data) -> None:
    text = "".join(parts).encode()
    cut = data.draw(st.integers(0, len(text)))
    expected = [line.strip() for line in text.decode().split("\n") if line.strip()]
    assert printed(text[:cut], text[cut:]) == (expected, text.decode())


def test_a_long_line_is_taken_apart_and_the_end_is_kept() -> None:
    lines, tail = printed(b"x" * 2_500 + b"end")
    assert [len(line) for line in lines] == [1_000, 1_000, 503]
    assert printed(b"x" * 3 * TAIL + b"end")[1] == "x" * (TAIL - 3) + "end"
    assert tail.endswith("end")


def test_lines_beyond_the_cap_are_counted() -> None:
    lines, _ = printed(*[b"line\n" * 100] * 30)
    assert len(lines) == LINES + 1
    assert lines[-1] == "… and 2,000 lines more"


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert printed(b"\xff\x00\n")[0] == ["\N{REPLACEMENT CHARACTER}" * 2]
