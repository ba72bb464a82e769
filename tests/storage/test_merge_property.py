"""Any sequence of observations leaves what a few lines of Python say."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import Place, Remote, Seniority
from jobtracker_core.storage import jobs, upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.merge import Kind

VALUES: dict[str, list[Any]] = {
    "title": ["A", "B"],
    "url": ["https://example.org/1", "https://example.org/2"],
    "company": [None, "Acme", "Bcme"],
    "places": [None, (), (Place(text="Here"),), (Place(city="There"), Place(text="Here"))],
    "remote": [None, Remote.REMOTE, Remote.ONSITE],
    "seniority": [None, Seniority.LEAD],
    "skills": [None, (), ("x",), ("x", "y")],
    "language": [None, "de", "en"],
    "pay": [None, PayRecord(min=1), PayRecord(max=2, currency="EUR")],
    "description": [None, "short", "long"],
    "closed": [None, True, False],
}
OBSERVATION = st.tuples(
    st.sampled_from(["list", "detail"]),
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}),
)
sources = (f"source{number}" for number in itertools.count())


class Model:
    """The rules, for one posting."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = dict.fromkeys(VALUES)
        self.values["closed"] = False
        self.hashes: dict[str, bytes] = {}
        self.of_details: set[str] = set()
        self.due = False

    def see(self, kind: str, record: Record) -> None:
        first = not self.hashes
        closed = record.closed
        if self.hashes.get(kind) == record.content_hash and (
            kind == "list" or closed is None or closed == self.values["closed"]
        ):
            self.due = self.due and kind == "list"
            return
        self.hashes[kind] = record.content_hash
        for name in VALUES:
            value = getattr(record, name)
            owned_by_list = name in {"title", "url"}
            if value is None or (kind == "list" and name in self.of_details):
                continue
            if kind == "detail" and owned_by_list and not first:
                continue
            self.values[name] = value
            if kind == "detail" and not owned_by_list and name != "closed":
                self.of_details.add(name)
        if kind == "detail" and closed is None and self.due and self.values["closed"]:
            self.values["closed"] = False  # listed since, and its own page tells of no end
        self.due = kind == "list" and "detail" in self.hashes


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    # Looking for a smaller example would take minutes, and eight observations are easily read.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seen=st.lists(OBSERVATION, min_size=1, max_size=8))
def test_none_never_erases_and_details_are_safe(
    db: Database, make_record: Callable[..., Record], seen: list[tuple[Kind, dict[str, Any]]]
) -> None:
    source = next(sources)
    model = Model()
    for number, (kind, fields) in enumerate(seen):
        record = make_record("1", **fields)
        before = _stored(db, source) if number else None
        model.see(kind, record)
        with db.write() as conn:
            written = upsert.write_page(
                conn, source=source, kind=kind, records=[record], run_id=number, now=db.now(conn)
            )
        after = _stored(db, source)
        assert after == model.values
        counts = (len(written.new), len(written.changed), written.unchanged, written.completed)
        assert sum(counts) == 1
        assert bool(written.new) == (number == 0)
        news = jobs.changes_of_run(db, number)
        mine = [change for change in news if change.job_id == _id(db, source)]
        assert len(mine) == len(written.changed)
        if written.unchanged:
            assert before == after
        for change in mine:
            assert set(change.changes) <= {
                name for name in VALUES if before is not None and before[name] != after[name]
            }
    assert jobs.get_by_key(db, source, "1").job.details_due == model.due


def _id(db: Database, source: str) -> int:
    return jobs.get_by_key(db, source, "1").job.id


def _stored(db: Database, source: str) -> dict[str, Any]:
    detail = jobs.get_by_key(db, source, "1")
    job = detail.job
    values = {name: getattr(job, name, None) for name in VALUES}
    pay = {name: getattr(job, f"pay_{name}") for name in PayRecord.__struct_fields__}
    return {
        **values,
        "pay": None if job.pay_kind is None else PayRecord(**pay),
        "description": detail.description,
        "closed": job.closed_at is not None,
    }
