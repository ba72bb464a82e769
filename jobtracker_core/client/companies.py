"""Employers on a server; see `tracker.companies`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobtracker_core.client.paging import joined, joined_back
from jobtracker_core.client.session import Session
from jobtracker_core.storage.companies import (
    Company,
    CompanyChanges,
    CompanyDraft,
    CompanyList,
    FoundCompany,
)
from jobtracker_core.storage.company_figures import CompanyFigures
from jobtracker_core.tracker import entries


class Companies:
    """Employers, by name. All spellings of one are one company."""

    def __init__(self, session: Session) -> None:
        self._session = session

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

        def read(most: int, mark: str | None, back: str | None = None) -> CompanyList:
            return self._session.get(
                "/companies", CompanyList, search=text, limit=most, after=mark, before=back
            )

        if before is not None:
            return joined_back(lambda most, mark: read(most, None, mark), limit, before)
        return joined(read, limit, after)

    def export(self, *, text: str | None = None) -> Iterator[Company]:
        """Yield all companies of a list, however many."""
        return self._session.lines("/companies/export", Company, format="jsonl", search=text)

    def figures(self, company_ids: Sequence[int]) -> tuple[CompanyFigures, ...]:
        """Count the jobs and applications of each of at most 500 companies, in their order.

        Companies that are not there have none. Raises FormError for too many.
        """
        ids = ",".join(map(str, company_ids))
        return self._session.get("/companies/figures", tuple[CompanyFigures, ...], company_ids=ids)

    def get(self, company_id: int) -> Company:
        """Return one company; raises NotFound."""
        return self._session.get(f"/companies/{company_id}", Company)

    def create(self, draft: CompanyDraft) -> Company:
        """Store a company.

        Raises FormError naming each wrong field, and Duplicate, which names the company that the
        name is another spelling of.
        """
        return self._session.post("/companies", Company, entries.check(draft))

    def find_or_create(self, name: str) -> FoundCompany:
        """Return the company of a name in whatever spelling, made if there is none.

        Raises FormError for a name that is none.
        """
        checked = entries.check(CompanyDraft(name=name))
        return self._session.post("/companies/find-or-create", FoundCompany, {"name": checked.name})

    def update(
        self, company_id: int, changes: CompanyChanges, *, expected_version: int | None = None
    ) -> Company:
        """Change what is given of a company, and nothing else.

        Raises FormError, NotFound and Stale.
        """
        checked = entries.check(changes)
        path = f"/companies/{company_id}"
        return self._session.put(path, Company, checked, version=expected_version)
