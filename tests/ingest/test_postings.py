"""What is sent elsewhere becomes there what it was here."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings

from jobtracker_core.contract.posting import CompanyFacts, Pay, PayKind, Place, Posting
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.ingest.postings import to_posting
from jobtracker_core.testing.strategies import posting_strategy


def sent(posting: Posting) -> None:
    record = normalise(posting)
    arrived = msgspec.convert(msgspec.to_builtins(to_posting(record)), Posting)
    assert normalise(arrived) == record


@given(posting_strategy())
@settings(max_examples=150)
def test_any_posting_arrives_as_the_same_record(posting: Posting) -> None:
    sent(posting)


def test_what_is_read_out_of_texts_is_read_once() -> None:
    bare: dict[str, Any] = {"source_id": "1", "url": "https://board.example/1", "title": "Engineer"}
    told: tuple[dict[str, Any], ...] = (
        {"pay": Pay(text="$10 - $20 an hour", kind=PayKind.PARSED)},
        {"pay": Pay(text="up to 90k EUR", kind=PayKind.ESTIMATED)},
        {"pay": Pay(text="Competitive")},
        {"pay": Pay(min=90_000, max=80_000, currency="EUR", text="from 1 € to 2 € an hour")},
        {"places": (Place(text="Berlin; Munich, Bavaria, Germany; Remote"),)},
        {"places": (Place(text="Remote - Oakland, CA", latitude=1.5, longitude=2.5),)},
        {"places": ()},
        {"employment": (), "skills": ()},
        {"raw": {"a": "x@y.example", "b": [1, 2.5, None], "c": {"d": "é\u2028"}}},
        {"raw": "<p>x@y.example &amp; <b>so</b></p>"},
        {"raw": '[{"not": "an object"}]'},
        {"raw": '"text"'},
        {"description": "a < b &amp; c > d<script>x</script> <p>para"},
        {"company": "Acme", "company_facts": CompanyFacts(description="<p>R&amp;D: a &lt;b&gt; c")},
        {"company_facts": CompanyFacts(description="1 < 2 and 3 > 2 &amp;amp;", founded=1999)},
    )
    for fields in told:
        sent(Posting(**bare, **fields))
