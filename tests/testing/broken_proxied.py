"""Collectors with their own HTTP that go where they should not, or read no errors."""

from __future__ import annotations

import urllib.request
from contextlib import suppress
from typing import Any

import msgspec

from jobtracker_core import CollectError, CollectorSettings
from tests.testing.board import Answer, OwnBoard


class Tracking(OwnBoard):
    """Tells somebody else too."""

    def ask(self, ctx: Any, number: int) -> Answer:
        with suppress(OSError):
            self.fetch("https://tracker.example/api/jobs", ctx.proxy_url())
        return super().ask(ctx, number)


class Plain(OwnBoard):
    """Can be pointed at a site by `base_url` alone."""

    info = msgspec.structs.replace(OwnBoard.info, settings=CollectorSettings, name="plain_board")

    def fetch(self, url: str, proxy: str | None) -> bytes:
        handler = urllib.request.ProxyHandler({"http": proxy} if proxy else {})
        with urllib.request.build_opener(handler).open(url, timeout=10) as response:
            return bytes(response.read())


class Bypassing(Plain):
    """Goes around its proxy."""

    info = msgspec.structs.replace(Plain.info, name="bypassing")

    def fetch(self, url: str, proxy: str | None) -> bytes:
        return super().fetch(url, None)


class Telling(OwnBoard):
    """Logs the proxy with its password."""

    def ask(self, ctx: Any, number: int) -> Answer:
        ctx.log.info("asking", proxy=ctx.proxy_url())
        return super().ask(ctx, number)


class Soothing(OwnBoard):
    """Knows no failure."""

    def ask(self, ctx: Any, number: int) -> Answer:
        try:
            return super().ask(ctx, number)
        except CollectError:
            return Answer(items=[], total=0, last=True)
