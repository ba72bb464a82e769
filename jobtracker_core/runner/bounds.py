"""What a run's process may say to its supervisor, beyond the form of the frames: plugins forge."""

from __future__ import annotations

from jobtracker_core.contract.host import Batch
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.http.address import Hosts
from jobtracker_core.runner.channel import Ended, Garbled, GaveUp
from jobtracker_core.runner.session import Task

Final = Ended | GaveUp

_MOST = 1 << 40
"""No run counts as far as this."""


class Bounds:
    """One run's own keys, pace and numbers. All methods raise `Garbled`.

    Attributes:
        per_minute: The rate in force, whatever the process says.
        burst: The collector's own.
    """

    def __init__(self, task: Task) -> None:
        info = task.collector.info
        self._keys = Hosts(info.hosts, task.settings.base_url).rate_keys
        self.per_minute = task.settings.per_minute or info.limits.per_minute
        self.burst = info.limits.burst

    def key(self, key: str) -> str:
        """Pass on the rate limit of the run's own site."""
        if key not in self._keys:
            raise Garbled(f"{key!r} is not the rate limit of this run's site")
        return key

    def batch(self, batch: Batch) -> Batch:
        """Pass on a batch whose numbers can be."""
        _count(batch.counts)
        return batch

    def final(self, message: Final) -> Final:
        """Pass on an end that is one."""
        outcome = message.result.outcome if isinstance(message, Ended) else message.outcome
        if outcome.state in {RunState.PENDING, RunState.RUNNING, RunState.MISSED}:
            raise Garbled(f"a run does not end as {outcome.state}")
        if isinstance(message, Ended):
            _count(message.result.counts)
            _count(message.result.tail)
        return message


def _count(counts: Counts) -> None:
    for name in counts.__struct_fields__:
        if not 0 <= getattr(counts, name) <= _MOST:
            raise Garbled(f"{name} cannot be {getattr(counts, name)}")
