"""schemathesis runs all its checks against a live server by the committed document.

It makes requests from the examples, at the bounds of each parameter and field, at random, and in
chains of what was answered: valid ones, and ones that break the document in one place. No answer may
be a 5xx, or another one than the document says; what is valid must be taken, and what is not must be
refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from access import token_for
from jobtracker_core import JobTracker, Settings
from keys import KEY
from live_server import serving
from queueing import turn_on

pytestmark = pytest.mark.full

DOCUMENT = Path(__file__).parents[2] / "docs/reference/openapi.json"
AT_ONCE = 4
EXAMPLES = "6"

TAKEN = ("2xx", "3xx", "404", "409", "412", "422")
"""How a valid request may be answered: what it is about may be missing (404), taken or ended (409),
or changed since (412), and its Idempotency-Key may be that of another one (422)."""

RULES = {
    "listJobs": "`after`, `before` and `page` exclude each other, and `page` reaches 10,000 jobs",
    "listApplications": "`after` and `before` exclude each other",
    "listCompanies": "`after` and `before` exclude each other",
    "exportJobs": "the years of times",
    **dict.fromkeys(
        ("listEvents", "listContacts", "listDismissals", "listAudit", "listRunChanges"),
        "a mark is one that a list gave",
    ),
    **dict.fromkeys(
        (
            *("deleteJob", "writeJobNote", "deleteApplication", "deleteEvent", "deleteContact"),
            *("deleteView", "deleteSearch"),
        ),
        "an empty `If-Match`, which is made however long it must be: whoever sends it means a version",
    ),
    "createJob": "links, pay without amounts, texts of which nothing is left",
    "upsertJob": "the same, and a `source_id` is needed",
    "updateJob": "the same, and what is set cannot be released at once",
    "changeJobs": "`tags` and `reason` go with some actions only",
    **dict.fromkeys(
        (
            *("tagJob", "untagJob", "setJobTags"),
            *("tagApplication", "untagApplication", "setApplicationTags"),
        ),
        "a tag of which nothing is left when its spaces are gone",
    ),
    "createApplication": "a title is needed where there is no job; links",
    "updateApplication": "links, titles of which nothing is left",
    "changeApplications": "`status` goes with `move`",
    "createEvent": "it ends after it begins; time zones",
    "updateEvent": "it ends after it begins; time zones",
    "createContact": "either a company or an application; links, addresses",
    "updateContact": "links, addresses, names of which nothing is left",
    "createCompany": "links, names of which nothing is left",
    "updateCompany": "links, names of which nothing is left",
    "findOrCreateCompany": "names of which nothing is left",
    "renameTag": "a tag of which nothing is left when its spaces are gone",
    "createView": "the query's words are those of the list",
    "updateView": "the query's words are those of the list",
    "createSearch": "the query's words are the collector's; cron lines, time zones, one schedule",
    "updateSearch": "the query's words are the collector's; cron lines, time zones, one schedule",
    "cloneSearch": "names of printable characters, not of digits alone",
    "previewSearch": "the years of times",
    "previewSchedule": "the years of times, and what is no schedule",
    "getPerformance": "names of time zones",
    "createRun": "the query's words are the collector's",
    "runCollector": "the query's words are the collector's",
    "listRuns": "`state` holds states with commas between them",
    "exportRuns": "`state` holds states with commas between them",
    "updateCollector": "the settings are the collector's",
    "createProxy": "addresses of proxies, names of printable characters",
    "testProxies": "either a collector or an address, and none that leads inside",
    "createToken": "names of printable characters; `collector` goes with `ingest`",
    "createCalendarFeed": "names of printable characters",
    "getCalendar": "`to` comes after `from`",
    "listJobSnippets": "numbers of at most 200 jobs, however they are written",
    "watchRun": "the id of a message",
}
"""Operations that may answer a valid request with 400, and the rule that no bound can say."""


def operations() -> dict[str, list[str]]:
    """Return the names of all operations by tag."""
    found: dict[str, list[str]] = {}
    for item in json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"].values():
        for operation in item.values():
            found.setdefault(operation["tags"][0], []).append(operation["operationId"])
    return found


ALONE = {
    "watchRun": "a run that goes on is a stream that does not end",
    "revokeToken": "from the list of tokens it takes the number of its own",
}
"""Operations that have a test of their own."""


def portions() -> Iterator[tuple[str, ...]]:
    """Yield names of operations that belong together, a few at once."""
    for tagged in operations().values():
        names = [name for name in tagged if name not in ALONE]
        for start in range(0, len(names), AT_ONCE):
            yield tuple(names[start : start + AT_ONCE])


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("hiringcafe",),
        secret_key=(KEY,),
        # How often one may ask is tested elsewhere.
        api_requests_per_minute=0,
    )
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "hiringcafe")
        yield tracker


@pytest.fixture
def token(tracker: JobTracker) -> str:
    """A token whose number nobody guesses: whoever revokes tokens leaves this one."""
    text = token_for(tracker)
    with tracker.database.write() as conn:
        conn.execute(sa.text("UPDATE api_tokens SET id = 1000000000000"))
    return text


def configuration(names: tuple[str, ...]) -> str:
    """Say in schemathesis's own words what is checked, and where it is widened."""
    taken = json.dumps(TAKEN)
    lines = [
        "[generation]",
        "deterministic = true",
        'database = "none"',
        # A NUL is in no text: tests/api/test_bad_input.py has what becomes of one.
        "allow-x00 = false",
        "[checks]",
        f"positive_data_acceptance.expected-statuses = {taken}",
    ]
    for name in names:
        if name in RULES:
            lines += [
                "[[operations]]",
                f'include-operation-id = "{name}"',
                "checks.positive_data_acceptance.expected-statuses = "
                + json.dumps([*TAKEN, "400"]),
            ]
    return "\n".join(lines) + "\n"


def run(where: str, token: str, folder: Path, names: tuple[str, ...]) -> None:
    config = folder / "schemathesis.toml"
    config.write_text(configuration(names), encoding="utf-8")
    chosen = [word for name in names for word in ("--include-operation-id", name)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
            *(str(DOCUMENT), "--url", where, "-H", f"Authorization: Bearer {token}"),
            *("--checks", "all", "--max-examples", EXAMPLES, "--continue-on-failure"),
            *("--no-color", *chosen),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert f"Tested: {len(names)}" in done.stdout, done.stdout


@pytest.mark.parametrize("names", list(portions()), ids=lambda names: names[0])
def test_the_server_does_what_its_document_says(tracker, token, tmp_path, names) -> None:
    with serving(tracker) as where:
        run(where, token, tmp_path, names)


def test_tokens_are_revoked_as_the_document_says(tracker, token, tmp_path) -> None:
    with serving(tracker) as where:
        run(where, token, tmp_path, ("revokeToken",))


def test_a_run_that_has_ended_is_told_as_the_document_says(tracker, token, tmp_path) -> None:
    made = tracker.runs.enqueue("hiringcafe", {"text": "python"})
    tracker.runs.cancel(made.run_id)
    with serving(tracker) as where:
        run(where, token, tmp_path, ("watchRun",))


def test_each_rule_is_of_an_operation_that_there_is() -> None:
    assert set(RULES) | set(ALONE) <= {name for names in operations().values() for name in names}
