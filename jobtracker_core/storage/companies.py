"""Companies: found or made while a page is written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import CompanyFacts
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.rows import Reader
from jobtracker_core.storage.statements import insert_or_ignore, one_of
from jobtracker_core.storage.tables import companies
from jobtracker_core.storage.types import LARGEST_ID

FACTS = CompanyFacts.__struct_fields__


class Company(Struct, frozen=True, kw_only=True):
    """A stored employer. `name` is the spelling that came first; facts are those that came first.

    Attributes:
        key: Equal for all spellings of one company.
        version: Grows with each change.
    """

    id: int
    key: str
    name: str
    homepage: str | None
    profile_url: str | None
    logo_url: str | None
    industry: str | None
    size: str | None
    founded: int | None
    headquarters: str | None
    description: str | None
    ats: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class CompanyList(Struct, frozen=True, kw_only=True):
    """A page of companies. `after` leads to the next one; None where there is none."""

    items: tuple[Company, ...]
    after: str | None


_COMPANIES = Reader(Company, tuple(companies.columns))
_BY_ID = sa.select(companies).where(companies.c.id == sa.bindparam("company_id"))


def find_or_create(conn: Connection, records: Iterable[Record], now: datetime) -> dict[str, int]:
    """Return the number of each record's company by its key, making those that are missing.

    What a record tells of its company only fills what is empty. Works on the rows in the order of
    their keys, so that two writers cannot deadlock.
    """
    wanted = _gather(records)
    if not wanted:
        return {}
    keys = sorted(wanted)
    stored = _read(conn, keys)
    missing = [wanted[key] for key in keys if key not in stored]
    if missing:
        stamps = {"created_at": now, "updated_at": now}
        conn.execute(insert_or_ignore(conn, companies, "key"), [row | stamps for row in missing])
        stored = _read(conn, keys)
    fills = [
        {
            "b_id": stored[key]["id"],
            "b_now": now,
            **{f"b_{fact}": wanted[key][fact] for fact in FACTS},
        }
        for key in keys
        if any(wanted[key][fact] is not None and stored[key][fact] is None for fact in FACTS)
    ]
    if fills:
        # COALESCE rather than the value read: another writer may have filled it since.
        empty = {
            fact: sa.func.coalesce(
                companies.c[fact], sa.bindparam(f"b_{fact}", type_=companies.c[fact].type)
            )
            for fact in FACTS
        }
        conn.execute(
            sa.update(companies)
            .where(companies.c.id == sa.bindparam("b_id"))
            .values(
                **empty,
                updated_at=sa.bindparam("b_now"),
                version=companies.c.version + 1,
            ),
            fills,
        )
    return {key: row["id"] for key, row in stored.items()}


def read_one(conn: Connection, company_id: int) -> Company | None:
    """Return a company by its number."""
    found = _COMPANIES.read(conn, _BY_ID, {"company_id": company_id})
    return found[0] if found else None


def get(db: Database, company_id: int) -> Company:
    """Return a company; raises NotFound."""
    found = None
    if 0 < company_id <= LARGEST_ID:
        with db.read() as conn:
            found = read_one(conn, company_id)
    if found is None:
        raise NotFound(f"there is no company {company_id}", "List the companies for their numbers.")
    return found


def list_companies(
    db: Database, *, text: str | None = None, limit: int = 50, after: str | None = None
) -> CompanyList:
    """Return companies in the order of their keys, which is that of their names without accents.

    `text` is part of the name, upper and lower case alike; `after` is what the page before gave.
    """
    statement = sa.select(companies).order_by(companies.c.key).limit(limit + 1)
    text = (text or "").replace("\x00", "")
    if text:
        statement = statement.where(companies.c.name.icontains(text, autoescape=True))
    if after is not None:
        statement = statement.where(companies.c.key > after.replace("\x00", ""))
    with db.read() as conn:
        items = tuple(_COMPANIES.read(conn, statement))
    more = len(items) > limit
    items = items[:limit]
    return CompanyList(items=items, after=items[-1].key if more and items else None)


def _gather(records: Iterable[Record]) -> dict[str, dict[str, Any]]:
    wanted: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.company_key is None:
            continue
        row = wanted.setdefault(
            record.company_key,
            {
                "key": record.company_key,
                "name": record.company or record.company_key,
                **dict.fromkeys(FACTS),
            },
        )
        for fact in FACTS if record.company_facts is not None else ():
            if row[fact] is None:
                row[fact] = getattr(record.company_facts, fact)
    return wanted


def _read(conn: Connection, keys: list[str]) -> dict[str, dict[str, Any]]:
    columns = (companies.c.id, companies.c.key, *(companies.c[fact] for fact in FACTS))
    found = conn.execute(sa.select(*columns).where(one_of(conn, companies.c.key, keys)))
    return {row["key"]: dict(row) for row in found.mappings()}
