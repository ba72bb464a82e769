"""Collectors that do not stop, go past their context, or leave something behind."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from jobtracker_core import CollectError, Page, Transient
from jobtracker_core.http.exchange import Request
from tests.testing.board import Answer, Board, BoardQuery


class Wrapping(Board):
    """Makes an error of its own of every error."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        try:
            yield from super().collect(query, ctx, cursor=cursor)
        except CollectError as error:
            raise Transient(f"something happened: {error}") from None


class Stubborn(Board):
    """Tries again whatever happens."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        while True:
            with suppress(CollectError):
                return super().ask(ctx, query, number)


class Dozing(Board):
    """Takes the end of its pause for a bad day."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        try:
            ctx.pause(5)
        except CollectError:
            raise Transient("the pause was cut short") from None
        return super().ask(ctx, query, number)


class Late(Board):
    """Goes on although its time is up, past the client that would stop it."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        try:
            return super().ask(ctx, query, number)
        except CollectError:
            return borrowed(self, ctx, number)


def borrowed(board: Board, ctx: Any, number: int) -> Answer:
    """Use the client's transport behind its back."""
    request = Request(method="GET", url=f"{board.base}/api/jobs?q=engineer&page={number}")
    client = getattr(ctx.http, "_inner", ctx.http)
    import msgspec

    return msgspec.json.decode(client._transport.send(request, timeout=5).content, type=Answer)


class Hasty(Board):
    """Waits for no turn."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        return borrowed(self, ctx, number)


class Homesick(Board):
    """Asks the real site whatever `base_url` says."""

    @property
    def base(self) -> str:
        return "https://board.example"


class Straying(Board):
    """Asks somebody else, and hides that it was refused."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        with suppress(ValueError):
            ctx.http.get("https://tracker.example/hello")
        return super().ask(ctx, query, number)


class Sleeping(Board):
    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        time.sleep(0.01)
        return super().ask(ctx, query, number)


class Dialling(Board):
    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        with suppress(OSError), socket.socket() as line:
            line.connect(("127.0.0.1", 9))
        return super().ask(ctx, query, number)


class Handler(logging.NullHandler):
    """To be found and removed after the test."""


class Shouting(Board):
    """Sets up logging for all."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        if not any(isinstance(handler, Handler) for handler in logging.getLogger().handlers):
            logging.getLogger().addHandler(Handler())
        return super().ask(ctx, query, number)


class Hushing(Board):
    """Hides everybody's warnings."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        warnings.simplefilter("ignore")
        return super().ask(ctx, query, number)


class Littering(Board):
    """Changes everybody's environment."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        os.environ["BOARD_TOKEN"] = "1"
        return super().ask(ctx, query, number)


class Threading(Board):
    """Leaves a thread for each run until `release` is set."""

    release = threading.Event()

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        threading.Thread(target=self.release.wait, name=f"left-{number}-{id(self)}").start()
        return super().ask(ctx, query, number)


class Opening(Board):
    """Leaves a file open."""

    files: list[Any] = []  # noqa: RUF012  (the leak)

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        self.files.append(tempfile.TemporaryFile())  # noqa: SIM115
        return super().ask(ctx, query, number)


class Mangling(Board):
    """Raises errors that do not survive the way out of their process."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        class BoardSad(Transient):
            pass

        try:
            return super().ask(ctx, query, number)
        except CollectError as error:
            raise BoardSad(str(error)) from None
