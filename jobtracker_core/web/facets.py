"""What the jobs of a list are, with counts, as ways to a shorter list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from jobtracker_core.storage.facets import Facet
from jobtracker_core.web.present import words
from jobtracker_core.web.view import View

_LABELS: Final = {
    "source": "Source",
    "company": "Company",
    "remote": "Work",
    "employment": "Employment",
    "seniority": "Level",
    "pay": "Pay a year, from",
    "age": "Posted within",
}
_AGES: Final = {"1d": "a day", "7d": "a week", "30d": "a month", "90d": "three months"}
_SHOWN: Final = 12


class FacetGroup(Struct, frozen=True, kw_only=True):
    """One facet: (address of the list with that value, its name, how many)."""

    label: str
    entries: tuple[tuple[str, str, str], ...]


def facet_groups(view: View, facets: Sequence[Facet]) -> tuple[FacetGroup, ...]:
    """Return what can be chosen; counts that are only about right have a ~ in front."""
    return tuple(
        FacetGroup(
            label=_LABELS[facet.name],
            entries=tuple(
                (
                    _with(view, facet.name, each.value).path(),
                    _shown(facet.name, each.value),
                    f"{'~' if facet.estimated else ''}{each.count:,}",
                )
                for each in facet.values[:_SHOWN]
            ),
        )
        for facet in facets
        if facet.values
    )


def _with(view: View, name: str, value: str) -> View:
    if name == "age":
        text = f"{view.q or ''} posted:<{value}".strip()
        return replace(view, q=text).at()
    changes: dict[str, Any] = {"pay_from": float(value)} if name == "pay" else {name: value}
    return replace(view, **changes).at()


def _shown(name: str, value: str) -> str:
    if name == "age":
        return _AGES.get(value, value)
    if name == "pay":
        return f"{int(value):,}"
    return value if name in {"source", "company"} else words(value)
