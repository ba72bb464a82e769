"""Pools of proxies in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.host import Proxy
from jobtracker_core.storage import proxies
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Duplicate, NotFound
from jobtracker_core.storage.tables import proxies as table

URL = "http://gate.example:8000"
LOGIN = "http://canary-user:canary-word@gate.example:8000"


def age(db: Database, **passed: float) -> None:
    """Let time pass for all quarantines."""
    with db.write() as conn:
        for row in conn.execute(sa.select(table.c.id, table.c.quarantined_until)).all():
            if row.quarantined_until is not None:
                moved = row.quarantined_until - timedelta(**passed)
                conn.execute(
                    sa.update(table).where(table.c.id == row.id).values(quarantined_until=moved)
                )


def fill(db: Database, count: int) -> tuple[int, list[int]]:
    added = [proxies.add(db, f"http://p{n}.example:80", pool="home").id for n in range(count)]
    return proxies.find_pool(db, "home").id, added


def taken(db: Database, pool_id: int, **how: list[int]) -> int:
    proxy = proxies.take(db, pool_id, **how)
    assert isinstance(proxy, Proxy)
    return proxy.id


def minutes(db: Database, proxy_id: int) -> int:
    """How long the proxy's quarantine lasts from now on."""
    [status] = [p for p in proxies.list_proxies(db) if p.id == proxy_id]
    assert status.quarantined_until is not None
    with db.read() as conn:
        return round((status.quarantined_until - db.now(conn)).total_seconds() / 60)


def test_what_is_shown_holds_no_credentials(db: Database) -> None:
    added = proxies.add(db, LOGIN, pool="home")
    assert (added.address, added.has_credentials) == (URL, True)
    assert (added.label, added.pool) == ("gate.example:8000", "home")
    assert "canary" not in repr(added) + repr(proxies.list_proxies(db))
    proxy = proxies.take(db, proxies.find_pool(db, "home").id)
    assert isinstance(proxy, Proxy)
    assert proxy.url == LOGIN
    assert "canary" not in repr(proxy) + str(proxy)


def test_labels_are_found_and_repeats_refused(db: Database) -> None:
    labels = [
        proxies.add(db, f"http://user{n}:x@gate.example:8000", pool="home").label for n in range(3)
    ]
    assert labels == ["gate.example:8000", "gate.example:8000 #2", "gate.example:8000 #3"]
    with pytest.raises(Duplicate, match=r"has this proxy already: gate\.example:8000 #2") as caught:
        proxies.add(db, "http://user1:x@gate.example:8000", pool="home")
    assert "user1" not in str(caught.value)
    proxies.add(db, URL, pool="home", label="mine")
    with pytest.raises(Duplicate, match="'mine'"):
        proxies.add(db, "http://other.example:1", pool="home", label="mine")
    assert proxies.add(db, URL, pool="work").label == "gate.example:8000"
    assert [(pool.name, pool.proxies) for pool in proxies.list_pools(db)] == [
        ("home", 4),
        ("work", 1),
    ]


def test_the_least_recently_used_one_comes_first(db: Database) -> None:
    pool_id, added = fill(db, 3)
    assert [taken(db, pool_id) for _ in range(5)] == [*added, *added[:2]]
    assert taken(db, pool_id, avoid=[added[2]]) == added[0]


def test_one_that_is_set_aside_is_left_out_until_its_time(db: Database) -> None:
    pool_id, added = fill(db, 2)
    until = proxies.set_aside(db, added[0], cause="proxy")
    assert [taken(db, pool_id) for _ in range(2)] == [added[1]] * 2
    proxies.set_aside(db, added[1], cause="blocked")
    assert proxies.take(db, pool_id) == until
    assert proxies.take(db, pool_id, avoid=added) is None
    age(db, minutes=1)
    assert taken(db, pool_id) == added[0]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [("proxy", [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]), ("blocked", [30, 60, 120, 240, 360])],
)
def test_the_quarantine_grows_and_a_success_ends_it(db: Database, cause, expected) -> None:
    _, [proxy_id] = fill(db, 1)
    lengths = []
    for _ in expected:
        proxies.set_aside(db, proxy_id, cause=cause)
        proxies.set_aside(db, proxy_id, cause="proxy")  # the same failure, told twice
        lengths.append(minutes(db, proxy_id))
        age(db, hours=6)
    assert lengths == expected
    [status] = proxies.list_proxies(db)
    assert (status.failures, status.last_error) == (len(expected), "proxy")
    proxies.note_success(db, proxy_id)
    [status] = proxies.list_proxies(db)
    assert (status.failures, status.quarantined_until) == (0, None)
    assert status.last_ok_at is not None


def test_a_pool_that_is_not_there_names_those_that_are(db: Database) -> None:
    with pytest.raises(NotFound, match="'work'; there are none"):
        proxies.find_pool(db, "work")
    fill(db, 1)
    with pytest.raises(NotFound, match="'work'; there are home") as caught:
        proxies.list_proxies(db, pool="work")
    assert "jobtracker proxies add URL --pool NAME" in caught.value.hint


def test_deleting(db: Database) -> None:
    pool_id, added = fill(db, 2)
    assert proxies.remove(db, added[0]).id == added[0]
    for gone in (lambda: proxies.remove(db, added[0]), lambda: proxies.url_of(db, added[0])):
        with pytest.raises(NotFound, match=f"no proxy {added[0]}"):
            gone()
    assert proxies.set_aside(db, added[0], cause="proxy") is None
    proxies.remove(db, added[1])
    assert proxies.take(db, pool_id) is None
    assert proxies.find_pool(db, "home").proxies == 0
    fill(db, 2)
    assert proxies.remove_pool(db, "home").proxies == 2
    assert (proxies.list_proxies(db), proxies.list_pools(db)) == ((), ())
