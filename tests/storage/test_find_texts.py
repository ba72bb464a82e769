"""A text is held to a query in two ways, which agree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobtracker_core.storage import find_plan
from jobtracker_core.storage.find_texts import Held, Indexed
from jobtracker_core.storage.index_tokens import COLUMNS, columns, entry

NOW = datetime.now(UTC)
WORDS = st.sampled_from(
    (
        *("machine", "Machines", "machinist", "learning", "learned", "LEARNER", "dying", "die"),
        *("lying", "tying", "tie", "skis", "sky", "skies", "happily", "happy", "early", "only"),
        *("accountants", "accounting", "customers", "news", "women's", "women’s", "O'Brien"),
        *("C++", "c#", ".NET", "node.js", "naïve", "café", "cafe\u0301", "Œuvre", "oeuvre"),
        *("<b>m</b>achine", "ma&shy;chine", "sen&eacute;or", "R&amp;D", "machine_learning"),
        *("machine-learning", "東京", "python東京", "the", "and", "2024", "x", "developpement"),
        *("développement", "ı", "İstanbul", "ﬁnance", "straße", "mueller", "gegangen"),
    )
)
GAPS = st.sampled_from((" ", " ", " ", ", ", "</p><p>", " <b>", ".", "\u00a0", " – ", "/", "’"))
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=12).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)


@settings(max_examples=150, deadline=None)
@given(
    title=TEXTS,
    text=TEXTS,
    asked=st.lists(WORDS, min_size=1, max_size=3),
    language=st.sampled_from((None, "en", "de", "fr", "nl")),
    is_prefix=st.booleans(),
)
@example(title="", text="we were dying", asked=["die"], language="en", is_prefix=False)
@example(
    title="", text="C++ developer", asked=["c++", "developers"], language="en", is_prefix=False
)
@example(title="", text="c# now", asked=["cshar"], language="en", is_prefix=True)
@example(title="", text="a naïve machine", asked=["naive", "mach"], language="en", is_prefix=True)
def test_a_glance_never_passes_over_what_the_index_finds(
    title: str, text: str, asked: list[str], language: str | None, is_prefix: bool
) -> None:
    quoted = '"' + " ".join(asked).replace('"', "") + '"' + ("*" if is_prefix else "")
    (branch,) = find_plan.plan({"text": quoted}, NOW).branches
    assert branch.tokens is not None
    absent = ("company", "place", "city", "region", "country", "places", "skills", "remote")
    unpaid = ("employment", "seniority", "pay_year_min", "pay_year_max", "pay_currency")
    job: dict[str, Any] = dict.fromkeys((*absent, *unpaid))
    job |= {"title": title, "language": language, "source": "site", "first_seen_at": NOW}
    indexed = Indexed(*columns(entry(job, text)))
    assert Held(job, text).fits(branch.tokens) == indexed.fits(branch.tokens)


def test_a_text_in_one_piece_is_analysed_as_a_whole() -> None:
    (branch,) = find_plan.plan({"text": '"data engineer"'}, NOW).branches
    assert branch.tokens is not None
    job: dict[str, Any] = dict.fromkeys(COLUMNS)
    job |= {"title": "", "language": "en", "source": "site", "first_seen_at": NOW}
    wrong = "data,engines," * 5_000
    assert not Held(job, wrong).fits(branch.tokens)
    assert Held(job, f"{wrong}data,engineers").fits(branch.tokens)
    assert Held(job, "data engines " * 100 + "data engineers").fits(branch.tokens)
