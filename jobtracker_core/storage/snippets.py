"""The piece of each found job's description that holds what was looked for."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.search.nodes import sought
from jobtracker_core.search.snippets import Part, snippet
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.find_plan import read_text
from jobtracker_core.storage.index_tokens import body
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import job_texts, jobs
from jobtracker_core.storage.types import LARGEST_ID


class Snippet(Struct, frozen=True, kw_only=True):
    """A piece of one job's description; `is_hit` marks what was looked for."""

    job_id: int
    parts: tuple[Part, ...]


def snippets(db: Database, ids: Sequence[int], text: str) -> tuple[Snippet, ...]:
    """Return a snippet of each of these jobs that has a description with a hit, in their order.

    Raises SearchError. None at all where the text holds no words.
    """
    node = read_text({"text": text})
    wanted = [number for number in ids if 0 < number <= LARGEST_ID]
    if node is None or not sought(node) or not wanted:
        return ()
    described = sa.select(jobs.c.id, jobs.c.language, job_texts.c.description).join(
        job_texts, job_texts.c.job_id == jobs.c.id
    )
    with db.read() as conn:
        rows = conn.execute(described.where(one_of(conn, jobs.c.id, wanted))).all()
    found: dict[int, tuple[Part, ...]] = {}
    for number, language, description in rows:
        parts = snippet(body(description or ""), node, language)
        if any(part.is_hit for part in parts):
            found[number] = parts
    return tuple(
        Snippet(job_id=number, parts=found[number])
        for number in dict.fromkeys(wanted)
        if number in found
    )
