"""What goes up from a collector: pages of postings, and what could not be read of them."""

from __future__ import annotations

from msgspec import Struct

from jobtracker_core.contract.posting import Posting


class Skip(Struct, frozen=True, kw_only=True):
    """An item that could not be read. `path` says where it stood and which part of it is wrong."""

    path: str
    reason: str


class Page(Struct, frozen=True, kw_only=True):
    """One list page.

    Attributes:
        postings: What was read, in the site's order.
        cursor: Where `collect()` can go on after this page; None where it cannot.
        skipped: Items that were there and could not be read.
        total_hint: How many postings the site says the whole search has. An empty first page is a
            certain "none" only if this is 0; else the core asks the canary query before it
            believes it.
        end_unconfirmed: The results stopped without the site saying that this is the end.
    """

    postings: tuple[Posting, ...]
    cursor: str | None = None
    skipped: tuple[Skip, ...] = ()
    total_hint: int | None = None
    end_unconfirmed: bool = False


class Probe(Struct, frozen=True, kw_only=True):
    """Answer to "does it work today?"."""

    ok: bool
    found: int
    message: str
