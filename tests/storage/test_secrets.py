"""Secrets in the database: never in the clear, each bound to its row, and keys that change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from jobtracker_core.storage import proxies, secrets
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import MissingKey, StorageError, WrongKey
from jobtracker_core.storage.tables import proxies as table
from keys import KEY, OTHER_KEY, cipher

LOGIN = "http://canary-user:canary-word@gate.example:8000"

Opens = Callable[..., Database]


@pytest.fixture
def open_with(db_url: str) -> Iterator[Opens]:
    """Open the same database with other keys, or without any."""
    opened: list[Database] = []

    def open_(*keys: str) -> Database:
        db = open_database(db_url, cipher=cipher(*keys) if keys else None)
        opened.append(db)
        return db

    yield open_
    for db in opened:
        db.close()


def urls(db: Database) -> list[str]:
    return [proxies.url_of(db, status.id).url for status in proxies.list_proxies(db)]


def stored(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(sa.select(table.c.url).order_by(table.c.id)).scalars())


def bytes_of(db: Database) -> bytes:
    """All that is stored, as it lies in the file or as the server tells it."""
    if db.path is not None:
        return b"".join(path.read_bytes() for path in db.path.parent.glob(f"{db.path.name}*"))
    with db.read() as conn:
        names = sa.inspect(conn).get_table_names()
        return repr([conn.exec_driver_sql(f'SELECT * FROM "{n}"').all() for n in names]).encode()


def put_in_clear(db: Database, *numbers: int) -> None:
    """Store addresses as an older program did."""
    with db.write() as conn:
        for number in numbers:
            url = LOGIN.replace("8000", str(8000 + number))
            conn.execute(sa.update(table).where(table.c.id == number).values(url=url))


def test_nothing_is_in_the_clear(db: Database) -> None:
    proxies.add(db, LOGIN, pool="home")
    assert urls(db) == [LOGIN]
    assert b"canary" not in bytes_of(db)


def test_lists_need_no_key(db: Database, open_with: Opens) -> None:
    added = proxies.add(db, LOGIN, pool="home")
    without = open_with()
    assert proxies.list_proxies(without) == (added,)
    assert (added.address, added.has_credentials) == ("http://gate.example:8000", True)
    assert proxies.remove(without, added.id) == added


def test_without_a_key_nothing_is_stored(open_with: Opens) -> None:
    db = open_with()
    with pytest.raises(MissingKey, match="without a key"):
        proxies.add(db, LOGIN, pool="home")
    assert proxies.list_proxies(db) == ()
    assert b"canary" not in bytes_of(db)


def test_a_wrong_key_reads_nothing_and_writes_nothing(db: Database, open_with: Opens) -> None:
    proxies.add(db, LOGIN, pool="home")
    other = open_with(OTHER_KEY)
    with pytest.raises(WrongKey, match="setting secret_key") as refused:
        proxies.url_of(other, 1)
    assert "JOBTRACKER_SECRET_KEY" in refused.value.hint
    for pool in ("home", "empty"):
        with pytest.raises(WrongKey, match="secret"):
            proxies.add(other, LOGIN.replace("8000", "9"), pool=pool)
    with pytest.raises(WrongKey):
        secrets.rotate(other)
    assert len(proxies.list_proxies(db)) == 1
    assert urls(db) == [LOGIN]


def test_a_secret_that_was_moved_does_not_open(db: Database) -> None:
    proxies.add(db, LOGIN, pool="home")
    proxies.add(db, "http://attacker.example:1", pool="home")
    first, second = stored(db)
    with db.write() as conn:
        conn.execute(sa.update(table).where(table.c.id == 1).values(url=second))
        conn.execute(sa.update(table).where(table.c.id == 2).values(url=first))
    for number in (1, 2):
        with pytest.raises(WrongKey, match=f"proxies {number}"):
            proxies.url_of(db, number)


def test_what_an_older_program_stored_is_sealed(db: Database) -> None:
    for number in range(1, 4):
        proxies.add(db, LOGIN.replace("8000", str(8000 + number)), pool="home")
    before = urls(db)
    put_in_clear(db, 1, 3)
    assert b"canary" in bytes_of(db)
    with pytest.raises(StorageError, match="not encrypted yet") as refused:
        proxies.url_of(db, 1)
    assert "jobtracker db upgrade" in refused.value.hint
    assert secrets.seal_clear(db) == 2
    assert secrets.seal_clear(db) == 0
    assert urls(db) == before
    assert b"canary" not in bytes_of(db)


def test_it_is_not_sealed_with_a_key_that_is_missing_or_wrong(
    db: Database, open_with: Opens
) -> None:
    proxies.add(db, LOGIN.replace("8000", "8001"), pool="home")
    put_in_clear(db, 1)
    for other, error in ((open_with(), MissingKey), (open_with(OTHER_KEY), WrongKey)):
        with pytest.raises(error):
            secrets.seal_clear(other)
    assert stored(db) == [LOGIN.replace("8000", "8001")]
    assert secrets.seal_clear(db) == 1


def test_rotation_seals_all_with_the_first_key(db: Database, open_with: Opens) -> None:
    for number in range(5):
        proxies.add(db, LOGIN.replace("8000", str(8000 + number)), pool="home")
    before = urls(db)
    both, new = open_with(OTHER_KEY, KEY), open_with(OTHER_KEY)
    proxies.add(both, "http://new.example:1", pool="home")
    assert secrets.rotate(both) == secrets.Rotation(secrets=6, renewed=5)
    assert secrets.rotate(both) == secrets.Rotation(secrets=6, renewed=0)
    assert urls(new) == [*before, "http://new.example:1"]
    proxies.add(new, "http://newer.example:1", pool="home")
    with pytest.raises(WrongKey):
        proxies.url_of(db, 1)


def test_a_rotation_that_is_killed_half_way_leaves_all_readable(
    db: Database, db_url: str, open_with: Opens, processes: Callable[..., list[str]]
) -> None:
    for number in range(7):
        proxies.add(db, LOGIN.replace("8000", str(8000 + number)), pool="home")
    before, sealed = urls(db), stored(db)
    script = f"""
