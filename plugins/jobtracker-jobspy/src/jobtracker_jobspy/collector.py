"""From a query to pages, through python-jobspy: the same for all its sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

from jobtracker_core import (
    CollectError,
    ConfigError,
    Employment,
    JobCollector,
    LayoutChanged,
    Page,
    Posting,
    RunContext,
    Skip,
    Transient,
)
from jobtracker_jobspy import failures, library, notices
from jobtracker_jobspy.board import Board
from jobtracker_jobspy.call import Answer, Caller
from jobtracker_jobspy.query import JobspyQuery, JobspySettings, words
from jobtracker_jobspy.rows import Reading, posting

JQ = TypeVar("JQ", bound=JobspyQuery)

_GRAVE = frozenset({"blocked", "limited", "proxy"})
"""What must end a run even if only descriptions were refused: the next request would be as well."""


class JobspyCollector(JobCollector[JQ, JobspySettings], Generic[JQ]):
    """Reads one site through python-jobspy. The cursor is the offset, in postings, from 0.

    A call gives up its rows when it is over, so searches are read in portions where python-jobspy
    can begin at an offset, and every portion is a page. Where it cannot, a run is one call.
    """

    board: ClassVar[Board]
    reading: ClassVar[Reading]
    kinds: ClassVar[tuple[Employment, ...]] = ()
    """Kinds of engagement that the site can be asked for."""

    distance: ClassVar[bool] = False
    """Whether the site can be asked for a radius."""

    @classmethod
    def unavailable(cls) -> str | None:
        """Say that python-jobspy is missing, or of another release."""
        return library.missing()

    def portion(self, query: JQ) -> int:  # noqa: ARG002  (of use to subclasses)
        """Return how many results one call asks for."""
        return self.board.portion

    def collect(self, query: JQ, ctx: RunContext, *, cursor: str | None = None) -> Iterator[Page]:
        """Yield a page for each call of python-jobspy.

        python-jobspy never passes on that a site told the end, nor how many postings there are: the
        end of a list is always an unconfirmed one, and an empty list is left to the canary search.
        """
        calls = _Calls(self, query, ctx)
        offset = 0 if cursor is None else int(cursor)
        seen: set[str] = set()
        while True:
            wanted = self.portion(query)
            if query.limit is not None:
                wanted = max(min(wanted, query.limit - len(seen)), 1)
            answer = calls.ask(offset, wanted)
            fresh, skipped = self._read(answer, seen, calls)
            following = self._following(answer, offset, wanted)
            over = following is None or not (fresh or skipped)
            if fresh or skipped or answer.error is None:
                yield Page(
                    postings=tuple(fresh),
                    cursor=None if over else str(following),
                    skipped=tuple(skipped),
                    end_unconfirmed=over,
                )
            calls.raise_trouble(answer, partial=bool(fresh))
            if over or following is None:
                return
            offset = following
            ctx.pause(calls.delay)

    def _read(
        self, answer: Answer, seen: set[str], calls: _Calls
    ) -> tuple[list[Posting], list[Skip]]:
        """Return an answer's new postings and what is unreadable; most must be readable."""
        fresh: list[Posting] = []
        skipped = [
            Skip(path=f"page {answer.page}", reason=failures.tidy(why)) for why in answer.skipped
        ]
        for row in answer.rows:
            found = posting(row, self.reading, lambda url: calls.public(url, answer.site))
            if isinstance(found, Skip):
                skipped.append(found)
            elif found.source_id not in seen:
                seen.add(found.source_id)
                fresh.append(found)
        items = len(answer.rows) + len(answer.skipped)
        if answer.error is None and len(skipped) * 2 > items:
            raise LayoutChanged(
                skipped[0].path,
                f"{skipped[0].reason} ({len(skipped)} of {items} items are unreadable)",
            )
        return fresh, skipped

    def _following(self, answer: Answer, offset: int, wanted: int) -> int | None:
        """Return the next call's offset; None if there is none to be made."""
        got = len(answer.rows)
        if not self.board.resumes or (answer.error is None and got < wanted):
            return None
        if got and not answer.page:
            raise ConfigError(
                library.LIBRARY,
                f"{library.version()} does not tell which page it reads; install {library.WANTED}",
            )
        return self.board.after(offset, wanted=wanted, rows=got, page=answer.page)


class _Calls:
    """The calls of one `collect()`, and what is made of their complaints."""

    def __init__(
        self, collector: JobspyCollector[Any], query: JobspyQuery, ctx: RunContext
    ) -> None:
        self._name = collector.info.name
        self._query = query
        self._ctx = ctx
        self._delay = 0.0 if collector.settings.base_url else collector.board.delay
        self._words = words(query, kinds=collector.kinds, distance=collector.distance)
        self._caller = Caller(
            collector.board,
            collector.settings,
            hosts=collector.info.hosts,
            on_page=self._before_page,
        )
        self._told: set[str] = set()
        self._proxied = False
        self.delay = self._caller.delay
        self.public = self._caller.public

    def _before_page(self, number: int) -> None:
        self._ctx.check()
        if number > 1:
            self._ctx.pause(self._delay)

    def ask(self, offset: int, wanted: int) -> Answer:
        """Call python-jobspy, and pass its warnings on. Raises BadQuery if it asked nothing."""
        self._ctx.check()
        proxy = self._ctx.proxy_url()
        self._proxied = proxy is not None
        answer = self._caller.call(self._words, offset=offset, wanted=wanted, proxy=proxy)
        for text in answer.warnings:
            if text not in self._told:
                self._told.add(text)
                notices.tell(text, self._query, self._ctx)
        if answer.details:
            self._ctx.log.warning(
                "descriptions could not be read",
                count=len(answer.details),
                first=failures.tidy(answer.details[0]),
            )
        return answer

    def raise_trouble(self, answer: Answer, *, partial: bool) -> None:
        """Raise what ended a call early, or what refused its descriptions.

        With `partial`, postings came before the trouble: the run keeps them and ends partial.
        """
        if answer.error is not None:
            error = self._error(answer.error)
            if partial and isinstance(error, LayoutChanged):
                raise Transient(str(error), error_class="parse")
            raise error
        grave = (text for text in answer.details if failures.meaning_of(text) in _GRAVE)
        if (text := next(grave, None)) is not None:
            raise self._error(text)

    def _error(self, text: str) -> CollectError:
        return failures.error_of(text, source=self._name, proxied=self._proxied)
