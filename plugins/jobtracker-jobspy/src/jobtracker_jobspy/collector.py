"""From a query to pages, through python-jobspy: the same for all its sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
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
from jobtracker_jobspy import evidence, failures, library, notices
from jobtracker_jobspy.board import Board
from jobtracker_jobspy.call import Answer, Caller
from jobtracker_jobspy.query import JobspyQuery, JobspySettings, words
from jobtracker_jobspy.rows import Public, Reading, posting

JQ = TypeVar("JQ", bound=JobspyQuery)

_GRAVE = frozenset({"blocked", "limited", "proxy"})
"""What must end a run even if only descriptions were refused: the next request would be as well."""


_SECOND_LOOK = 10.0
"""Seconds, at most, before nothing, after full pages, is asked for again."""

_PATIENCE = 4
"""So many times the usual distance between requests do as well: a practice site is a quick one."""

_WITH_TEXTS = 10
"""Results of one call where each costs a request for its description: python-jobspy asks for these
without a pause, and within a call it cannot be told to stop there."""


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

    def widened(self, asked: Mapping[str, Any], answer: Answer) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the words of the next call, after what an answer warned of."""
        return asked

    def portion(self, query: JQ) -> int:
        """Return how many results one call asks for, where the query sets no limit."""
        return _WITH_TEXTS if query.descriptions and self.board.resumes else self.board.portion

    def collect(self, query: JQ, ctx: RunContext, *, cursor: str | None = None) -> Iterator[Page]:
        """Yield a page for each call of python-jobspy.

        python-jobspy never passes on that a site told the end, nor how many postings there are: the
        end of a list is always an unconfirmed one. An answer without postings is looked at again
        if it is the first: it must be the site's own word for none, and the canary search has the
        last word.
        """
        calls = _Calls(self, query, ctx)
        listed = _Listed(self.reading)
        offset = 0 if cursor is None else int(cursor)
        while True:
            wanted = self._wanted(query, len(listed.seen))
            answer = calls.ask(offset, wanted)
            if not (answer.rows or answer.skipped or answer.error):
                if offset:
                    ctx.pause(self._second_look())
                    answer = calls.ask(offset, wanted)
                else:
                    calls.raise_doubt(answer)
            # Where pages come again by design, postings that come again mean nothing.
            again = offset // self.board.page_size < listed.page
            fresh, skipped = listed.read(answer, partial(calls.public, site=answer.site))
            following = self._following(answer, offset, wanted)
            over = following is None or not (fresh or again)
            # The core weighs a page's unreadable items against its postings; those that came
            # again are not among these.
            for skip in skipped[len(fresh) :]:
                ctx.log.warning("item unreadable", path=skip.path, reason=skip.reason)
            if fresh or (over and answer.error is None):
                yield Page(
                    postings=tuple(fresh),
                    cursor=None if over else str(following),
                    skipped=tuple(skipped[: len(fresh)]),
                    end_unconfirmed=over,
                )
            calls.raise_trouble(answer, kept=bool(fresh))
            if over or following is None:
                return
            offset = following
            ctx.pause(calls.delay)

    def _second_look(self) -> float:
        rate = self.settings.per_minute or self.info.limits.per_minute
        return min(_SECOND_LOOK, 60 * _PATIENCE / rate)

    def _wanted(self, query: JQ, found: int) -> int:
        portion = self.portion(query)
        if query.limit is None:
            return portion
        left = max(query.limit - found, 1)
        return min(portion, left) if self.board.resumes else left

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


