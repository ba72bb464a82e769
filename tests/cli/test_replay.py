"""`jobtracker replay` with its differences, its exit codes and its refusals."""

from __future__ import annotations

import json

import pytest

from jobtracker_core.cli.replay import in_words
from jobtracker_core.storage.rehearse import FieldDifference
from jobtracker_hiringcafe import parse


@pytest.fixture
def recorded(collected, tmp_path, site):
    """The command line, after run 2 was recorded in `capture`."""
    assert collected("collect", "hiringcafe", "--record", str(tmp_path / "capture")).code == 0
    site.forget()
    return collected


def test_a_diff_without_differences(recorded, site) -> None:
    said = recorded("replay", "2", "--diff", "--exit-code")
    assert said.code == 0
    assert said.out == "0 differ, 0 not stored, 0 not read any more, 45 as stored\n"
    assert site.requests == []


def test_a_diff_names_job_field_old_and_new(recorded, monkeypatch, tmp_path, site) -> None:
    monkeypatch.setattr(parse, "REMOTE", {})
    said = recorded("replay", str(tmp_path / "capture"), "--diff")
    assert said.code == 0
    assert "    remote: hybrid -> (not read any more)" in said.out
    assert "~ job 1  " in said.out
    counted = said.out.splitlines()[-2:]
    lost = int(counted[0].split()[1])
    assert counted == [
        f"  remote: {lost} not read any more",
        f"{lost} differ, 0 not stored, 0 not read any more, {45 - lost} as stored",
    ]
    assert lost > 20
    assert recorded("replay", "2", "--diff", "--exit-code").code == 1
    assert site.requests == []


@pytest.mark.parametrize(
    ("kind", "old", "new", "words"),
    [
        ("changed", "Cook", "Chef", "f: Cook -> Chef"),
        ("changed", True, False, "f: yes -> no"),
        ("added", None, "x" * 70, f"f: (nothing) -> {'x' * 60}…"),
        ("lost", ["a", "b"], None, "f: a; b -> (not read any more)"),
        ("changed", [{"city": "Bonn", "x": None}], [], "f: city Bonn -> (nothing)"),
        (
            "changed",
            {"text": "a lot of it", "min": 1.5},
            {"text": "a lot of it", "min": 2.5},
            "f: …lot of it, min 1.5 -> …lot of it, min 2.5",
        ),
        ("changed", f"{'a' * 80}b", f"{'a' * 80}", f"f: …{'a' * 15}b -> …{'a' * 15}"),
        ("changed", f"{'a' * 80}b\x1b[2J", "c", f"f: {'a' * 60}… -> c"),
    ],
)
def test_a_long_value_is_shown_where_it_differs(kind, old, new, words) -> None:
    assert in_words(FieldDifference(field="f", kind=kind, old=old, new=new)) == words


def test_a_diff_as_json(recorded, monkeypatch) -> None:
    monkeypatch.setattr(parse, "REMOTE", {})
    found = json.loads(recorded("replay", "2", "--diff", "--json").out)
    assert found["fields"] == [
        {"field": "remote", "changed": 0, "added": 0, "lost": len(found["differing"])}
    ]
    assert found["differing"][0]["fields"][0]["kind"] == "lost"
    assert found["outcome"]["state"] == "succeeded"
    assert found["manifest"]["run_id"] == 2


def test_what_is_not_stored_is_told_and_then_applied(recorded, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    capture = str(tmp_path / "capture")
    said = recorded("replay", capture, "--diff")
    assert said.out.count("  (not stored)\n") == 45
    assert "0 differ, 45 not stored" in said.out
    applied = recorded("replay", capture, "--apply")
    assert applied.code == 0
    assert "45 postings on 2 pages: 45 new, 0 changed, 0 known" in applied.out
    again = json.loads(recorded("replay", capture, "--apply", "--json").out)
    assert again["run"]["counts"]["new"] == 0
    shown = recorded("runs", "show", str(again["run"]["id"])).out
    assert "trigger         backfill\n" in shown
    assert f"replay of       {capture}\n" in shown


def test_a_diff_of_a_replay_that_fails_says_so(recorded, monkeypatch) -> None:
    def broken(hit, raw):
        raise KeyError("gone")

    monkeypatch.setattr(parse, "posting", broken)
    said = recorded("replay", "2", "--diff")
    assert said.code == 1
    assert "45 not read any more" in said.out
    assert "the replay ended failed" in said.out
    assert "KeyError" in said.out
    assert recorded("replay", "2", "--apply").code == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["1"], "run 1 was not recorded"),
        (["1", "--diff"], "--record DIR"),
        (["999", "--diff"], "there is no run 999"),
        (["./2", "--diff"], "no capture"),
        (["2", "--diff", "--apply"], "choose one"),
        (["2", "--exit-code"], "belongs to --diff"),
    ],
)
def test_wrong_use(recorded, arguments, word) -> None:
    said = recorded("replay", *arguments)
    assert said.code == 2
    assert said.out == ""
    assert word in said.err
