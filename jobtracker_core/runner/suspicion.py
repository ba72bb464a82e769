"""Is this run too poor to be believed? One pure function."""

from __future__ import annotations

from collections.abc import Mapping

from jobtracker_core.storage.baselines import Baseline

RUNS_NEEDED = 3
"""With fewer good runs nothing is usual yet."""

USUAL_FROM = 20.0
"""A search that usually finds fewer may well find none one day."""

FEW = 0.2
"""Less than this share of the usual number is suspect, nothing at all included."""

FILLED, EMPTY = 0.8, 0.2
"""A field that at least so many postings had, and now less than so many have, is suspect."""

POSTINGS_NEEDED = 10
"""With fewer postings an empty field may be chance."""


def suspicion(baseline: Baseline | None, *, found: int, fill: Mapping[str, int]) -> str | None:
    """Return in words why a run that went well by all other signs is not to be believed, or None.

    `found` is how many postings the run received, `fill` how many of them had each field of the
    list; a field that is missing there had none. A suspect run closes no job and counts for no
    baseline.
    """
    if baseline is None or baseline.runs < RUNS_NEEDED:
        return None
    if baseline.found >= USUAL_FROM and found < FEW * baseline.found:
        what = "nothing" if found == 0 else f"only {found}"
        return (
            f"found {what} where the last {baseline.runs} good runs found {baseline.found:g} "
            "(median)"
        )
    if found < POSTINGS_NEEDED:
        return None
    emptied = [
        f"{field} ({usual:.0%} before, {fill.get(field, 0) / found:.0%} now)"
        for field, usual in sorted(baseline.fill.items())
        if usual >= FILLED and fill.get(field, 0) / found < EMPTY
    ]
    if not emptied:
        return None
    return f"fields that were usually filled are empty: {', '.join(emptied)}"
