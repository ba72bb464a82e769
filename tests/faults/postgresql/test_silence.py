"""The server, or the way to it, falls silent: nobody is told that a connection is dead."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from jobtracker_core import RunState
from jobtracker_core.storage import engine
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.errors import StorageError, Unreachable


def seconds_until_it_fails(db, statement: str, **values: object) -> tuple[float, StorageError]:
    with pytest.raises(StorageError) as caught, db.write() as conn:
        began = time.monotonic()
        conn.execute(sa.text(statement), values)
    return time.monotonic() - began, caught.value


@pytest.fixture
def wired(server, name, wire):
    """A database behind the wire, with a connection open."""
    db = open_database(server.url(name, port=wire.port))
    with db.write() as conn:
        conn.execute(sa.text("SELECT 1"))
    yield db
    wire.cut()
    db.close()

def test_x_swallow(wired, wire):
    wire.swallow()
    print(seconds_until_it_fails(wired, "SELECT 1"))

def test_x_window(server, name):
    from tcp_proxy import TcpProxy
    with TcpProxy(("127.0.0.1", server.port), window=4096) as wire:
        db = open_database(server.url(name, port=wire.port))
        with db.write() as conn:
            conn.execute(sa.text("SELECT 1"))
            wire.take_nothing()
            t = time.monotonic()
            try:
                conn.execute(sa.text("SELECT length(:x)"), {"x": "x" * 8_000_000})
            except Exception as e:
                print(repr(e))
            print(time.monotonic()-t)
