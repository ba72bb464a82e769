"""Where the key of stored secrets comes from, and that no secret comes out again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from jobtracker_core import JobTracker, Settings
from jobtracker_core.logs import open_log
from jobtracker_core.storage.errors import MissingKey, WrongKey
from jobtracker_core.storage.tables import metadata
from jobtracker_core.tracker.keys import KEY_FILE
from keys import KEY, OTHER_KEY

LOGIN = "http://canary-user:canary-word@gate.example:8000"


@pytest.fixture
def install(db_url: str, tmp_path: Path) -> Iterator[Callable[..., JobTracker]]:
    """Open an installation with a data directory and settings of its own."""
    opened: list[JobTracker] = []

    def install(directory: str = "data", **settings: Any) -> JobTracker:
        values = {"data_dir": tmp_path / directory, "database_url": db_url, "plugins": ()}
        tracker = JobTracker(Settings(**{**values, **settings}))
        opened.append(tracker)
        return tracker

    yield install
    for tracker in opened:
        tracker.close()


def url(tracker: JobTracker) -> str:
    from jobtracker_core.storage import proxies

    return proxies.url_of(tracker.database, 1).url


def test_a_key_is_made_at_first_need_on_sqlite_and_never_on_postgresql(
    install, tmp_path: Path, dialect: str
) -> None:
    tracker = install()
    path = tmp_path / "data" / KEY_FILE
    assert tracker.proxies.list() == ()
    assert not path.exists()
    if dialect == "postgresql":
        with pytest.raises(MissingKey, match="no key to encrypt") as refused:
            tracker.proxies.add(LOGIN)
        assert "JOBTRACKER_SECRET_KEY (or secret_key_file)" in refused.value.hint
        assert tracker.proxies.list() == ()
        assert not path.exists()
        return
    tracker.proxies.add(LOGIN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    again = install()
    assert url(again) == LOGIN
    again.proxies.add(LOGIN.replace("8000", "1"))


def test_a_lost_key_file_is_not_made_anew(install, tmp_path: Path) -> None:
    install(secret_key=(KEY,)).proxies.add(LOGIN)
    lost = install("elsewhere")
    for use in (lambda: lost.proxies.add(LOGIN.replace("8000", "1")), lambda: url(lost)):
        with pytest.raises(MissingKey, match=r"secret\.key is not there") as refused:
            use()
        assert "JOBTRACKER_SECRET_KEY" in refused.value.hint
    assert not (tmp_path / "elsewhere" / KEY_FILE).exists()
    assert len(lost.proxies.list()) == 1


def test_the_settings_go_before_the_file(install, tmp_path: Path) -> None:
    install(secret_key=(KEY,)).proxies.add(LOGIN)
    named = tmp_path / "named.key"
    named.write_text(f"{OTHER_KEY}\n{KEY}\n")
    named.chmod(0o600)
    assert url(install(secret_key_file=named)) == LOGIN
    (tmp_path / "data").mkdir(exist_ok=True)
    default = tmp_path / "data" / KEY_FILE
    default.write_text(KEY)
    default.chmod(0o600)
    assert url(install()) == LOGIN
    with pytest.raises(WrongKey, match=r"the key of the setting secret_key \(code\)"):
        url(install(secret_key=(OTHER_KEY,), secret_key_file=named))
    named.write_text(OTHER_KEY)
    with pytest.raises(WrongKey, match=r"named\.key"):
        url(install(secret_key_file=named))


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0, "is not there"),
        (KEY, 0o644, "can be read by other users"),
        ("changeme", 0o600, "holds no key"),
        ("", 0o600, "holds no key"),
        ("ü", 0o600, "it is no text"),
    ],
)
def test_a_file_that_is_no_good_is_said_so(
    install, tmp_path: Path, content: str | None, mode: int, words: str
) -> None:
    path = tmp_path / "named.key"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    tracker = install(secret_key_file=path)
    with pytest.raises(MissingKey, match=words) as refused:
        tracker.proxies.add(LOGIN)
    assert "named.key" in str(refused.value)
    assert "canary" not in str(refused.value)
    assert tracker.proxies.list() == ()


def test_what_is_in_the_clear_is_sealed_when_it_is_opened(install) -> None:
    first = install(secret_key=(KEY,))
    first.proxies.add(LOGIN)
    with first.database.write() as conn:
        conn.exec_driver_sql(f"UPDATE proxies SET url = '{LOGIN}'")  # as an older program did
        conn.exec_driver_sql("DELETE FROM secret_checks")
    if first.database.dialect == "postgresql":
        with pytest.raises(MissingKey, match="no key to encrypt"):
            _ = install("elsewhere").database
    assert "canary" in everything(first)
    assert url(install(secret_key=(KEY,))) == LOGIN
    assert "canary" not in everything(first)


def test_two_processes_make_one_key(
    install, db_url: str, tmp_path: Path, dialect: str, processes: Callable[..., list[str]]
) -> None:
    if dialect == "postgresql":
        return
    script = f"""
import pathlib
from jobtracker_core import JobTracker, Settings
tracker = JobTracker(Settings(data_dir=pathlib.Path({str(tmp_path / "both")!r}), database_url=url, plugins=()))
tracker.database
go()
tracker.proxies.add(f"http://p{{number}}.example:1")
print("stored")
"""
    assert processes(script, db_url, 3) == ["stored"] * 3
    assert list((tmp_path / "both").iterdir()) == [tmp_path / "both" / KEY_FILE]
    assert url(install("both")).startswith("http://p")


def test_rotation_leaves_a_row(tracker: JobTracker, audited) -> None:
    tracker.proxies.add(LOGIN)
    done = tracker.secrets.rotate()
    assert (done.secrets, done.renewed) == (1, 0)
    assert audited()[-1] == ("secrets.rotate", "", {"secrets": 1, "renewed": 0})


def everything(tracker: JobTracker) -> str:
    """All that is stored, as text."""
    with tracker.database.read() as conn:
        return repr([conn.execute(sa.select(table)).all() for table in metadata.sorted_tables])


def test_no_secret_comes_out_anywhere(tracker: JobTracker) -> None:
    """Each field that takes a secret gets a canary, which is then looked for in all that comes out."""
    proxy = tracker.proxies.add(LOGIN)
    user = tracker.accounts.create_first("Ann", "canary lamp under snow")
    begun = tracker.accounts.login("Ann", "canary lamp under snow", address="192.0.2.1")
    made = tracker.tokens.create("script", ["admin"])
    secrets = ["canary", made.text[12:], begun.text[17:], KEY]
    shown = (
        *(proxy, user, begun.session, made.token, tracker.proxies.list(), tracker.accounts.list()),
        *(tracker.sessions.list(), tracker.tokens.list(), tracker.audit.list()),
    )
    out = msgspec.json.encode(shown).decode() + repr(shown) + repr(made) + repr(begun)
    out += repr(tracker.settings) + everything(tracker)
    lines: list[str] = []
    log = open_log(level="debug", style="json", write=lines.append)
    log.info("made", token=made.text, text=f"token {made.text}", proxy=LOGIN, settings=repr(shown))
    assert json.loads(lines[0])["event"] == "made"
    for secret in secrets:
        assert secret not in lines[0]
        assert secret not in out
