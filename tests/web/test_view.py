"""Views of the list: from an address and back, and as commands."""

from __future__ import annotations

import shlex

import pytest

from jobtracker_core.cli.app import run
from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.web.view import BadView, View

FULL = {
    "q": "c++ & co's",
    "source": "site",
    "remote": "hybrid",
    "employment": "full_time",
    "seniority": "lead",
    "closed": "false",
    "after": "120",
}


def test_an_address_becomes_filters_and_the_same_address() -> None:
    view = View.of(FULL)
    assert view.filters == {
        "text": "c++ & co's",
        "source": "site",
        "remote": Remote.HYBRID,
        "employment": Employment.FULL_TIME,
        "seniority": Seniority.LEAD,
        "closed": False,
    }
    assert view.filtered
    assert view.path() == (
        "/jobs?q=c%2B%2B+%26+co%27s&source=site&remote=hybrid&employment=full_time"
        "&seniority=lead&closed=false&after=120"
    )


def test_what_is_empty_is_not_said_again() -> None:
    view = View.of({"q": "  ", "source": "", "remote": "", "closed": "", "unknown": "x"})
    assert view == View()
    assert view.path() == "/jobs"
    assert not view.filtered
    assert view.curl("http://h") == (
        'curl -H "Authorization: Bearer $JOBTRACKER_TOKEN" http://h/api/v1/jobs'
    )
    assert view.command() == "jobtracker jobs list"


def test_other_pages_of_the_same_list() -> None:
    view = View.of({"q": "x", "after": "9"})
    assert view.at(before="7").path() == "/jobs?q=x&before=7"
    assert view.at().path() == "/jobs?q=x"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"remote": "moon"}, "remote=moon is not known. Allowed: onsite, hybrid, remote, unknown."),
        ({"closed": "yes"}, "closed=yes is not known. Allowed: false, true."),
        ({"employment": "x" * 99}, "employment=" + "x" * 40 + " is not known"),
        ({"after": "1", "before": "2"}, "not both"),
    ],
)
def test_addresses_that_cannot_be_shown(query: dict[str, str], message: str) -> None:
    with pytest.raises(BadView) as caught:
        View.of(query)
    assert message in str(caught.value)


def test_as_curl_for_a_shell() -> None:
    command = View.of(FULL).curl("http://127.0.0.1:8080/p")
    program, option, _, address = shlex.split(command)
    assert (program, option) == ("curl", "-H")
    assert address == (
        "http://127.0.0.1:8080/p/api/v1/jobs?search=c%2B%2B+%26+co%27s&source=site&remote=hybrid"
        "&employment=full_time&seniority=lead&closed=false&after=120"
    )


@pytest.mark.parametrize("q", ["c++ & co's", "-x --limit", "$(reboot)", 'say "hi"'])
def test_as_a_command_that_the_command_line_takes(
    q: str, tmp_path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBTRACKER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JOBTRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'jobs.db'}")
    program, *arguments = shlex.split(View.of(FULL | {"q": q}).command())
    assert program == "jobtracker"
    assert arguments[2] == f"--search={q}"
    assert {"--open", "--remote=hybrid", "--after=120"} < set(arguments)
    assert "--closed" in View.of({"closed": "true"}).command()
    code = run(arguments)
    assert (code, capfd.readouterr().err) == (0, "0 shown of 0\n")


def test_choices_say_what_is_chosen() -> None:
    source, remote, employment, _, closed = View.of(FULL | {"source": "gone"}).choices(("a", "b"))
    assert [value for value, _ in source.options] == ["a", "b", "gone"]
    assert source.chosen == "gone"
    assert remote.options == (("onsite", "On-site"), ("hybrid", "Hybrid"), ("remote", "Remote"))
    assert (remote.chosen, closed.chosen) == ("hybrid", "false")
    assert ("full_time", "Full-time") in employment.options
    assert View().choices(())[0].chosen == ""


@pytest.mark.parametrize("source", ["a\x00b", "A B", "x" * 60])
def test_a_source_that_can_be_none_is_refused(source) -> None:
    with pytest.raises(BadView, match="source"):
        View.of({"source": source})
