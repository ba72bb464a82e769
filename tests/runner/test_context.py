"""The context that a collector works with."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from jobtracker_core import Cancelled, LayoutChanged, Response
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.context import Context, Stopwatch
from jobtracker_core.runner.filters import QueryFilters


class Item(msgspec.Struct):
    id: str
    size: int = 0


class Body(msgspec.Struct):
    items: list[Item]


@pytest.fixture
def context(kit) -> Context:
    clock = kit.clock
    return Context(
        http=None,  # type: ignore[arg-type]
        host=kit.host,
        clock=clock,
        watch=Stopwatch(clock, kit.host, seconds=60),
        filters=QueryFilters(kit.canary, kit.scripted(kit.fail).info),
    )


def answer(content: bytes, content_type: str = "application/json") -> Response:
    return Response(
        status=200,
        url="https://board.example/x",
        headers={"content-type": content_type},
        content=content,
        elapsed=0.1,
    )


def test_decode_gives_the_type(context) -> None:
    assert context.decode(answer(b'{"items": [{"id": "a"}]}'), Body) == Body(items=[Item(id="a")])


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        (b'{"items": [{"id": 1}]}', "$.items[0].id", "Expected `str`, got `int`"),
        (b'{"items": [{"id": "a"}, {}]}', "$.items[1]", "missing required field `id`"),
        (b'{"items": [{"id"', "$", "no valid JSON"),
        (b"", "$", "no valid JSON"),
        (b'{"items": [{"id": "\xff"}]}', "$", "no valid JSON"),
        (b"[" * 100_000, "$", ""),
        (b"  <!doctype html>", "$", "HTML came where JSON was asked for"),
    ],
)
def test_decode_names_the_path_of_what_does_not_fit(context, content, path, words) -> None:
    with pytest.raises(LayoutChanged) as caught:
        context.decode(answer(content), Body)
    assert caught.value.path.startswith(path)
    assert words in str(caught.value)
    assert caught.value.error_class == "decode"


def test_each_turns_a_bad_item_into_a_skip(context) -> None:
    raw: list[Any] = [{"id": "a"}, {"id": 1}, {"id": "b", "size": "x"}, {"id": "c"}]
    items = context.each(raw, Item, path="$.hits")
    assert [item.id for item in items.values] == ["a", "c"]
    assert [skip.path for skip in items.skipped] == ["$.hits[1].id", "$.hits[2].size"]
    assert list(items.pairs()) == [(raw[0], items.values[0]), (raw[3], items.values[1])]


def test_each_refuses_when_more_than_half_are_bad(context) -> None:
    with pytest.raises(LayoutChanged, match=r"hits\[0\].id.*2 of 3 items are unreadable"):
        context.each([{"id": 1}, {"id": "a"}, {"id": 2}], Item, path="$.hits")


def test_each_of_nothing_is_nothing(context) -> None:
    assert context.each([], Item).values == ()


def test_pause_lets_time_pass_and_no_more(context, kit) -> None:
    context.pause(7)
    assert kit.clock.monotonic() == pytest.approx(7)
    assert (context.now() - kit.now).total_seconds() == pytest.approx(7)


def test_pause_ends_at_the_deadline(context, kit) -> None:
    with pytest.raises(Cancelled) as caught:
        context.pause(3600)
    assert caught.value.reason == "deadline"
    assert kit.clock.monotonic() == pytest.approx(60, abs=1)


def test_pause_ends_within_half_a_second_of_a_stop(context, kit) -> None:
    class Stopping(JumpClock):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if self.monotonic() >= 10:
                kit.host.reason = "stopped"

    clock = Stopping(kit.now)
    watch = Stopwatch(clock, kit.host, seconds=60)
    with pytest.raises(Cancelled) as caught:
        watch.pause(50)
    assert caught.value.reason == "stopped"
    assert clock.monotonic() <= 10.5


@pytest.mark.parametrize(
    ("content_type", "content", "text"),
    [
        ("text/html; charset=ISO-8859-1", b"caf\xe9", "café"),
        ("text/html; charset='utf-8'", "café".encode(), "café"),
        ("text/html; charset=no-such", "café".encode(), "café"),
        ("text/html", b"caf\xe9", "caf\ufffd"),
        ("", b"x", "x"),
    ],
)
def test_response_text_follows_its_charset(content_type, content, text) -> None:
    assert answer(content, content_type).text == text
