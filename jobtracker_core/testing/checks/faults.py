"""Every fault to its class, and never an empty success."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct, structs

from jobtracker_core.contract.run import RunState
from jobtracker_core.http.exchange import Answer, Transport
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.testing.bench import Bench, Over, Plain, Ran
from jobtracker_core.testing.faults import FAULTS, FaultTransport
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_core.testing.registry import Check
from jobtracker_core.testing.spoil import Spoil, spoils
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.verdict import CheckFailed, require

EXAMPLES = 40
"""Spoilt answers that one bench is tried with."""

_READ = 4000
"""Postings that these runs read together: a site with large pages gets fewer of them."""

_MOST_PAGES = 8
"""Page limit of runs on paging that never ends, beyond the pages that there are."""

_OWN = "its requests do not pass the core; the checks `proxy_…` put faults into its proxy instead"

SITE_FAULTS: Final = {
    "drift": "one field renamed or of another type in every item",
    "endless": "the last page comes again and again, never said to be the last",
    "bad_items": "5 % of the items unreadable",
}
"""Faults that every practice site declares as its own, and what each does."""


class Allowed(Struct, frozen=True):
    """How a run may end under a fault that lasts.

    Attributes:
        classes: Error classes; the state is then failed or partial.
        unconfirmed: It may also succeed with an end that is not confirmed.
    """

    classes: frozenset[str]
    unconfirmed: bool = False


def _only(*classes: str, unconfirmed: bool = False) -> Allowed:
    return Allowed(frozenset(classes), unconfirmed)


_UNREADABLE = ("parse", "decode", "blocked", "empty", "http_4xx")

OUTCOMES: Final = {
    "rate_limit": _only("http_429"),
    "challenge": _only("blocked"),
    "challenge_200": _only("blocked"),
    "login_wall": _only("blocked"),
    "unauthorized": _only("auth"),
    "server_error": _only("http_5xx"),
    "unavailable": _only("http_5xx"),
    "busy": _only("http_429"),
    "moved": _only("parse"),
    "reset": _only("network"),
    "timeout": _only("timeout"),
    "truncated": _only(*_UNREADABLE, unconfirmed=True),
    "empty_body": _only(*_UNREADABLE, unconfirmed=True),
    "other_form": _only(*_UNREADABLE),
    "half_bad": _only(*_UNREADABLE),
    "too_large": _only("too_large"),
    "repeated": _only(*_UNREADABLE, "page_limit", unconfirmed=True),
}
"""By fault. Whatever it is, a run that comes to the same postings as on a good day may succeed."""


def _checked(name: str) -> Callable[[Subject], None]:
    def fault(subject: Subject) -> None:
        for bench in subject.benches:
            plain = bench.plain
            for number in _moments(plain, name):
                _strike(bench, plain, name, number)

    return fault


def _moments(plain: Plain, name: str) -> list[int]:
    """Choose requests to strike from on: first page, second, last, and the first details."""
    lists, marks = plain.list_requests, plain.read.marks
    if name == "repeated":
        return [marks[0] + 1] if lists > marks[0] else []
    moments = sorted({1, marks[0], min(marks[0] + 1, lists), lists})
    if len(plain.ran.sent) > lists and name != "half_bad":
        moments.append(lists + 1)
    return moments


def _strike(bench: Bench, plain: Plain, name: str, number: int) -> None:
    transports: list[FaultTransport] = []

    def over(transport: Transport, clock: JumpClock) -> Transport:
        faulty = FaultTransport(transport, clock)
        # What repeats is a page; details have an answer of their own.
        path = _list_path(plain) if name == "repeated" else "*"
        faulty.fail(name, after=number - 1 - (_earlier(plain, path, number)), path=path)
        transports.append(faulty)
        return faulty

    pages = len(plain.read.pages) + _MOST_PAGES
    limits = structs.replace(bench.info.limits, max_pages=pages)
    ran = bench.run(over, limits=limits)
    details = number > plain.list_requests
    where = (
        f"{FAULTS[name].does}, from request {number} of {len(plain.ran.sent)} on "
        f"({urlsplit(plain.ran.sent[number - 1][1].url).path})"
    )
    if not transports[0].struck:
        return
    if name == "truncated" and _is_html(plain, number):
        _never(plain, ran, where)  # half a page is a page: nobody can see what is missing
    else:
        _judge(bench, plain, ran, OUTCOMES[name], where, details=details)


def _is_html(plain: Plain, number: int) -> bool:
    return plain.ran.exchanges[number - 1].answer.content.lstrip()[:1] == b"<"


def _list_path(plain: Plain) -> str:
    return urlsplit(plain.ran.sent[plain.list_requests - 1][1].url).path or "/"


def _earlier(plain: Plain, path: str, number: int) -> int:
    """Count the requests before that one which the path does not fit."""
    if path == "*":
        return 0
    sent = [urlsplit(request.url).path or "/" for _, request in plain.ran.sent[: number - 1]]
    return sum(each != path for each in sent)


def _judge(
    bench: Bench, plain: Plain, ran: Ran, allowed: Allowed, where: str, *, details: bool
) -> None:
    outcome = ran.result.outcome
    _never(plain, ran, where)
    if outcome.state is RunState.SUCCEEDED:
        same = set(ran.ids) == set(plain.ran.ids) and not details
        fine = same or (allowed.unconfirmed and not outcome.end_confirmed and not details)
    else:
        fine = outcome.error_class in allowed.classes and outcome.state in {
            RunState.FAILED,
            RunState.PARTIAL,
        }
    also = ", or succeeded with an unconfirmed end" if allowed.unconfirmed else ""
    require(
        fine,
        f"on the {bench.name}: {where}: the run ended {ran.ending}; allowed: failed or partial "
        f"as {' or '.join(sorted(allowed.classes))}{also}",
        "let the errors of ctx.http, ctx.decode() and ctx.each() pass, and raise LayoutChanged "
        "for what you cannot read",
    )
    kept = not details or set(ran.ids) == set(plain.ran.ids)
    require(
        kept,
        f"{where}: only {len(ran.ids)} of {len(plain.ran.ids)} listed postings were kept",
        "yield list pages before any details are asked for",
    )


def _never(plain: Plain, ran: Ran, where: str) -> None:
    """Refuse what no fault excuses: a bug in the plugin, and an empty success."""
    outcome = ran.result.outcome
    if outcome.error_class == "internal":
        raise CheckFailed(
            f"{where}: {outcome.message}\n{(outcome.detail or '')[-2000:]}",
            "read the answer by ctx.decode() and ctx.each(), which raise what the core knows, "
            "and treat every optional part as missing until it is there",
        )
    require(
        outcome.state is not RunState.SUCCEEDED or ran.ids or not plain.ran.ids,
        f"{where}: the run ended succeeded with nothing, where there are "
        f"{len(plain.ran.ids)} postings",
        "say total_hint=0 only where the site says so; raise LayoutChanged for what lacks items",
    )


def passing(subject: Subject) -> None:
    """One failure that passes costs nothing."""
    for bench in subject.benches:
        plain = bench.plain
        for name in ("reset", "server_error", "timeout"):
            for number in {_moments(plain, name)[0], _moments(plain, name)[-1]}:
                ran = bench.run(_once(name, number))
                require(
                    ran.ids == plain.ran.ids and ran.result.outcome == plain.ran.result.outcome,
                    f"{FAULTS[name].does}, once, at request {number}: the run ended {ran.ending} "
                    f"instead of {plain.ran.ending}",
                    "leave retries to ctx.http, and keep no state of a request that failed",
                )


def _once(name: str, number: int) -> Over:
    def over(transport: Transport, clock: JumpClock) -> Transport:
        faulty = FaultTransport(transport, clock)
        faulty.fail(name, after=number - 1, times=1)
        return faulty

    return over


def spoilt(subject: Subject) -> None:
    """One part of one answer dropped, emptied or of another type never makes a bug or a zero."""
    from hypothesis import HealthCheck, given, settings  # noqa: PLC0415  (of the extra `testing`)
    from hypothesis import strategies as st  # noqa: PLC0415

    def example(bench: Bench, chosen: tuple[int, Spoil]) -> None:
        spoil_one(bench, *chosen)

    for bench in subject.benches:
        exchanges = bench.plain.ran.exchanges
        ways = [(n, s) for n in _kinds(bench.plain) for s in spoils(exchanges[n].answer.content)]
        require(ways, f"no answer on the {bench.name} is JSON or HTML", "record a run of today")
        for number, spoil in ways:
            if spoil.likely:
                spoil_one(bench, number, spoil)
        examples = given(bench=st.just(bench), chosen=st.sampled_from(ways))(example)
        seen = bench.plain.ran.result.counts.seen
        settings(
            max_examples=min(EXAMPLES, max(10, _READ // max(seen, 1))),
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )(examples)()


def spoil_one(bench: Bench, chosen: int, spoil: Spoil) -> None:
    """Spoil one answer of a run, and judge how the run ended."""
    body = spoil.make()

    def alter(number: int, answer: Answer) -> Answer:
        return structs.replace(answer, content=body) if number == chosen else answer

    # It need be read no further than to the page that the answer belongs to.
    pages = bisect_left(bench.plain.read.marks, chosen + 1) + 1
    details = chosen >= bench.plain.list_requests
    limits = structs.replace(bench.info.limits, max_pages=1 if details else pages)
    ran = bench.run(alter=alter, limits=limits)
    path = urlsplit(bench.plain.ran.exchanges[chosen].request.url).path
    _never(bench.plain, ran, f"on the {bench.name}, in the answer of {path}: {spoil.words}")


def _kinds(plain: Plain) -> list[int]:
    """Choose the first and the last answer of each path that lists ask, and one of the details."""
    paths: dict[str, list[int]] = {}
    for number, exchange in enumerate(plain.ran.exchanges[: plain.list_requests]):
        paths.setdefault(urlsplit(exchange.request.url).path, []).append(number)
    chosen = {end for numbers in paths.values() for end in (numbers[0], numbers[-1])}
    if len(plain.ran.exchanges) > plain.list_requests:
        chosen.add(plain.list_requests)
    return sorted(chosen)


# -- faults that only the practice site can show


def _site(subject: Subject, name: str) -> tuple[Bench, PracticeSite]:
    bench = subject.on_site
    site = bench.site
    assert site is not None  # noqa: S101  (a bench on a site has one)
    require(
        name in site.faults,
        f"{type(site).__name__}.faults does not name {name!r}: {SITE_FAULTS[name]}",
        "add it to `faults`, and show it in answer() where request.faults has it",
    )
    return bench, site


def _live(subject: Subject, name: str) -> tuple[Plain, Ran]:
    bench, site = _site(subject, name)
    plain = bench.plain
    site.fail(name)
    try:
        limits = structs.replace(bench.info.limits, max_pages=len(plain.read.pages) + _MOST_PAGES)
        return plain, bench.live_run(limits=limits)
    finally:
        site.heal()


def drift(subject: Subject) -> None:
    """When the site renames a field, the run says so, or loses nothing."""
    plain, ran = _live(subject, "drift")
    _judge(
        subject.on_site, plain, ran, _only("parse", "decode"), SITE_FAULTS["drift"], details=False
    )


def endless(subject: Subject) -> None:
    """When paging never ends, the run does, and does not call that the end."""
    plain, ran = _live(subject, "endless")
    _never(plain, ran, SITE_FAULTS["endless"])
    outcome = ran.result.outcome
    require(
        not (outcome.state is RunState.SUCCEEDED and outcome.end_confirmed),
        f"{SITE_FAULTS['endless']}: the run ended {ran.ending}, with a confirmed end",
        "yield Page(end_unconfirmed=True) where pages bring nothing new",
    )


def bad_items(subject: Subject) -> None:
    """Some unreadable items cost themselves and no other."""
    plain, ran = _live(subject, "bad_items")
    _never(plain, ran, SITE_FAULTS["bad_items"])
    skipped = ran.result.counts.rejected
    lost = set(plain.ran.ids) - set(ran.ids)
    require(
        skipped > 0 and len(lost) <= skipped and ran.ids,
        f"{SITE_FAULTS['bad_items']}: the run ended {ran.ending}, {skipped} items were told as "
        f"unreadable, and {len(lost)} postings are missing",
        "convert items one by one with ctx.each(), and put its `skipped` on the page",
    )


CHECKS = (
    *(
        Check(
            name=f"fault_{name}",
            proves=f"{fault.does}: ends as {' or '.join(sorted(OUTCOMES[name].classes))}"
            + (", or unconfirmed" if OUTCOMES[name].unconfirmed else ""),
            needs="answers",
            run=_checked(name),
            own_http=_OWN,
        )
        for name, fault in FAULTS.items()
    ),
    Check(
        name="passing",
        proves="one reset, 500 or timeout that passes costs nothing",
        needs="answers",
        run=passing,
        own_http=_OWN,
    ),
    Check(
        name="spoilt",
        proves="a part of an answer dropped, emptied or retyped is never a bug or an empty success",
        needs="answers",
        run=spoilt,
        own_http="its answers cannot be replayed: its requests do not pass the core",
        hypothesis=True,
    ),
    Check(
        name="drift",
        proves="a field renamed in every item ends as parse or decode, or loses nothing",
        needs="site",
        run=drift,
    ),
    Check(
        name="endless",
        proves="paging that never ends is no confirmed end",
        needs="site",
        run=endless,
    ),
    Check(
        name="bad_items",
        proves="unreadable items are told, and cost no other",
        needs="site",
        run=bad_items,
    ),
)
