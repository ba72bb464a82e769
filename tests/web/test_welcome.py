"""The first steps: from nothing to a run, in any order, as often as somebody likes."""

from __future__ import annotations

import pytest

from jobtracker_core import JobTracker, Settings
from pressing import one, page_of, send, text_of


@pytest.fixture
def prefix() -> str:
    return "/at/work"


def test_without_a_plugin_it_says_how_to_install_one(browser) -> None:
    page = browser.get("/welcome")
    assert "No collector is installed yet" in text_of(page)
    # What stands on nothing leads back.
    for step in ("policy", "search", "run"):
        assert "No collector is installed" in text_of(browser.get(f"/welcome?step={step}"))
    assert "Triage your jobs" in text_of(browser.get("/welcome?step=triage"))
    browser.get("/welcome?step=dance", status=400)
    browser.get("/welcome?stop=1", status=400)


class TestWithACollector:
    """The whole way."""

    @pytest.fixture
    def tracker(self, db_url, tmp_path):
        settings = Settings(
            data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",)
        )
        with JobTracker(settings) as tracker:
            yield tracker

    def test_each_step_leads_to_the_next(self, browser, tracker) -> None:
        chosen = browser.get("/welcome").css_first("main li a.btn").attributes["href"]
        note = browser.get(chosen.removeprefix("/at/work"))
        assert "The robots file disallows" in text_of(note, "[aria-label='Policy note']")
        on = send(browser, "/welcome/on", collector="hiringcafe")
        assert tracker.collectors.enabled("hiringcafe")
        form = browser.get(on.headers["location"].removeprefix("/at/work"))
        assert text_of(form, "main h2") == "What should HiringCafe look for?"
        bad = send(
            browser,
            "/welcome/search",
            collector="hiringcafe",
            query__text="data",
            query__posted_within_days="soon",
            times="daily",
        )
        assert bad.status_code == 422
        assert one(page_of(bad), '[name="query.text"]').attributes["value"] == "data"
        send(
            browser,
            "/welcome/search",
            collector="hiringcafe",
            query__text="data",
            query__location="Berlin",
            times="weekdays",
        )
        [made] = tracker.searches.list()
        assert (made.name, made.schedule.cron) == ("data in Berlin", "0 7 * * 1-5")
        page = browser.get("/welcome")
        assert text_of(page, "[aria-current=step]") == "4Run it"
        assert "jobtracker worker" in text_of(page)
        answer = send(browser, "/welcome/run", search=made.id)
        [run] = tracker.runs.list()
        assert answer.headers["location"] == f"/at/work/admin/runs/{run.id}"
        assert browser.get("/welcome").css_first(f'main a[href="/at/work/admin/runs/{run.id}"]')
        tracker.runs.cancel(run.id)
        last = browser.get("/welcome")
        assert last.css_first('main a.btn-primary[href="/at/work/jobs?status=new"]')
