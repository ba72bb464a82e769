"""What a token may be allowed to do."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Scope(StrEnum):
    """One thing that a token may do.

    `jobs:write` includes `jobs:read`, and `admin` includes all; the others include nothing else.
    """

    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    RUNS_TRIGGER = "runs:trigger"
    INGEST = "ingest"
    ADMIN = "admin"

    @property
    def meaning(self) -> str:
        """What it allows, in one line."""
        return _MEANINGS[self]

    def is_in(self, scopes: Collection[Scope]) -> bool:
        """Say whether these scopes allow this one, themselves or because one includes it."""
        return any(self == scope or self in _INCLUDED.get(scope, ()) for scope in scopes)


_MEANINGS = {
    Scope.JOBS_READ: "read jobs, companies, applications, events, searches and runs",
    Scope.JOBS_WRITE: "change jobs, companies, applications, events and searches",
    Scope.RUNS_TRIGGER: "start, cancel and retry runs",
    Scope.INGEST: "store pages that were collected elsewhere",
    Scope.ADMIN: "everything, with users, tokens, proxies and settings",
}
_INCLUDED = {
    Scope.JOBS_WRITE: frozenset({Scope.JOBS_READ}),
    Scope.ADMIN: frozenset(Scope),
}
