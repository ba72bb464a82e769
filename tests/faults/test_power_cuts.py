"""A SQLite file after the power failed: what is left of it, and of its log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from jobtracker_core.cli.app import run
from jobtracker_core.storage import backup
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import NotADatabase
from jobtracker_core.storage.schema import require_current
from jobtracker_core.storage.sizes import log_of
from jobtracker_core.storage.tables import job_texts, jobs

PAGE = 20
"""Postings of one transaction."""

WRITER = f"""
import sys
from jobtracker_core.contract.host import Record
from jobtracker_core.storage import upsert
from jobtracker_core.storage.engine import open_database

db = open_database(sys.argv[1])

def page(conn, number):
    records = [
        Record(
            source_id=f"{{number}}-{{one}}",
            content_hash=(number * 1000 + one).to_bytes(16, "big"),
            url="https://site.example/",
            title=f"Engineer {{number}}",
            description="x" * 1500,
        )
        for one in range({PAGE})
    ]
    now = db.now(conn)
    upsert.write_page(conn, source="site", kind="list", records=records, run_id=None, now=now)

for number in range(8):
    with db.write() as conn:
        page(conn, number)
with db.write() as conn:
    # More than is kept in memory: a part of it stands in the log before the commit.
    for number in range(8, 400):
        page(conn, number)
    print("writing", flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def wreck(db_url: str) -> Path:
    """What a process has left that was killed in a transaction, after 8 that were committed."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, db_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        writer.kill()
    path = Path(db_url.removeprefix("sqlite:///"))
    assert log_of(path).stat().st_size > 1_000_000
    return path


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Database]]:
    """Open a file as a program does that starts."""
    made: list[Database] = []

    def start(path: Path) -> Database:
        made.append(open_database(f"sqlite:///{path}"))
        require_current(made[-1])
        return made[-1]

    yield start
    for one in made:
        one.close()


def whole_pages(db: Database) -> int:
    """How many transactions are there, of which each must be there whole; it is written to, too."""
    backup.check_pages(db)
    with db.read() as conn:
        titles = conn.execute(
            sa.select(jobs.c.title, sa.func.count(), sa.func.count(job_texts.c.job_id))
            .select_from(jobs.outerjoin(job_texts))
            .group_by(jobs.c.title)
        ).all()
    assert {tuple(row[1:]) for row in titles} <= {(PAGE, PAGE)}
    assert {row[0] for row in titles} == {f"Engineer {number}" for number in range(len(titles))}
    with db.write() as conn:
        conn.execute(sa.update(jobs).values(city="Berlin"))
    backup.check_pages(db)
    return len(titles)


def commits(log: bytes) -> list[int]:
    """Where each transaction that counts ends in a log; https://sqlite.org/fileformat.html."""
    header, head = 32, 24
    frame = head + int.from_bytes(log[8:12], "big")
    return [
        at + frame
        for at in range(header, len(log), frame)
        if log[at + 8 : at + 16] == log[16:24] and any(log[at + 4 : at + 8])
    ]


def damage(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(512))


@pytest.mark.fault(
    "F14",
    done="A process was killed in a transaction, part of which stood in the log of the SQLite file.",
    holds="All that was committed is there, nothing of what was not, and the file is sound.",
)
def test_what_was_committed_is_there_and_nothing_else(wreck: Path, opened) -> None:
    assert whole_pages(opened(wreck)) == 8


@pytest.mark.fault(
    "F14",
    done="The same file was copied without its log.",
    holds="It opens as it was at the last checkpoint: whole transactions, and the file is sound.",
)
def test_a_copy_without_its_log_is_older_and_sound(wreck: Path, opened, tmp_path: Path) -> None:
    shutil.copy(wreck, tmp_path / "copy.db")
    assert whole_pages(opened(tmp_path / "copy.db")) <= 8


@pytest.mark.fault(
    "F14",
    done="The log was damaged at its beginning, in its middle or at its end, or cut off.",
    holds="What stands before the damage counts, in whole transactions, and the file is sound.",
)
def test_a_damaged_log_counts_up_to_the_damage(wreck: Path, opened, tmp_path: Path) -> None:
    ends = commits(log_of(wreck).read_bytes())
    found = []
    for number, at in enumerate((40, ends[1] + 100, ends[4] + 100, ends[-1] - 4_000)):
        path = tmp_path / f"{number}.db"
        shutil.copy(wreck, path)
        shutil.copy(log_of(wreck), log_of(path))
        damage(log_of(path), at)
        found.append(whole_pages(opened(path)))
    in_file = 8 - len(ends)
    assert found == [in_file, in_file + 2, in_file + 5, 7]


@pytest.mark.fault(
    "F14",
    done="The log was cut off within a transaction.",
    holds="What was committed before that one is there, and the file is sound.",
)
def test_a_log_that_is_cut_off_counts_up_to_there(wreck: Path, opened) -> None:
    ends = commits(log_of(wreck).read_bytes())
    os.truncate(log_of(wreck), ends[3] + 5_000)
    assert whole_pages(opened(wreck)) == 8 - len(ends) + 4


@pytest.mark.fault(
    "F14",
    done="A SQLite file was cut off in its middle, within its first page, or overwritten within.",
    holds="The program refuses to work on it and says that it is damaged, or no database; "
    "a check of all pages finds what lies deeper.",
)
def test_a_file_that_is_cut_off_is_refused(
    wreck: Path, opened, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    backup.write(opened(wreck), tmp_path / "whole.db")
    size = (tmp_path / "whole.db").stat().st_size
    for number, length in enumerate((size // 2, 4096, 50)):
        path = tmp_path / f"cut-{number}.db"
        shutil.copy(tmp_path / "whole.db", path)
        os.truncate(path, length)
        with pytest.raises(NotADatabase, match=r"is damaged|not a database"):
            opened(path)
        assert run(["--database", f"sqlite:///{path}", "jobs"]) == 1
        assert "Restore it from a backup" in (said := capfd.readouterr().err) or number == 2, said
        assert path.stat().st_size == length, "it was left as it is"
    deep = tmp_path / "deep.db"
    shutil.copy(tmp_path / "whole.db", deep)
    for at in range(size // 2, size - 512, 4096):
        damage(deep, at)
    assert run(["--database", f"sqlite:///{deep}", "db", "check", "--pages"]) == 1
    assert "the file is damaged" in capfd.readouterr().err


@pytest.mark.fault(
    "F14",
    done="A backup was made while others wrote, the file was lost, and the backup put in its place.",
    holds="All that was stored up to the backup is there, and work goes on.",
)
def test_a_backup_in_the_place_of_the_file_is_all_that_is_needed(
    wreck: Path, opened, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "backup.db"
    assert run(["--database", f"sqlite:///{wreck}", "db", "backup", str(copy)]) == 0
    for path in wreck.parent.glob(f"{wreck.name}*"):
        path.unlink()
    shutil.copy(copy, wreck)
    assert run(["--database", f"sqlite:///{wreck}", "db", "check", "--pages"]) == 0
    assert "is current" in capfd.readouterr().out
    assert whole_pages(opened(wreck)) == 8
