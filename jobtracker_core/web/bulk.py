"""Steps with many jobs: those that are selected, or all that a list shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Response, post
from litestar.di import NamedDependency

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.job_filters import Filters
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.bulk import MOST, BulkResult
from jobtracker_core.web import stages
from jobtracker_core.web.form import Form
from jobtracker_core.web.listing import MOST_MEANT, resolve
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.triage import Step
from jobtracker_core.web.view import View, read_view

_WORDS: Final = {
    "dismiss": "dismissed",
    "restore": "restored",
    "tag": "tagged",
    "untag": "without the tag",
    "delete": "deleted",
}


@post("/jobs/bulk", sync_to_thread=True, status_code=200, include_in_schema=False)
def act_on_jobs(step: NamedDependency[Step]) -> Response[Any]:
    """Do something with the jobs that a form names."""
    form, tracker = step.form, step.tracker
    ids = _meant(tracker, form, step)
    if form.text("stage"):
        status = stages.read_status(form.text("stage"))
        return step.list(stages.set_all(tracker, ids, status, move=True))
    if form.text("action") in {"tag", "untag"} and not form.text("tags").strip():
        return step.list(Said(text="Nothing was changed: name a tag first.", tone="wrong"))
    if form.text("action") == "save":
        return step.list(stages.set_all(tracker, ids, "draft", move=False))
    return step.list(_act(tracker, form.text("action"), ids, form))


def _meant(tracker: JobTracker, form: Form, step: Step) -> list[int]:
    if not form.flag("whole"):
        ids = form.numbers("ids")
        if not 0 < len(ids) <= MOST_MEANT:
            raise FormError({"ids": f"Select 1 to {MOST_MEANT:,} jobs first"})
        return list(ids)
    given = dict(parse_qsl(form.text("query")))
    view, _ = resolve(tracker, read_view(given, zone=step.prefs.zone))
    return list(_all_of(tracker, view.at()))


def _all_of(tracker: JobTracker, view: View) -> list[int]:
    ids: list[int] = []
    after: str | None = None
    while len(ids) < MOST_MEANT:
        most = min(MOST, MOST_MEANT - len(ids))
        page = tracker.jobs.search(limit=most, after=after, sort=view.sort, **view.filters)
        ids += [job.id for job in page.items]
        after = page.after
        if after is None:
            break
    return ids


def _act(tracker: JobTracker, action: str, ids: Sequence[int], form: Form) -> Said:
    jobs, tags = tracker.jobs, form.all("tags")
    acts: dict[str, Callable[[Sequence[int]], BulkResult]] = {
        "dismiss": lambda part: jobs.dismiss_all(part, reason=form.text("reason") or None),
        "restore": jobs.restore_all,
        "tag": lambda part: jobs.tag_all(part, tags),
        "untag": lambda part: jobs.untag_all(part, tags),
        "delete": jobs.delete_all,
    }
    if action not in acts:
        raise FormError({"action": f"takes one of {', '.join(('save', *acts))}"})
    opposite = {"dismiss": "restore", "restore": "dismiss", "tag": "untag"}.get(action)
    # What was so already is not taken back.
    before = _so_already(tracker, action, form)
    done: list[int] = []
    problems: list[str] = []
    for start in range(0, len(ids), MOST):
        result = acts[action](ids[start : start + MOST])
        done += [item.id for item in result.items if item.problem is None]
        problems += [item.detail or "" for item in result.items if item.problem]
    back = [number for number in done if number not in before]
    undo = None
    if opposite is not None and back:
        fields: dict[str, str | int] = {"action": opposite, "ids": ",".join(map(str, back))}
        undo = Undo(path="/jobs/bulk/undo", fields=fields | ({"tags": tags[0]} if tags else {}))
    return stages.told(_WORDS[action], len(done), problems, undo)


def _so_already(tracker: JobTracker, action: str, form: Form) -> frozenset[int]:
    filters: Filters
    if action == "tag":
        filters = {"tag": form.text("tags"), "dismissed": "all"}
    elif action == "dismiss" and dict(parse_qsl(form.text("query"))).get("dismissed") == "all":
        filters = {"dismissed": "only"}
    else:
        return frozenset()
    found: set[int] = set()
    after: str | None = None
    while True:
        page = tracker.jobs.search(limit=MOST, after=after, **filters)
        found.update(job.id for job in page.items)
        after = page.after
        if after is None:
            return frozenset(found)


@post("/jobs/bulk/undo", sync_to_thread=True, status_code=200, include_in_schema=False)
def undo_bulk(step: NamedDependency[Step]) -> Response[Any]:
    """Take back what was done with many."""
    form = step.form
    if form.text("steps"):
        return step.list(stages.undo_all(step.tracker, form.text("steps")))
    if form.text("action") not in {"restore", "dismiss", "untag"}:
        raise FormError({"action": "is not what a page of this portal sends"})
    ids = form.numbers("ids")
    if len(ids) > MOST_MEANT:
        raise FormError({"ids": f"takes {MOST_MEANT:,} jobs at once"})
    said = _act(step.tracker, form.text("action"), ids, form)
    return step.list(Said(text=said.text, tone=said.tone))


HANDLERS = (act_on_jobs, undo_bulk)
