"""A change is one transaction, says who made it, and happens once for each key."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.storage import audit_tables, request_keys
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.audit_tables import audit_log
from jobtracker_core.storage.engine import now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.queue_tables import sites
from jobtracker_core.storage.request_keys import Answered, KeyReused, RequestKey
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.change import differing

SOMEBODY = Actor(kind="token", id=7, name="my script", address="192.0.2.1")


def key(text: str = "k", digest: bytes = b"d") -> RequestKey:
    return RequestKey(actor="token:7", key=text, digest=digest)


def rows(tracker: JobTracker) -> list[tuple[Any, ...]]:
    with tracker.database.read() as conn:
        found = conn.execute(sa.select(audit_log).order_by(audit_log.c.id))
        return [(r.actor_kind, r.actor_id, r.action, r.target, r.data) for r in found]


def known_sites(tracker: JobTracker) -> list[str]:
    with tracker.database.read() as conn:
        return list(conn.execute(sa.select(sites.c.key)).scalars())


def add_site(tracker: JobTracker, name: str, *, error: Exception | None = None) -> str:
    with tracker.change("site.create") as change:
        with change.db.write() as conn:
            conn.execute(sa.insert(sites), {"key": name})
        if error is not None:
            raise error
        change.note(name=name)
        return change.made(name, f"site:{name}")


def test_a_change_leaves_one_row_that_names_its_maker(tracker) -> None:
    add_site(tracker.acting(SOMEBODY), "a")
    assert rows(tracker) == [("token", 7, "site.create", "site:a", {"name": "a"})]
    assert known_sites(tracker) == ["a"]


def test_what_fails_leaves_neither_change_nor_row(tracker) -> None:
    with pytest.raises(ConfigError):
        add_site(tracker, "a", error=ConfigError("a", "no"))
    assert rows(tracker) == []
    assert known_sites(tracker) == []


def test_a_part_that_fails_and_is_caught_is_taken_back_alone(tracker) -> None:
    with tracker.change("bulk") as change:
        inner = tracker.within(change)
        add_site(inner, "a")
        with pytest.raises(NotFound):
            add_site(inner, "b", error=NotFound("b"))
        add_site(inner, "c")
        with change.db.read() as conn:
            assert set(conn.execute(sa.select(sites.c.key)).scalars()) == {"a", "c"}
    assert sorted(known_sites(tracker)) == ["a", "c"]
    assert [row[2] for row in rows(tracker)] == ["bulk"]


def test_a_repeated_request_changes_nothing_and_gets_the_same_answer(tracker) -> None:
    add_site(tracker.acting(SOMEBODY, key()), "a")
    with pytest.raises(Answered) as told:
        add_site(tracker.acting(SOMEBODY, key()), "b")
    assert told.value.answer == '"a"'
    assert known_sites(tracker) == ["a"]
    assert len(rows(tracker)) == 1


def test_a_key_marks_one_request(tracker) -> None:
    add_site(tracker.acting(SOMEBODY, key()), "a")
    with pytest.raises(KeyReused):
        add_site(tracker.acting(SOMEBODY, key(digest=b"other")), "b")
    add_site(tracker.acting(SOMEBODY, key("k2")), "b")
    assert sorted(known_sites(tracker)) == ["a", "b"]


def test_a_request_that_failed_can_be_repeated(tracker) -> None:
    with pytest.raises(NotFound), tracker.acting(SOMEBODY, key()).change("x"):
        raise NotFound("a")
    add_site(tracker.acting(SOMEBODY, key()), "a")
    assert known_sites(tracker) == ["a"]


def test_of_two_at_once_one_is_carried_out(tracker) -> None:
    ends: list[object] = []

    def ask() -> None:
        try:
            ends.append(add_site(tracker.acting(SOMEBODY, key()), "a"))
        except Answered as told:
            ends.append(told)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 4
    assert ends.count("a") == 1
    assert len(rows(tracker)) == 1


def test_keys_are_forgotten_after_two_days(tracker) -> None:
    add_site(tracker.acting(SOMEBODY, key()), "a")
    assert request_keys.prune(tracker.database) == 0
    with tracker.database.write() as conn:
        old = now(conn) - request_keys.KEPT * 1.01
        conn.execute(sa.update(audit_tables.request_keys).values(created_at=old))
    assert request_keys.prune(tracker.database) == 1


def test_a_row_is_one_line_without_what_databases_refuse(tracker) -> None:
    with tracker.change("x", "a\nb") as change:
        change.note(text="1\r\n2\x00", many=["\ud800", 3], long="y" * 600)
    [(*_, target, data)] = rows(tracker)
    assert target == "a\\nb"
    assert data["text"] == "1\\r\\n2\ufffd"
    assert data["many"] == ["?", 3]
    assert len(data["long"]) == 500


def test_a_trial_is_no_part_of_a_change(tracker) -> None:
    with (
        tracker.change("x") as change,
        pytest.raises(RuntimeError, match="trial"),
        change.db.trial(),
    ):
        pass


def test_what_differs_is_named_with_both_values() -> None:
    assert differing({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {
        "b": {"was": 2, "is": 3},
        "c": {"was": None, "is": 4},
    }
