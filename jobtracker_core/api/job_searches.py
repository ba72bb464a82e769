"""`/api/v1/jobs/facets` and `/snippets`: what goes with a list of jobs that was searched for."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from jobtracker_core.api.operations import BRIEFLY, operation
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.search.language import LONGEST
from jobtracker_core.storage.facets import Facet
from jobtracker_core.storage.job_filters import Filters
from jobtracker_core.storage.search import JobList
from jobtracker_core.storage.snippets import Snippet
from jobtracker_core.tracker import JobTracker

_MOST_AT_ONCE = 200


@get(
    "/facets",
    **operation(
        "listJobFacets",
        "Count the jobs of a list by what they are",
        description="By source, company, remote, employment, seniority, band of pay and age. "
        "Exact up to 5,000 jobs, or 1,000 where the search holds words; beyond, the latest of "
        "them stand for all, and `estimated` is true. A list that is filtered by a source, remote, "
        "employment or seniority is counted by it as if it were not.",
        scope=Scope.JOBS_READ,
        kept=BRIEFLY,  # ages count from now
    ),
)
def list_facets(
    tracker: NamedDependency[JobTracker], filters: NamedDependency[Filters]
) -> tuple[Facet, ...]:
    """Count the jobs of a list by what they are."""
    return tracker.jobs.facets(**filters)


@get(
    "/snippets",
    **operation(
        "listJobSnippets",
        "Show what a search found in descriptions",
        description="A piece of each job's description with what was looked for, in parts of "
        "which some are hits. Jobs without a hit in their description are left out.",
        scope=Scope.JOBS_READ,
    ),
)
def list_snippets(
    tracker: NamedDependency[JobTracker],
    search: Annotated[str, QueryParameter(description="In the query language", max_length=LONGEST)],
    job_ids: Annotated[
        str,
        QueryParameter(
            description=f"Numbers of at most {_MOST_AT_ONCE} jobs, with commas between them",
            pattern=r"^\d{1,18}(,\d{1,18})*$",
            max_length=19 * _MOST_AT_ONCE,
        ),
    ],
) -> tuple[Snippet, ...]:
    """Show what a search found in descriptions."""
    numbers = [int(number) for number in job_ids.split(",")]
    if len(numbers) > _MOST_AT_ONCE:
        raise wrong("job_ids", f"names more than {_MOST_AT_ONCE} jobs; ask for the others apart")
    return tracker.jobs.snippets(numbers, text=search)


def snippets_of(tracker: JobTracker, found: JobList, filters: Filters) -> tuple[Snippet, ...]:
    """Return the snippets of a page."""
    numbers = [job.id for job in found.items]
    return tracker.jobs.snippets(numbers, text=filters.get("text") or "")
