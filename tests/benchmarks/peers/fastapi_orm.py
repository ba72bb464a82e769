"""A list of jobs as people write it: FastAPI, the ORM of SQLAlchemy, pydantic, `count` and OFFSET.

`python -m tests.benchmarks.peers.fastapi_orm URL` serves `GET /jobs?page=1&per_page=50` over the
tables of a database that is there, and prints its address. Nobody has to bring a token, and what is
answered has the fields of our own list. Needs the dependency group `bench`.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict
from sqlalchemy import orm

# On SQLite JSON is text.
Parsed = BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value)


class JobOut(BaseModel):
    """A job of the list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    source: str
    source_id: str
    url: str
    title: str
    company: str | None
    company_id: int | None
    place: str | None
    city: str | None
    region: str | None
    country: str | None
    latitude: float | None
    longitude: float | None
    places: Annotated[list[dict[str, Any]] | None, Parsed]
    remote: str | None
    employment: Annotated[list[str] | None, Parsed]
    seniority: str | None
    skills: Annotated[list[str] | None, Parsed]
    language: str | None
    pay_text: str | None
    pay_min: float | None
    pay_max: float | None
    pay_currency: str | None
    pay_interval: str | None
    pay_kind: str | None
    pay_year_min: float | None
    pay_year_max: float | None
    pay_year_factor: float | None
    posted_at: datetime | None
    posted_precision: str | None
    apply_url: str | None
    closed_at: datetime | None
    details_at: datetime | None
    details_due: bool
    first_seen_at: datetime
    first_run_id: int | None
    changed_at: datetime
    version: int
    edited: Annotated[list[str] | None, Parsed]
    dismissed_at: datetime | None


class JobPage(BaseModel):
    """A page of the list."""

    items: list[JobOut]
    total: int
    page: int


class Base(orm.DeclarativeBase):
    """All that is mapped."""


def make_app(url: str) -> FastAPI:
    """Make the app; the tables are read from the database."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    sessions = orm.sessionmaker(engine)

    class Job(Base):
        __table__ = sa.Table("jobs", Base.metadata, autoload_with=engine)

    def session() -> Iterator[orm.Session]:
        with sessions() as opened:
            yield opened

    app = FastAPI()

    @app.get("/jobs", response_model=JobPage)
    def list_jobs(
        db: orm.Session = Depends(session),  # noqa: B008, FAST002  (known inside only)
        page: Annotated[int, Query(ge=1)] = 1,
        per_page: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, object]:
        shown = sa.select(Job).where(Job.__table__.c.dismissed_at.is_(None))
        total = db.scalar(sa.select(sa.func.count()).select_from(shown.subquery()))
        newest = shown.order_by(Job.__table__.c.id.desc())
        rows = db.scalars(newest.offset((page - 1) * per_page).limit(per_page)).all()
        return {"items": rows, "total": total, "page": page}

    return app


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"serving at http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(make_app(sys.argv[1]), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
