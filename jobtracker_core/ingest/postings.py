"""From what would be stored here back to what a collector yields, to be sent elsewhere."""

from __future__ import annotations

import html
import json
from typing import Any

import msgspec

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import CompanyFacts, Pay, Posting, Precision

_AS_THEY_ARE = (
    *("source_id", "url", "title", "company", "places", "remote", "employment", "seniority"),
    *("skills", "language", "posted_at", "apply_url", "closed", "description"),
)


def to_posting(record: Record) -> Posting:
    """Return a posting of which `normalise` makes the same record again.

    What was private in it is gone already.
    """
    return Posting(
        **{name: getattr(record, name) for name in _AS_THEY_ARE},
        company_facts=None if record.company_facts is None else _facts(record.company_facts),
        pay=None if record.pay is None else _pay(record.pay),
        posted_precision=record.posted_precision or Precision.EXACT,
        raw=None if record.raw is None else _raw(record.raw),
    )


def _facts(facts: CompanyFacts) -> CompanyFacts:
    # It is plain text by now, and read as markup once more.
    text = facts.description
    markup = text and f"<p>{html.escape(text, quote=False)}</p>"
    return msgspec.structs.replace(facts, description=markup)


def _pay(pay: PayRecord) -> Pay:
    names = Pay.__struct_fields__
    return Pay(**{name: getattr(pay, name) for name in names})


def _raw(raw: str) -> dict[str, Any] | str:
    try:
        item = json.loads(raw)
    except ValueError:
        return raw
    return item if isinstance(item, dict) else raw
