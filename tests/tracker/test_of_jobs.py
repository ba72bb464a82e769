"""What the list of jobs shows beside them, and which stored job a new one may be."""

from __future__ import annotations

import pytest

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.companies import CompanyDraft
from jobtracker_core.storage.company_figures import CompanyFigures
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.tracker.job_forms import JobDraft


def test_of_each_job_the_latest_application_is_told(tracker, fill) -> None:
    fill(3)
    first = tracker.applications.create(ApplicationDraft(job_id=1, status="rejected"))
    second = tracker.applications.create(ApplicationDraft(job_id=1))
    other = tracker.applications.create(ApplicationDraft(job_id=3, status="offer"))
    assert first.id < second.id
    assert tracker.applications.of_jobs([3, 2, 1, 99]) == (second, other)
    for number in (0, 501):
        with pytest.raises(FormError, match="job_ids"):
            tracker.applications.of_jobs([1] * number)


def test_applications_for_many_jobs_are_made_in_one_change(tracker, fill) -> None:
    fill(3)
    tracker.applications.create(ApplicationDraft(job_id=2))
    before = len(tracker.audit.list().items)
    result = tracker.applications.create_all([1, 2, 3, 99], "applied")
    assert [(item.id, item.problem) for item in result.items] == [
        *((1, None), (2, "duplicate"), (3, None), (99, "not_found")),
    ]
    assert len(tracker.audit.list().items) == before + 1
    made = tracker.applications.of_jobs([1, 3])
    assert [one.status for one in made] == ["applied", "applied"]
    assert tracker.applications.get(made[0].id).snapshots
    with pytest.raises(FormError, match="status"):
        tracker.applications.create_all([1], "lost")


def test_a_new_job_may_be_one_of_the_same_address_or_name(tracker) -> None:
    stored = tracker.jobs.create(
        JobDraft(title="Nurse 50%", url="https://x.example/1", company="Acme")
    )
    tracker.dismissals.dismiss(stored.job.id)
    alike = tracker.jobs.alike
    for found in (
        alike(url="https://x.example/1"),
        alike(url="https://x.example/2", title="NURSE 50%", company="acme"),
    ):
        assert [job.id for job in found] == [stored.job.id]
    assert alike(url="https://x.example/2", title="Nurse 50%") == ()
    assert alike(url="https://x.example/2", title="Nurse%", company="Acme") == ()
    assert alike(url="\x00", title="\x00", company="\x00") == ()
    for number in range(6):
        tracker.jobs.create(JobDraft(title=f"N {number}", url="https://x.example/1"))
    assert len(alike(url="https://x.example/1")) == 5


def test_by_what_a_job_is_hidden(tracker, fill) -> None:
    fill(1)
    assert tracker.dismissals.of_job(1) is None
    made = tracker.dismissals.dismiss(1, reason="too far")
    assert tracker.dismissals.of_job(1) == made
    with pytest.raises(NotFound):
        tracker.dismissals.of_job(2)


def test_of_each_company_its_jobs_and_applications_are_counted(tracker, fill) -> None:
    ids = [tracker.companies.create(CompanyDraft(name=name)).id for name in ("Ash", "Birch")]
    fill(3, company_key="ash")
    [ash] = [one.id for one in tracker.companies.list(text="Ash").items]
    tracker.jobs.dismiss_all([1])
    for status in ("offer", "accepted"):
        tracker.applications.create(
            ApplicationDraft(title="Role", company_id=ids[1], status=status)
        )
    found = tracker.companies.figures([ids[1], ash, 99])
    assert found == (
        CompanyFigures(company_id=ids[1], applications=2, open_applications=1),
        CompanyFigures(company_id=ash, open_jobs=2),
        CompanyFigures(company_id=99),
    )
    with pytest.raises(FormError, match="company_ids"):
        tracker.companies.figures([])
