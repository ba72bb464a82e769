"""Collectors that keep every promise pass every check."""

from __future__ import annotations

from jobtracker_core.testing import CollectorContract
from tests.testing.board import Board, BoardSite, HtmlBoard, OwnBoard
from tests.testing.conftest import installed


class TestBoard(CollectorContract):
    collector = Board
    site = BoardSite
    registry = installed(Board)


class TestHtmlBoard(CollectorContract):
    collector = HtmlBoard
    site = BoardSite
    registry = installed(HtmlBoard)


class TestOwnBoard(CollectorContract):
    """Over TLS, which the kit's proxy ends."""

    collector = OwnBoard
    site = BoardSite
    registry = installed(OwnBoard)
