"""A collector whose module imports what it does not need yet."""

from __future__ import annotations

import sqlalchemy

from tests.testing.board import Board


class Heavy(Board):
    needs = sqlalchemy
