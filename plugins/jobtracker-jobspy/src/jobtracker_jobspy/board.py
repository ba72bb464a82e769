"""How python-jobspy reads each site, as far as one must know it to ask in portions."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Start = Literal["page", "first_and_page", "front"]
"""Where a scraper begins that is given an offset: at its page; at page 1 and then at that page; at
page 1 and on through all pages in between."""


class Board(Struct, frozen=True, kw_only=True):
    """What python-jobspy 1.4.1 does at one site.

    Attributes:
        scraper: Name of the class that python-jobspy exports.
        prefix: What python-jobspy puts before the site's own id.
        start: Where it begins if given an offset.
        page_size: Postings of a list page.
        portion: Results asked of one call.
        delay: Seconds that the run waits before every further list page. As long as python-jobspy
            would itself at most, which is told not to: its sleep cannot be stopped.
        unannounced: What the addresses of list pages have that it asks for without announcing them;
            "" if there are none.
        addresses: The scraper's attributes that hold addresses; none if they cannot be replaced.
        links: That of them which the postings' own addresses are built on.
    """

    scraper: str
    prefix: str
    start: Start
    page_size: int
    portion: int
    delay: float
    unannounced: str = ""
    addresses: tuple[str, ...] = ()
    links: str = "base_url"

    @property
    def resumes(self) -> bool:
        """Whether a search can be read in portions."""
        return self.start != "front"

    def after(self, offset: int, *, wanted: int, rows: int, page: int) -> int:
        """Return the offset of the next call: nothing between is left out, some may come again.

        Args:
            offset: That of the call before.
            wanted: Results it was asked for.
            rows: Results it gave.
            page: The last list page it asked for. It was perhaps not read to its end.
        """
        if self.start == "first_and_page":
            # python-jobspy counts the paid postings of page 1 too, up to a page of them.
            return max(offset + rows, self.page_size * (page - 2))
        first = offset // self.page_size + 1
        if page > first:
            return (page - 1) * self.page_size
        return first * self.page_size if wanted >= self.page_size else offset + rows
