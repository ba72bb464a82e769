import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.ingest import text

LIMITED = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  Senior \t Engineer\n(m/f/d) ", "Senior Engineer (m/f/d)"),
        ("R&amp;D &amp;amp; Sales", "R&D & Sales"),
        ("Sales&Reg Affairs", "Sales&Reg Affairs"),
        ("A\x00B\ud800C\x07\u202eD\u200bE\u00adF", "ABCDEF"),
        ("Cafe\u0301", "Café"),
        ("&#128104;\u200d&#128187; Dev", "👨\u200d💻 Dev"),
        ("a\u00a0b\u2003c\x85d", "a b c d"),
        ("Write to Jo.Doe+x@mail.example.org.", "Write to [e-mail removed]."),
        ("jo&#64;firm.de", "[e-mail removed]"),
        ("jo (at) firm (dot) de or jo[at]firm.de", "[e-mail removed] or [e-mail removed]"),
        ("logo@2x.png stays, @handle and C@ too", "logo@2x.png stays, @handle and C@ too"),
        ("<b>x</b>", "<b>x</b>"),
    ],
)
def test_clean(given_text, expected):
    assert text.clean(given_text, 500) == expected


def test_clean_cuts_at_the_limit_and_leaves_no_space_at_the_end():
    assert text.clean("ab " * 10, 6) == "ab ab"
    assert text.clean("x" * 10_000, 500) == "x" * 500


def test_marks_without_end_cost_no_time_and_are_cut():
    endless = "a" + "\u0315\u0300" * 20_000
    since = time.thread_time()
    composed = text.compose(f"{endless} Cafe\u0301 {endless}")
    assert time.thread_time() - since < 0.5
    assert composed.count("\u0315") == 2 * 15
    assert "Café" in composed


@LIMITED
@given(
    st.text(st.sampled_from("aüǘ·\u0344\u0f73\u0323\u0301\u0315\u3099\u1100\u1161…"), max_size=120)
)
def test_composing_is_idempotent_and_leaves_what_people_write(value):
    composed = text.compose(value)
    assert text.compose(composed) == composed
    assert unicodedata.is_normalized("NFC", composed)
    if len(value) <= 15:
        assert composed == unicodedata.normalize("NFC", value)


@pytest.mark.parametrize(
    "nothing", ["", " ", "N/A", "n.a.", "null", "None", "-", "—", "...", "nan", "a@b.de"]
)
def test_observed_takes_words_for_nothing_as_not_observed(nothing):
    assert text.observed(nothing, 100) is None


@pytest.mark.parametrize("something", ["C", "0", "NA", "日本", "None of your business"])
def test_observed_keeps_what_says_something(something):
    assert text.observed(something, 100) == something


@LIMITED
@given(st.data(), st.integers(1, 60))
def test_cleaning_is_idempotent_and_storable(some, data, limit):
    cleaned = text.clean(data.draw(some.words), limit)
    assert text.clean(cleaned, limit) == cleaned
    assert len(cleaned) <= limit
    assert "\x00" not in cleaned
    cleaned.encode()  # raises for a lone surrogate
    assert "\n" not in cleaned


@LIMITED
@given(st.data())
def test_no_address_is_left(some, address, data):
    written = data.draw(some.any_text) + " " + data.draw(some.emails) + data.draw(some.any_text)
    assert not address.search(text.clean(written, 500))
