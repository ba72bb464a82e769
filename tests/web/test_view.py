"""Views of the list: from an address and back, and as commands."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from jobtracker_core.cli.app import run
from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.search.language import SearchError, parse
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.views import WORDS
from jobtracker_core.web.filters import chips, common_choices, further_choices
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
    assert {name: value for name, value in view.filters.items() if value is not None} == {
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
    view = View.of({"q": "  ", "source": "", "remote": "", "closed": "", "sort": "arrival"})
    assert view == View()
    assert view.path() == "/jobs"
    assert not view.filtered
    assert view.curl("http://h") == (
        'curl -H "Authorization: Bearer $JOBTRACKER_TOKEN" http://h/api/v1/jobs'
    )
    assert view.command() == "jobtracker jobs list"


def test_too_long_a_search_is_told_and_not_cut_to_another() -> None:
    shown = View.of({"q": "engineer " * 500})
    with pytest.raises(SearchError, match="more than 1,000 characters"):
        parse(shown.q or "")


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
        ({"unknown": "x"}, "There is no filter 'unknown'. There are: q, source,"),
        ({"status": "lost"}, "status=lost is not known. Allowed: new, tracked, draft"),
        ({"pay_from": "much"}, "pay_from takes a number"),
        ({"pay_currency": "euro"}, "pay_currency takes a text that matches"),
        ({"new_since": "soon"}, "new_since takes a time"),
        ({"posted_since": "1500-01-01"}, "the year 1500 is not one"),
        ({"view": "x"}, "view takes a whole number"),
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
    program, *arguments = shlex.split(View.of(FULL | {"q": q}).command() or "")
    assert program == "jobtracker"
    assert arguments[2] == f"--search={q}"
    assert {"--open", "--remote=hybrid", "--after=120"} < set(arguments)
    assert "--closed" in (View.of({"closed": "true"}).command() or "")
    assert run(arguments) == 0
    assert capfd.readouterr().err.startswith("0 shown of 0\n")


def test_choices_say_what_is_chosen() -> None:
    view = View.of(FULL | {"source": "gone", "status": "offer", "sort": "pay"})
    source, remote, status, sort = common_choices(view, ("a", "b"))
    employment, _, closed = further_choices(view)
    assert [value for value, _ in source.options] == ["a", "b", "gone"]
    assert source.chosen == "gone"
    assert remote.options == (("onsite", "On-site"), ("hybrid", "Hybrid"), ("remote", "Remote"))
    chosen = (remote.chosen, status.chosen, sort.chosen, closed.chosen)
    assert chosen == ("hybrid", "offer", "pay", "false")
    assert ("full_time", "Full-time") in employment.options
    assert common_choices(View(), ())[0].chosen == ""


EVERYTHING = {
    "q": "dev",
    "source": "site",
    "company": "Acme",
    "company_id": "7",
    "place": "Bonn",
    "remote": "hybrid",
    "employment": "contract",
    "seniority": "lead",
    "pay_from": "60000",
    "pay_currency": "EUR",
    "posted_since": "2026-11-20",
    "new_since": "2026-11-21",
    "seen_since": "2026-11-22T10:00:00Z",
    "closed": "true",
    "tag": "later",
    "changed_by_run": "4",
    "dismissed": "all",
    "sort": "posted",
    "status": "draft",
}


def test_every_filter_is_taken_kept_in_a_saved_view_and_removable() -> None:
    zone = ZoneInfo("Europe/Berlin")
    view = View.of(EVERYTHING, zone=zone)
    assert view.query == EVERYTHING
    assert view.filters["posted_since"] == datetime(2026, 11, 20, tzinfo=UTC)
    assert view.filters["new_since"] == datetime(2026, 11, 20, 23, tzinfo=UTC)
    draft = entries.check_words(view.words(), WORDS["jobs"], "query")
    assert View.of_words(draft, zone=zone) == view
    shown = chips(view)
    assert len(shown) == len(EVERYTHING) - len({"q", "sort", "pay_currency"})
    for chip in shown:
        rest = dict(parse_qsl(urlsplit(chip.path).query))
        assert rest.items() < EVERYTHING.items()
    assert view.command() is None, "the command line has not all of these"
    address = shlex.split(view.curl("http://h"))[-1]
    said = dict(parse_qsl(urlsplit(address).query))
    assert said["new_since"] == "2026-11-20T23:00:00Z"
    assert (said["search"], said["status"], said["dismissed"]) == ("dev", "draft", "all")


@pytest.mark.parametrize(
    ("status", "filters"),
    [
        ("new", {"has_application": False}),
        ("tracked", {"has_application": True}),
        ("offer", {"application": "offer"}),
        ("dismissed", {"dismissed": "only"}),
    ],
)
def test_a_status_is_several_filters(status: str, filters: dict[str, object]) -> None:
    view = View.of({"status": status})
    assert {name: value for name, value in view.filters.items() if value is not None} == filters
    assert (view.status, view.path()) == (status, f"/jobs?status={status}")
    assert View.of_words(view.words()) == view
    [chip] = chips(view)
    assert chip.path == "/jobs"


@pytest.mark.parametrize("source", ["a\x00b", "A B", "x" * 60])
def test_a_source_that_can_be_none_is_refused(source) -> None:
    with pytest.raises(BadView, match="source"):
        View.of({"source": source})
