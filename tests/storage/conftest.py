"""Records, runs and processes for the tests of the database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from jobtracker_core.contract.host import Record
from jobtracker_core.storage import runs, upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.merge import Kind

MakeRecord = Callable[..., Record]


@pytest.fixture(scope="session")
def make_record() -> MakeRecord:
    """Make a record whose hash follows from what it says."""

    def make(source_id: str = "1", **fields: Any) -> Record:
        fields = {"url": f"https://example.org/{source_id}", "title": "Engineer", **fields}
        record = Record(source_id=source_id, content_hash=b"", **fields)
        said = msgspec.json.encode(msgspec.structs.replace(record, raw=None))
        digest = hashlib.blake2b(said, digest_size=16).digest()
        return msgspec.structs.replace(record, content_hash=digest)

    return make


@pytest.fixture
def write(db: Database) -> Callable[..., upsert.Written]:
    """Write a page in a transaction of its own."""

    def write(
        *records: Record,
        kind: Kind = "list",
        source: str = "site",
        run_id: int | None = None,
    ) -> upsert.Written:
        with db.write() as conn:
            return upsert.write_page(
                conn, source=source, kind=kind, records=records, run_id=run_id, now=db.now(conn)
            )

    return write


@pytest.fixture
def begin(db: Database) -> Callable[..., runs.Claim]:
    """Start a run with unimportant facts filled in."""

    def begin(**facts: Any) -> runs.Claim:
        return runs.start(
            db,
            **{
                "collector": "site",
                "trigger": "manual",
                "query": {"text": "python"},
                "query_hash": "q1",
                "plugin_name": "jobtracker-site",
                "plugin_version": "1.0",
                "concurrency_key": "example.org",
                "max_running": 1,
                "worker_id": "h:b:1:1:me",
                **facts,
            },
        )

    return begin
