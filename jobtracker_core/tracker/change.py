"""Changes: each one is a transaction that also says who made it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from jobtracker_core.storage import audit, request_keys
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.request_keys import RequestKey

T = TypeVar("T")


class Change:
    """One change while it is being made.

    Attributes:
        db: The database seen from within the transaction: what is written through it is part of
            the change.
    """

    def __init__(self, db: Database, target: str) -> None:
        self.db = db
        self.target = target
        self.facts: dict[str, object] = {}
        self.answer: str | None = None

    def about(self, target: str) -> None:
        """Say what is changed, as `kind:id`, once that is known."""
        self.target = target

    def note(self, **facts: object) -> None:
        """Add what the audit log is to say of it; never a secret."""
        self.facts |= facts

    def made(self, result: T, target: str) -> T:
        """Say what was made, and keep it as the answer for when the request is repeated."""
        self.about(target)
        self.answer = msgspec.json.encode(result).decode()
        return result


@contextmanager
def changing(
    database: Database, actor: Actor, repeat: RequestKey | None, action: str, target: str
) -> Iterator[Change]:
    """Open a change as one transaction; any exception takes it back, its audit row too.

    On SQLite it holds the only write lock: nothing slow belongs inside.

    Raises:
        Answered: The request was carried out before under its key.
        KeyReused: The key marks another request.
    """
    with database.write() as conn:
        if repeat is not None:
            request_keys.begin(conn, repeat)
        change = Change(database.joined(conn), target)
        yield change
        audit.record(conn, actor, action, change.target, change.facts)
        if repeat is not None:
            request_keys.end(conn, repeat, change.answer)


def this_user() -> Actor:
    """Return whoever runs this process."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A container's user often has a number only.
        name = "unknown"
    return Actor(kind="local", name=name)


def differing(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """Return what changed, each as `{was, is}`."""
    return {
        name: {"was": before.get(name), "is": after.get(name)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
