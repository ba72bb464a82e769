"""Companies: found or made while a page is written, or entered by a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType, structs
from sqlalchemy import Connection

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import CompanyFacts
from jobtracker_core.storage import versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate, NotFound
from jobtracker_core.storage.fields import Line, Link, Name, ShortLine, ShortProse, Year
from jobtracker_core.storage.rows import Reader, to_struct
from jobtracker_core.storage.statements import insert_or_ignore, one_of
from jobtracker_core.storage.tables import companies
from jobtracker_core.storage.types import LARGEST_ID

FACTS = CompanyFacts.__struct_fields__
_NO_FACTS: dict[str, Any] = dict.fromkeys(FACTS)


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


class CompanyDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company to be entered.

    Attributes:
        name: In the spelling that is to be shown.
        homepage: The company's own site.
        profile_url: Its page on a site of jobs.
        logo_url: A picture of its logo; it is not fetched.
        industry: What it is in.
        size: How many work there, as sites put it.
        founded: The year.
        headquarters: Where its head office is.
        description: What it says of itself, as plain text.
        ats: The system in which it takes applications.
    """

    name: Name
    homepage: Link | None = None
    profile_url: Link | None = None
    logo_url: Link | None = None
    industry: Line | None = None
    size: ShortLine | None = None
    founded: Year | None = None
    headquarters: Line | None = None
    description: ShortProse | None = None
    ats: ShortLine | None = None


class CompanyChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become different; what is not given stays, null empties.

    Attributes:
        name: How it is shown. What sites call the company is found under its first name.
    """

    name: Name | UnsetType = UNSET
    homepage: Link | UnsetType | None = UNSET
    profile_url: Link | UnsetType | None = UNSET
    logo_url: Link | UnsetType | None = UNSET
    industry: Line | UnsetType | None = UNSET
    size: ShortLine | UnsetType | None = UNSET
    founded: Year | UnsetType | None = UNSET
    headquarters: Line | UnsetType | None = UNSET
    description: ShortProse | UnsetType | None = UNSET
    ats: ShortLine | UnsetType | None = UNSET


class FoundCompany(Struct, frozen=True, kw_only=True):
    """The company of a name, and whether it had to be made."""

    company: Company
    created: bool


class CompanyList(Struct, frozen=True, kw_only=True):
    """A page of companies.

    Attributes:
        after: Leads to the page behind this one; None where there is none.
        before: Leads to the page before it; None where this one began at the top.
    """

    items: tuple[Company, ...]
    after: str | None
    before: str | None = None


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
        stored |= _read(conn, [row["key"] for row in missing])
    fills = [
        {
            "b_id": stored[key].id,
            "b_now": now,
            **{f"b_{fact}": wanted[key][fact] for fact in FACTS},
        }
        for key in keys
        if _fills(wanted[key], stored[key])
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
    return {key: row.id for key, row in stored.items()}


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
    db: Database,
    *,
    text: str | None = None,
    limit: int = 50,
    after: str | None = None,
    before: str | None = None,
) -> CompanyList:
    """Return companies in the order of their keys, which is that of their names without accents.

    `text` is part of the name, upper and lower case alike; `after` or `before` is what another page
    of the list gave. Raises ValueError where both are given.
    """
    if after is not None and before is not None:
        raise ValueError("a list goes on `after` one company or ends `before` one, not both")
    key = companies.c.key
    statement = sa.select(companies).limit(limit + 1)
    text = (text or "").replace("\x00", "")
    if text:
        statement = statement.where(companies.c.name.icontains(text, autoescape=True))
    if after is not None:
        statement = statement.where(key > after.replace("\x00", ""))
    if before is not None:
        statement = statement.where(key < before.replace("\x00", ""))
    with db.read() as conn:
        found = _COMPANIES.read(conn, statement.order_by(key if before is None else key.desc()))
    more, items = len(found) > limit, tuple(found[:limit])
    if before is not None:
        items = items[::-1]
    if not items:
        return CompanyList(items=(), after=None)
    return CompanyList(
        items=items,
        after=items[-1].key if more or before is not None else None,
        before=items[0].key if (more if before is not None else after is not None) else None,
    )


def create(db: Database, key: str, draft: CompanyDraft) -> Company:
    """Store a company under its key; raises Duplicate, which names the one that has it."""
    found = _find_or_create_one(db, key, structs.asdict(draft))
    if not found.created:
        raise Duplicate(
            f"there is a company {found.company.name!r} already: it is company {found.company.id}",
            f"Change company {found.company.id} instead.",
        )
    return found.company


def find_or_create_named(db: Database, key: str, name: str) -> FoundCompany:
    """Return the company of a key, made under this name if there is none."""
    return _find_or_create_one(db, key, {"name": name})


def _find_or_create_one(db: Database, key: str, values: Mapping[str, Any]) -> FoundCompany:
    with db.write() as conn:
        moment = now(conn)
        row = {**dict.fromkeys(FACTS), **values, "key": key}
        row |= {"created_at": moment, "updated_at": moment}
        found = _of_key(conn, key)
        if found is not None:
            return FoundCompany(company=found, created=False)
        insert = insert_or_ignore(conn, companies, "key").returning(companies.c.id)
        created = conn.execute(insert, row).first() is not None
        found = _of_key(conn, key)
        if found is None:
            raise NotFound(f"the company {key!r} was removed while it was made", "Try again.")
        return FoundCompany(company=found, created=created)


def _of_key(conn: Connection, key: str) -> Company | None:
    found = _COMPANIES.read(conn, sa.select(companies).where(companies.c.key == key))
    return found[0] if found else None


def update(
    db: Database,
    company_id: int,
    changes: CompanyChanges,
    *,
    expected_version: int | None = None,
) -> Company:
    """Change a company; its key stays. Raises NotFound and Stale."""
    given = {name: value for name, value in structs.asdict(changes).items() if value is not UNSET}
    with db.write() as conn:
        before = versions.hold(conn, companies, "company", company_id, expected_version)
        return to_struct(versions.save(conn, companies, before, given, now(conn)), Company)


def _gather(records: Iterable[Record]) -> dict[str, dict[str, Any]]:
    wanted: dict[str, dict[str, Any]] = {}
    for record in records:
        key, facts = record.company_key, record.company_facts
        if key is None:
            continue
        row = wanted.get(key)
        if row is None:
            row = wanted[key] = {"key": key, "name": record.company or key, **_NO_FACTS}
        for fact in FACTS if facts is not None else ():
            if row[fact] is None:
                row[fact] = getattr(facts, fact)
    return wanted


def _fills(wanted: Mapping[str, Any], stored: Sequence[Any]) -> bool:
    return any(
        wanted[fact] is not None and known is None
        for fact, known in zip(FACTS, stored[2:], strict=True)
    )


def _read(conn: Connection, keys: list[str]) -> dict[str, sa.Row[Any]]:
    columns = (companies.c.id, companies.c.key, *(companies.c[fact] for fact in FACTS))
    found = conn.execute(sa.select(*columns).where(one_of(conn, companies.c.key, keys)))
    return {row.key: row for row in found}
