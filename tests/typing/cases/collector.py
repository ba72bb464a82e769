"""What a plugin author may get wrong, and what mypy says of it. Checked by test_typing.py."""

from collections.abc import Iterator
from typing import assert_type

import msgspec

from jobtracker_core import (
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    Items,
    JobCollector,
    Page,
    Pay,
    PayInterval,
    Policy,
    Posting,
    PostingRef,
    Remote,
    Response,
    RunContext,
)


class BoardQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    easy_apply: bool = False


class BoardSettings(CollectorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mode: str = "html"


class Item(msgspec.Struct):
    id: str


class Good(JobCollector[BoardQuery, BoardSettings]):
    info = CollectorInfo(
        name="board",
        title="Board",
        homepage="https://board.example",
        contract=1,
        query=BoardQuery,
        settings=BoardSettings,
        hosts=("board.example",),
        policy=Policy(summary="It welcomes programs."),
        canary=BoardQuery(text="engineer"),
    )

    def collect(
        self, query: BoardQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        assert_type(query.easy_apply, bool)
        assert_type(self.settings.mode, str)
        answer = ctx.http.get("https://board.example", params={"q": query.text or ""})
        assert_type(answer, Response)
        items = ctx.each(ctx.decode(answer, list[dict[str, str]]), Item)
        assert_type(items, Items[Item])
        yield Page(
            postings=tuple(
                Posting(source_id=item.id, url="https://board.example/1", title="A job")
                for item in items.values
            )
        )

    def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
        return Posting(source_id=ref.source_id, url=ref.url, title=ref.title)


class WrongQuery(JobCollector[BoardQuery, BoardSettings]):
    info = Good.info

    def collect(
        self, query: str, ctx: RunContext, *, cursor: str | None = None  # E: Argument 1 of "collect" is incompatible with supertype
    ) -> Iterator[Page]:
        yield Page(postings=())


class NoCursor(JobCollector[BoardQuery, BoardSettings]):
    info = Good.info

    def collect(self, query: BoardQuery, ctx: RunContext) -> Iterator[Page]:  # E: Signature of "collect" incompatible with supertype
        yield Page(postings=())


class YieldsPostings(JobCollector[BoardQuery, BoardSettings]):
    info = Good.info

    def collect(
        self, query: BoardQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        yield Posting(source_id="1", url="https://board.example/1", title="A job")  # E: Incompatible types in "yield" (actual type "Posting", expected type "Page")


class Unfinished(JobCollector[BoardQuery, BoardSettings]):
    info = Good.info


Unfinished(BoardSettings())  # E: Cannot instantiate abstract class "Unfinished" with abstract attribute "collect"
Good(CollectorSettings())  # E: Argument 1 to "Good" has incompatible type "CollectorSettings"; expected "BoardSettings"


class NotAQuery(JobCollector[str, BoardSettings]):  # E: Type argument "str" of "JobCollector" must be a subtype of "CommonQuery"
    info = Good.info


Posting(source_id="1", url="https://board.example/1")  # E: Missing named argument "title" for "Posting"
Posting(source_id=1, url="https://board.example/1", title="A job")  # E: Argument "source_id" to "Posting" has incompatible type "int"; expected "str"
Posting(source_id="1", url="u", title="A job", remote="yes")  # E: Argument "remote" to "Posting" has incompatible type "str"; expected "Remote | None"
Posting(source_id="1", url="u", title="A job", remote=Remote.HYBRID, pay=Pay(interval="hour"))  # E: Argument "interval" to "Pay" has incompatible type "str"; expected "PayInterval | None"
Posting(source_id="1", url="u", title="A job", pay=Pay(min=10, interval=PayInterval.HOUR))
Page(postings=[])  # E: Argument "postings" to "Page" has incompatible type "list[Never]"; expected "tuple[Posting, ...]"
CollectorInfo(name="x", title="X", homepage="h", contract=1, query=str, hosts=(), policy=Policy(summary=""), canary=BoardQuery())  # E: Argument "query" to "CollectorInfo" has incompatible type "type[str]"; expected "type[CommonQuery]"


def frozen(posting: Posting) -> None:
    posting.title = "Another"  # E: Property "title" defined in "Posting" is read-only
