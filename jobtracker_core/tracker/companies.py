"""Employers as their user sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobtracker_core.ingest import company
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage import companies, company_figures
from jobtracker_core.storage.companies import (
    Company,
    CompanyChanges,
    CompanyDraft,
    CompanyList,
    FoundCompany,
)
from jobtracker_core.storage.company_figures import CompanyFigures
from jobtracker_core.tracker import bulk, entries
from jobtracker_core.tracker.exporting import AT_ONCE, exported, walk
from jobtracker_core.tracker.stored import Installation


class Companies:
    """Employers, by name. All spellings of one are one company."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(
        self,
        *,
        text: str | None = None,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
    ) -> CompanyList:
        """List companies; `text` is part of the name.

        `after` or `before` is the mark that another page gave.
        """
        return companies.list_companies(
            self._tracker.database, text=text, limit=limit, after=after, before=before
        )

    def export(self, *, text: str | None = None) -> Iterator[Company]:
        """Give all companies of a list, however many; it stands in the audit log."""
        rows = walk(lambda after: self.list(text=text, limit=AT_ONCE, after=after))
        return exported(self._tracker, "company", rows)

    def figures(self, company_ids: Sequence[int]) -> tuple[CompanyFigures, ...]:
        """Count the jobs and applications of each of at most 500 companies, in their order.

        Companies that are not there have none. Raises FormError for too many.
        """
        bulk.check_number("company_ids", company_ids)
        return company_figures.figures(self._tracker.database, company_ids)

    def get(self, company_id: int) -> Company:
        """Return one company; raises NotFound."""
        return companies.get(self._tracker.database, company_id)

    def create(self, draft: CompanyDraft) -> Company:
        """Store a company.

        Raises FormError naming each wrong field, and Duplicate, which names the company that the
        name is another spelling of.
        """
        checked = entries.check(draft)
        key = _key(checked.name)
        with self._tracker.change("company.create") as change:
            made = companies.create(change.db, key, checked)
            change.note(name=made.name)
            return change.made(made, f"company:{made.id}")

    def find_or_create(self, name: str) -> FoundCompany:
        """Return the company of a name in whatever spelling, made if there is none.

        Raises FormError for a name that is none.
        """
        checked = entries.check(CompanyDraft(name=name))
        key = _key(checked.name)
        with self._tracker.change("company.find_or_create") as change:
            found = companies.find_or_create_named(change.db, key, checked.name)
            change.note(created=found.created)
            return change.made(found, f"company:{found.company.id}")

    def update(
        self, company_id: int, changes: CompanyChanges, *, expected_version: int | None = None
    ) -> Company:
        """Change what is given of a company, and nothing else.

        Another name is how it is shown; what sites call it still finds it. Raises FormError,
        NotFound and Stale.
        """
        checked = entries.check(changes)
        with self._tracker.change("company.update", f"company:{company_id}") as change:
            made = companies.update(
                change.db, company_id, checked, expected_version=expected_version
            )
            change.note(fields=sorted(entries.given(checked)))
            return change.made(made, change.target)


def _key(name: str) -> str:
    key = company.key(name)
    if key is None:
        raise FormError({"name": f"{name!r} has no letter or digit in it"})
    return key