import os, signal
import sqlalchemy as sa
from jobtracker_core.settings import Settings
from jobtracker_core.storage import secrets
from jobtracker_core.storage.engine import open_database
from jobtracker_core.tracker.keys import InstallationCipher
db = open_database(url, cipher=InstallationCipher(Settings(secret_key=({OTHER_KEY!r}, {KEY!r}))))
secrets._BATCH = 2
updates = 0
@sa.event.listens_for(db._writer, "before_cursor_execute")
def die(conn, cursor, statement, *_):
    global updates
    updates += statement.startswith("UPDATE proxies")
    if updates == 4:
        os.kill(os.getpid(), signal.SIGKILL)
go()
secrets.rotate(db)
"""
    processes(script, db_url, 1, codes=(-9,))
    both = open_with(OTHER_KEY, KEY)
    now = stored(both)
    assert [a == b for a, b in zip(now, sealed, strict=True)] == [False] * 2 + [True] * 5
    assert urls(both) == before
    proxies.add(both, "http://meanwhile.example:1", pool="home")
    assert secrets.rotate(both) == secrets.Rotation(secrets=8, renewed=5)
    assert urls(open_with(OTHER_KEY)) == [*before, "http://meanwhile.example:1"]


def test_of_two_processes_with_two_keys_one_stores_secrets(
    db_url: str, db: Database, processes: Callable[..., list[str]]
) -> None:
    script = f"""
from jobtracker_core.settings import Settings
from jobtracker_core.storage import proxies
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.errors import WrongKey
from jobtracker_core.tracker.keys import InstallationCipher
key = ({KEY!r}, {OTHER_KEY!r})[number]
db = open_database(url, cipher=InstallationCipher(Settings(secret_key=(key,))))
go()
try:
    proxies.add(db, f"http://p{{number}}.example:1", pool=f"pool{{number}}")
    print("stored")
except WrongKey:
    print("refused")
"""
    assert sorted(processes(script, db_url, 2)) == ["refused", "stored"]
    assert len(proxies.list_proxies(db)) == 1
