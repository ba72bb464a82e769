"""A replay beside what is stored, and a replay written as a run."""

from __future__ import annotations

from collections import Counter

import msgspec
from msgspec import Struct

from jobtracker_core.contract.errors import Cancelled
from jobtracker_core.contract.host import Progress
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.plugins.discovery import Source
from jobtracker_core.runner.captures import Manifest, Replayed
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.inline import InlineHost
from jobtracker_core.runner.outcome import Outcome
from jobtracker_core.storage import runs
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.rehearse import JobDifference, rehearse


class FieldTally(Struct, frozen=True, kw_only=True):
    """In how many stored jobs a field differs, by the kind of difference."""

    field: str
    changed: int
    added: int
    lost: int


class Comparison(Struct, frozen=True, kw_only=True):
    """What today's plugin makes of a capture, beside what is stored.

    Attributes:
        outcome: How the replay ended; what was read before a failure is compared all the same.
        new: Postings that are read and not stored.
        differing: Stored jobs of which fields would differ.
        unread: Source ids of postings that stood on the list pages when this was recorded, or whose
            details were read, and that are not read there now.
        unchanged: How many are stored as they are read.
        fields: The fields of `differing`, those that differ most often first.
    """

    manifest: Manifest
    outcome: Outcome
    new: tuple[PostingRef, ...]
    differing: tuple[JobDifference, ...]
    unread: tuple[str, ...]
    unchanged: int
    fields: tuple[FieldTally, ...]

    @property
    def empty(self) -> bool:
        """Whether everything is stored as it is read."""
        return not (self.new or self.differing or self.unread)


def compare(db: Database, replayed: Replayed) -> Comparison:
    """Say what writing a replay would change; nothing is stored."""
    rehearsal = rehearse(
        db,
        source=replayed.manifest.collector,
        batches=replayed.batches,
        read_at=replayed.manifest.recorded_at,
    )
    return Comparison(
        manifest=replayed.manifest,
        outcome=replayed.now.outcome,
        new=rehearsal.new,
        differing=rehearsal.differing,
        unread=_unread(replayed),
        unchanged=rehearsal.unchanged,
        fields=_tally(rehearsal.differing),
    )


def _unread(replayed: Replayed) -> tuple[str, ...]:
    if replayed.then is None:
        return ()
    listed = {record.source_id for record in replayed.listed}
    read = listed | {record.source_id for record in replayed.detailed}
    missing = [key for key in replayed.then.listed if key not in listed]
    asked = (ref.source_id for ref in replayed.then.asked)
    return tuple(dict.fromkeys([*missing, *(key for key in asked if key not in read)]))


def _tally(differing: tuple[JobDifference, ...]) -> tuple[FieldTally, ...]:
    kinds = Counter((one.field, one.kind) for job in differing for one in job.fields)
    totals = Counter(one.field for job in differing for one in job.fields)
    return tuple(
        FieldTally(
            field=field,
            changed=kinds[field, "changed"],
            added=kinds[field, "added"],
            lost=kinds[field, "lost"],
        )
        for field, _ in totals.most_common()
    )


def begin(db: Database, replayed: Replayed, source: Source) -> Claim:
    """Start the run that a replay is written as; raises Busy while another one is."""
    manifest = replayed.manifest
    return runs.start(
        db,
        collector=manifest.collector,
        trigger="backfill",
        query=manifest.query,
        query_hash=None,
        plugin_name=source.distribution,
        plugin_version=source.version,
        # Not the site's own key: a run that reads the site now is in nobody's way.
        concurrency_key=f"replay:{manifest.collector}",
        max_running=1,
        worker_id=runs.worker_identity(),
        parent_run_id=_recorded_run(db, replayed),
        params={"replay": replayed.directory},
    )


def _recorded_run(db: Database, replayed: Replayed) -> int | None:
    """Return the number of the run that was recorded, if this database has that very run."""
    run_id = replayed.manifest.run_id
    if run_id is None:
        return None
    try:
        run = runs.get(db, run_id)
    except NotFound:
        return None
    # Another database has a run of that number, too; a capture that was moved names no parent.
    return run_id if run.params.get("record") == replayed.directory else None


def apply(replayed: Replayed, host: InlineHost) -> Result:
    """Deliver what a replay read to a run of its own; raises what the host raises.

    No request was sent for it and none is counted, and no later run goes on from its pages.
    """
    counts = Counts()
    phases = Counter(batch.kind for batch in replayed.batches)
    done = Counter[str]()
    for batch in replayed.batches:
        if reason := host.cancelled():
            return _end(replayed, Cancelled(reason))
        offline = msgspec.structs.replace(batch, cursor=None, counts=_offline(batch.counts))
        ack = host.deliver(offline)
        done[batch.kind] += 1
        counts += offline.counts + Counts(new=ack.new, changed=ack.changed, unchanged=ack.unchanged)
        host.progress(
            Progress(
                phase="list" if batch.kind == "list" else "details",
                done=done[batch.kind],
                total=phases[batch.kind],
                counts=counts,
            )
        )
    return _end(replayed, None)


def _end(replayed: Replayed, stopped: Cancelled | None) -> Result:
    result = replayed.now
    if stopped is None:
        outcome = msgspec.structs.replace(result.outcome, keep_cursor=False)
        tail = _offline(result.tail)
    else:
        outcome = Outcome(
            state=RunState.CANCELLED,
            error_class=stopped.error_class,
            message=str(stopped),
            hint="Apply it again: what is written already stays as it is.",
        )
        tail = Counts()
    return msgspec.structs.replace(result, outcome=outcome, tail=tail)


def _offline(counts: Counts) -> Counts:
    return msgspec.structs.replace(counts, http_requests=0, bytes_in=0)
