"""Two writers that store the same page at the same moment, each from another end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from jobtracker_core.contract.host import Record
from jobtracker_core.storage import upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy

COUNT = 600


def write_in_opposite_order(
    pair: tuple[Database, Database], turn: int, both_wait: Callable[[], object]
) -> list[Any]:
    """Write so many postings; gives what each writer did, or the `Busy` that it was told.

    In every first turn they are new, in every second one they are known and changed. Somebody else
    holds the one in the middle until `both_wait` returns: so each has written what it comes to first.
    """
    results: list[Any] = [None, None]
    together = threading.Barrier(2)

    def run(number: int) -> None:
        page = [_posting(turn, key) for key in range(COUNT)][:: -1 if number else 1]
        try:
            with pair[number].write() as conn:
                now = pair[number].now(conn)
                together.wait()
                results[number] = upsert.write_page(
                    conn, source="site", kind="list", records=page, run_id=None, now=now
                )
        except Busy as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    with _holding(pair[0], _posting(turn, COUNT // 2)):
        for thread in threads:
            thread.start()
        both_wait()
    for thread in threads:
        thread.join()
    return results


class _UndoneError(Exception):
    """What was written is taken back."""


@contextmanager
def _holding(db: Database, record: Record) -> Iterator[None]:
    with suppress(_UndoneError), db.write() as conn:
        upsert.write_page(
            conn, source="site", kind="list", records=[record], run_id=None, now=db.now(conn)
        )
        yield
        raise _UndoneError


def _posting(turn: int, key: int) -> Record:
    return Record(
        source_id=f"{turn // 2}-{key:04}",
        url=f"https://board.example/{key}",
        title=f"Job {key} of turn {turn}",
        content_hash=(turn * COUNT + key).to_bytes(16, "big"),
    )
