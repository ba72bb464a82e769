"""What a collector gives on a good day: complete, honest, the same each time, from any cursor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from jobtracker_core.contract.posting import Posting
from jobtracker_core.http.address import Hosts, read_address
from jobtracker_core.http.exchange import BadAddress
from jobtracker_core.ingest.text import clean, is_missing
from jobtracker_core.testing.bench import Bench, Read
from jobtracker_core.testing.registry import Check
from jobtracker_core.testing.sources import SIZES
from jobtracker_core.testing.spies import other_process
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.verdict import CheckFailed, require

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:amp|lt|gt|quot|nbsp|#\d+|#x[0-9a-fA-F]+);")
_ONE_LINE = 300


def plain_run(subject: Subject) -> None:
    """A run without any fault succeeds, and every item on it can be read."""
    for bench in subject.benches:
        plain = bench.plain
        require(
            bench.site is None or len(plain.read.pages) > 1 or "resume" not in bench.info.features,
            f"the practice site gives one page alone, whatever its number of postings (up to "
            f"{SIZES[-1]})",
            "let it have several pages, and ask for a query that fills them: paging is not "
            "checked otherwise",
        )
        skips = [skip for batch in plain.ran.host.batches for skip in batch.skipped]
        require(
            not skips,
            f"{len(skips)} items of the {bench.name} could not be read; the first: "
            f"{skips[0].path}: {skips[0].reason}"
            if skips
            else "",
            "read what the site really sends; a posting needs source_id, url and title",
        )


def ids(subject: Subject) -> None:
    """A source id stands for one posting, and is the same in a second run."""
    for bench in subject.benches:
        first = bench.plain.read
        with other_process(bench.collector):
            second = bench.read(details=False)
        twice = [key for key, count in Counter(first.ids).items() if count > 1]
        require(
            not twice,
            f"source_id {twice[0]!r} comes {first.ids.count(twice[0])} times in one run "
            f"({_where(first, twice[0])})"
            if twice
            else "",
            "take the site's own id of a posting, and leave out what an earlier page had",
        )
        require(
            first.ids == second.ids,
            f"a second run of the same query gives other ids: {_first_difference(first, second)}",
            "take the site's own id: never a position, a time, a process id, or Python's hash()",
        )


def _where(read: Read, key: str) -> str:
    pages = [
        str(number)
        for number, page in enumerate(read.pages, 1)
        for posting in page.postings
        if posting.source_id == key
    ]
    return f"on pages {', '.join(pages)}"


def _first_difference(first: Read, second: Read) -> str:
    for position, (one, other) in enumerate(zip(first.ids, second.ids, strict=False)):
        if one != other:
            return f"{one!r} and then {other!r} at position {position}"
    return f"{len(first.ids)} and then {len(second.ids)} of them"


def fields(subject: Subject) -> None:
    """Postings say only what the site says, in the forms that the contract names."""
    for bench in subject.benches:
        read = bench.plain.read
        for number, page in enumerate(read.pages, 1):
            for index, posting in enumerate(page.postings):
                _look_at(posting, f"page {number}, postings[{index}]", bench)
        for posting in read.details:
            _look_at(posting, f"details of {posting.source_id!r}", bench)


def _look_at(posting: Posting, where: str, bench: Bench) -> None:
    for field, wrong, step in _wrong(posting, bench):
        raise CheckFailed(f"{where}.{field} {wrong}", step)


def _wrong(posting: Posting, bench: Bench) -> Iterator[tuple[str, str, str]]:
    plain = msgspec.structs.replace(posting, raw=None)
    try:
        msgspec.convert(msgspec.to_builtins(plain), Posting)
    except (msgspec.ValidationError, TypeError) as error:
        yield "posting", f"is not of the contract's types: {error}", "give the types of Posting"
    for name in ("source_id", "url", "title"):
        if not getattr(posting, name).strip():
            yield name, "is empty", "leave out a posting without it: ctx.each() makes it a Skip"
    if tag := _TAG.search(posting.title):
        yield "title", f"holds markup: {tag[0]!r}", "take the element's text, with entities decoded"
    for name, text in _texts(plain):
        if len(text) <= _ONE_LINE and name != "title" and is_missing(clean(text, _ONE_LINE)):
            yield name, f"is {text!r}", "what the site does not say is None"
    yield from _wrong_links(posting, bench)
    if posting.posted_at is not None and posting.posted_at.tzinfo is None:
        yield "posted_at", "has no time zone", "give an aware datetime; UTC if the site names none"
    pay = posting.pay
    if pay and pay.min is not None and pay.max is not None and pay.min > pay.max:
        yield "pay", f"has a min of {pay.min:g} above its max of {pay.max:g}", "swap or drop them"


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _texts(each, f"{path}[{index}]")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if name != "raw":
                yield from _texts(getattr(value, name), f"{path}.{name}".lstrip("."))


def _wrong_links(posting: Posting, bench: Bench) -> Iterator[tuple[str, str, str]]:
    practice = bench.site and urlsplit(bench.site.base_url).netloc
    links = {"url": posting.url, "apply_url": posting.apply_url}
    if facts := posting.company_facts:
        links |= {
            f"company_facts.{name}": getattr(facts, name)
            for name in ("homepage", "profile_url", "logo_url")
        }
    for name, link in links.items():
        if not link:
            continue
        if practice and practice in link:
            yield name, f"leads to the practice site: {link}", "build links on the site's own host"
        elif urlsplit(link).scheme not in {"http", "https"} or not urlsplit(link).netloc:
            yield name, f"is no absolute web address: {link!r}", "join it with the site's address"
        elif name == "url" and not _is_the_sites(link, bench):
            yield (
                name,
                f"is none of the site's: {link} (hosts: {', '.join(bench.info.hosts)})",
                "give the site's own page (the employer's is apply_url), or declare its host",
            )


def _is_the_sites(link: str, bench: Bench) -> bool:
    home = (urlsplit(bench.info.homepage).hostname or "").removeprefix("www.")
    try:
        address = read_address(link)
    except BadAddress:
        return False
    return Hosts((*bench.info.hosts, home, f"*.{home}"), None).allow(address)


def resume(subject: Subject) -> None:
    """From every cursor that it gives, it gives the rest."""
    resumes = "resume" in subject.info.features
    for bench in subject.benches:
        pages = bench.plain.read.pages
        for number, page in enumerate(pages, 1):
            if page.cursor is None:
                require(
                    not resumes or number == len(pages),
                    f"page {number} of {len(pages)} has no cursor",
                    "give one with every page but the last, or drop the feature `resume`",
                )
                continue
            require(
                resumes,
                f"page {number} has a cursor ({page.cursor!r}) without the feature `resume`",
                "add `resume` to info.features, or give no cursor",
            )
            rest = [p.source_id for later in pages[number:] for p in later.postings]
            left = len(pages) - number
            if bench.site is None and not left:
                continue  # what would come next was not recorded
            most = None if bench.site else left
            read = bench.read(cursor=page.cursor, details=False, most=most)
            earlier = {p.source_id for before in pages[:number] for p in before.postings}
            # A site may show a posting of the page before again, as others come in before it.
            again = earlier & set(read.ids)
            fresh = [key for key in read.ids if key not in earlier]
            require(
                read.error is None and fresh == rest and len(again) * 2 < len(earlier),
                f"from the cursor {page.cursor!r} of page {number} it gives "
                f"{len(read.ids)} postings, and {len(rest)} are left"
                + (f" ({read.error!r})" if read.error else ""),
                "start at `cursor` where one is given: a new instance must need nothing else",
            )


CHECKS = (
    Check(
        name="plain_run",
        proves="a run without any fault succeeds, and every item is readable",
        needs="answers",
        run=plain_run,
    ),
    Check(
        name="ids",
        proves="source ids are unique in a run and the same in the next",
        needs="answers",
        run=ids,
    ),
    Check(
        name="fields",
        proves="mandatory fields, links, times, pay and texts are honest and of the right form",
        needs="answers",
        run=fields,
    ),
    Check(
        name="resume",
        proves="from every cursor that it gives, it gives the rest",
        needs="answers",
        run=resume,
    ),
)
