"""Collectors whose class or start breaks a promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from jobtracker_core import CommonQuery, Page
from tests.testing.board import INFO, Board, BoardQuery


class BadName(Board):
    info = msgspec.structs.replace(INFO, name="Bad-Name")


class Homeless(Board):
    """Is not installed."""

    info = msgspec.structs.replace(INFO, name="homeless")


class MuteQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    colour: str | None = None


class Mute(Board):
    """Has a field without a label."""

    info = msgspec.structs.replace(INFO, query=MuteQuery, canary=MuteQuery(text="engineer"))


class Eager(Board):
    """Asks before the first page is asked for."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        self.ask(ctx, query, 0)
        return super().collect(query, ctx, cursor=cursor)
