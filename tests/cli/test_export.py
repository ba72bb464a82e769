"""`jobtracker jobs export`."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.export import COLUMNS
from jobtracker_core.storage import search, walk
from jobtracker_core.storage.errors import Unreachable


def test_csv_is_the_default_and_goes_to_standard_output(collected) -> None:
    said = collected("jobs", "export")
    assert said.code == 0
    assert said.err == ""
    header, *rows = csv.reader(io.StringIO(said.out, newline=""))
    assert tuple(header) == COLUMNS
    ids = [int(row[0]) for row in rows]
    assert ids == sorted(range(1, 46), reverse=True)


def test_json_and_lines_hold_what_the_list_says(collected) -> None:
    listed = json.loads(collected("jobs", "list", "--json", "--limit", "100").out)["items"]
    assert json.loads(collected("jobs", "export", "--format", "json").out) == listed
    lines = collected("jobs", "export", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == listed


def test_filters_are_those_of_the_list(collected, site) -> None:
    site.change(2)
    collected("collect", "hiringcafe")
    for options, flags in (
        (["--search", "engineer"], ["--search", "engineer"]),
        (["--changed-by", "2"], ["--changed-by", "2"]),
        (["--source", "nobody"], ["--source", "nobody"]),
    ):
        listed = json.loads(collected("jobs", "list", "--json", "--limit", "99", *flags).out)
        exported = json.loads(collected("jobs", "export", "--format", "json", *options).out)
        assert exported == listed["items"]
        assert len(exported) < 45


def test_descriptions_come_only_when_asked_for(collected) -> None:
    shown = json.loads(collected("jobs", "show", "1", "--json").out)
    lines = collected("jobs", "export", "--format", "jsonl", "--with-text").out.splitlines()
    assert json.loads(lines[-1])["description"] == shown["description"]
    (*_, last) = csv.DictReader(
        io.StringIO(collected("jobs", "export", "--with-text").out, newline="")
    )
    assert last["description"]
    assert "<p>" not in last["description"]


def test_a_file_is_written_whole_and_an_older_one_replaced(collected, tmp_path) -> None:
    target = tmp_path / "jobs.json"
    target.write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(target)
    said = collected("jobs", "export", "--format", "json", "--output", str(link))
    assert (said.code, said.out) == (0, "")
    assert len(json.loads(target.read_text())) == 45
    assert link.is_symlink()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".draft")]


def test_a_partial_file_replaces_nothing(collected, tmp_path, monkeypatch) -> None:
    target = tmp_path / "jobs.csv"
    target.write_text("old")
    pages = []

    def breaks_off(*args, **words):
        pages.append(words)
        if len(pages) > 2:
            raise Unreachable("the connection was lost", "Try again.")
        return search.list_jobs(*args, **words)

    monkeypatch.setattr(walk, "_AT_ONCE", 10)
    monkeypatch.setattr(walk, "list_jobs", breaks_off)
    said = collected("jobs", "export", "--output", str(target))
    assert said.code == 1
    assert "the connection was lost" in said.err
    assert target.read_text() == "old"
    assert [path for path in tmp_path.iterdir() if path.name.endswith(".draft")] == []


def test_jobs_are_read_as_they_are_written(collected, monkeypatch) -> None:
    """The second lot is asked for after the first was handed on: memory stays flat."""
    monkeypatch.setattr(walk, "_AT_ONCE", 10)
    asked = []

    def noted(*args, **words):
        asked.append(words)
        return search.list_jobs(*args, **words)

    monkeypatch.setattr(walk, "list_jobs", noted)
    with JobTracker(Settings.from_env()) as tracker:
        jobs = tracker.jobs.export()
        for _ in range(10):
            next(jobs)
        assert len(asked) == 1
        assert len(list(jobs)) == 35
    assert [words["after"] for words in asked] == [None, "36", "26", "16", "6"]


def test_a_pipe_is_written_to_and_stays_one(collected, tmp_path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    assert collected("jobs", "export", "--format", "jsonl", "--output", str(pipe)).code == 0
    reader.join(timeout=60)
    assert read[0].count("\n") == 45
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_that_cannot_be_written_is_named(collected, tmp_path) -> None:
    target = tmp_path / "missing" / "jobs.csv"
    said = collected("jobs", "export", "--output", str(target))
    assert said.code == 1
    assert str(target) in said.err
    assert "No such file" in said.err
    assert collected("jobs", "export", "--output", "-").out.count("\r\n") == 46


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--changed-by", "0"]])
def test_wrong_use(jobtracker, arguments) -> None:
    said = jobtracker("jobs", "export", *arguments)
    assert said.code == 2


def test_a_reader_that_has_enough_is_no_error(collected) -> None:
    command = f"{sys.executable} -m jobtracker_core jobs export --format jsonl | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["id"] == 45


def test_a_file_keeps_the_permissions_it_had(collected, tmp_path) -> None:
    target = tmp_path / "mine.csv"
    target.touch(mode=0o600)
    target.chmod(0o600)
    assert collected("jobs", "export", "--output", str(target)).code == 0
    assert target.stat().st_mode & 0o777 == 0o600