class _Listed:
    """What one `collect()` has read so far.

    Attributes:
        seen: The ids of all postings.
        page: The last list page that was asked for; it was perhaps not read to its end.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._skips: Counter[int] = Counter()
        self.seen: set[str] = set()
        self.page = 0

    def read(self, answer: Answer, public: Public) -> tuple[list[Posting], list[Skip]]:
        """Return an answer's new postings, and what is unreadable and was not told before.

        Raises LayoutChanged if more than half of the items are unreadable.
        """
        fresh: list[Posting] = []
        nameless: list[Skip] = []
        for row in answer.rows:
            found = posting(row, self._reading, public)
            if isinstance(found, Skip):
                nameless.append(found)
            elif found.source_id not in self.seen:
                self.seen.add(found.source_id)
                fresh.append(found)
        skipped = [*self._told(answer), *nameless]
        unreadable = len(answer.skipped) + len(nameless)
        items = len(answer.skipped) + len(answer.rows)
        if answer.error is None and unreadable * 2 > items:
            worst = skipped[0] if skipped else Skip(path="page", reason="read before")
            raise LayoutChanged(
                worst.path, f"{worst.reason} ({unreadable} of {items} items are unreadable)"
            )
        self.page = max(self.page, answer.page)
        return fresh, skipped

    def _told(self, answer: Answer) -> Iterator[Skip]:
        """Yield the unreadable items of pages, but for those that stood there the last time."""
        now: Counter[int] = Counter()
        for page, why in answer.skipped:
            now[page] += 1
            if now[page] > self._skips[page]:
                yield Skip(path=f"page {page}", reason=failures.tidy(why))
        self._skips |= now


class _Calls:
    """The calls of one `collect()`, and what is made of their complaints."""

    def __init__(
        self, collector: JobspyCollector[Any], query: JobspyQuery, ctx: RunContext
    ) -> None:
        self._name = collector.info.name
        self._widened = collector.widened
        self._query = query
        self._ctx = ctx
        self._words: Mapping[str, Any] = words(
            query, kinds=collector.kinds, distance=collector.distance
        )
        self._caller = Caller(
            collector.board,
            collector.settings,
            hosts=collector.info.hosts,
            on_page=self._before_page,
            on_request=self._before_request,
        )
        self._scraper = collector.board.scraper
        self._unannounced = collector.board.unannounced
        self._first = True
        self._told: set[str] = set()
        self._proxied = False
        self.delay = self._caller.delay
        self.public = self._caller.public

    def _before_page(self) -> None:
        self._ctx.check()
        if not self._first:
            self._ctx.pause(self.delay)
        self._first = False

    def _before_request(self, address: str) -> None:
        self._ctx.check()
        if self._unannounced and self._unannounced in address:
            self._ctx.pause(self.delay)

    def ask(self, offset: int, wanted: int) -> Answer:
        """Call python-jobspy, and pass its warnings on. Raises BadQuery if it asked nothing."""
        self._ctx.check()
        self._first = True
        proxy = self._ctx.proxy_url()
        self._proxied = proxy is not None
        answer = self._caller.call(self._words, offset=offset, wanted=wanted, proxy=proxy)
        for text in answer.warnings:
            if text not in self._told:
                self._told.add(text)
                notices.tell(text, self._query, self._ctx)
        self._words = self._widened(self._words, answer)
        if answer.details:
            self._ctx.log.warning(
                "descriptions could not be read",
                count=len(answer.details),
                first=failures.tidy(answer.details[0]),
            )
        return answer

    def raise_doubt(self, answer: Answer) -> None:
        """Raise what an answer without postings stands for, unless the site has none."""
        text = evidence.doubt(self._scraper, answer.listed)
        if text is not None:
            raise self._error(text)

    def raise_trouble(self, answer: Answer, *, kept: bool) -> None:
        """Raise what ended a call early, or what refused its descriptions or broke most of them.

        With `kept`, postings came before the trouble: the run keeps them and ends partial.
        """
        text = answer.error
        if text is None:
            grave = (each for each in answer.details if failures.meaning_of(each) in _GRAVE)
            text = next(grave, answer.details[0] if _lacks_most(answer) else None)
        if text is None:
            return
        error = self._error(text)
        if kept and isinstance(error, LayoutChanged):
            raise Transient(str(error), error_class="parse")
        raise error

    def _error(self, text: str) -> CollectError:
        return failures.error_of(text, source=self._name, proxied=self._proxied)


def _lacks_most(answer: Answer) -> bool:
    """Say whether descriptions were to be had, and most postings came without theirs."""
    described = sum(row.description is not None for row in answer.rows)
    return bool(answer.details) and described * 2 < len(answer.rows)
