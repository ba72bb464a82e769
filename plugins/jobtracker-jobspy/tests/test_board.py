"""Where the next call begins: nothing is left out."""

from __future__ import annotations

import pytest

from jobtracker_jobspy.sites import COLLECTORS, BDJobs, HelloWork


@pytest.mark.parametrize(
    ("offset", "wanted", "rows", "page", "following"),
    [
        (0, 30, 30, 1, 30),  # one whole page
        (30, 30, 30, 2, 60),
        (0, 30, 30, 2, 30),  # page 1 gave too little, page 2 was begun
        (30, 30, 30, 5, 120),  # sparse pages
        (0, 10, 10, 1, 10),  # a part of a page
        (10, 10, 10, 1, 20),
        (25, 10, 10, 2, 30),
        (60, 30, 20, 4, 90),  # an error on page 4, after page 3
    ],
)
def test_sites_that_begin_at_a_page(
    offset: int, wanted: int, rows: int, page: int, following: int
) -> None:
    assert HelloWork.board.after(offset, wanted=wanted, rows=rows, page=page) == following


@pytest.mark.parametrize(
    ("offset", "rows", "page", "following"),
    [(0, 500, 10, 500), (500, 500, 20, 1000), (500, 300, 30, 1400), (0, 105, 3, 105)],
)
def test_the_site_that_reads_page_1_again(
    offset: int, rows: int, page: int, following: int
) -> None:
    assert BDJobs.board.after(offset, wanted=500, rows=rows, page=page) == following


def test_offsets_grow() -> None:
    for collector in COLLECTORS:
        board = collector.board
        for offset in range(0, 200, 7):
            for rows in (1, 5, board.portion):
                first = 1 if board.start != "page" else offset // board.page_size + 1
                for page in (first, first + 1, first + 4):
                    assert board.after(offset, wanted=rows, rows=rows, page=page) > offset
