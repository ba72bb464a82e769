"""Collectors that do not stop, go past their context, or leave something behind."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from msgspec import structs

from jobtracker_core import CollectError, FilterSupport, Page, Transient
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
    """Use the client's route behind its back."""
    request = Request(method="GET", url=f"{board.base}/api/jobs?q=engineer&page={number}")
    client = getattr(ctx.http, "_inner", ctx.http)
    import msgspec

    return msgspec.json.decode(client._route.send(request, timeout=5).content, type=Answer)


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


class Deaf(Board):
    """Says that the site searches for the text, and never tells the site."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        return super().ask(ctx, structs.replace(query, text=None), number)


class Boasting(Board):
    """Says that the site applies what it has no parameter for."""

    info = structs.replace(
        Board.info, filters=dict.fromkeys(("text", "distance_km"), FilterSupport.NATIVE)
    )


class DiallingElsewhere(Board):
    """Uses the call that Python's own asynchronous code prefers."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        with suppress(OSError), socket.socket() as line:
            line.connect_ex(("127.0.0.1", 9))
        return super().ask(ctx, query, number)


class Delegating(Board):
    """Lets a thread of its own ask."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        def fetch() -> None:
            with suppress(OSError):
                urllib.request.urlopen("http://127.0.0.1:9/hello", timeout=3).close()

        thread = threading.Thread(target=fetch)
        thread.start()
        thread.join()
        return super().ask(ctx, query, number)


class Spawning(Board):
    """Lets a process of its own ask."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        with suppress(OSError):
            subprocess.run([sys.executable, "-S", "-c", "pass"], check=True)
        return super().ask(ctx, query, number)


class Shelling(Board):
    """Lets a shell ask."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        with suppress(OSError):
            os.system("true")
        return super().ask(ctx, query, number)


class Curling(Board):
    """Has a client of its own beside the context's."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        from curl_cffi import requests

        with suppress(OSError):
            requests.get(f"{self.base}/api/jobs?page=0", timeout=3)
        return super().ask(ctx, query, number)


class Hoarding(Board):
    """Has a handle of curl's own that was told long ago where to go."""

    handles: list[Any] = []  # noqa: RUF012  (outlives a run)

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        if not self.handles:
            from curl_cffi import Curl, CurlOpt

            self.handles.append(Curl())
            self.handles[0].setopt(CurlOpt.URL, b"http://127.0.0.1:9/")
        with suppress(Exception):
            self.handles[0].perform(clear_headers=False, clear_resolve=False)
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
