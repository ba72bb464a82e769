"""Lists as CSV, JSON and JSON lines, piece by piece. Pure: no file, no database."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from jobtracker_core.ingest import html
from jobtracker_core.storage.walk import WalkedJob

Format = Literal["csv", "json", "jsonl"]

MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv",
    "json": "application/json",
    "jsonl": "application/jsonl",
}
_PIECE: Final = 65_536

COLUMNS = (
    *("id", "source", "source_id", "title", "company", "place", "city", "region", "country"),
    *("latitude", "longitude", "places", "remote", "employment", "seniority", "skills", "language"),
    *("pay_text", "pay_min", "pay_max", "pay_currency", "pay_interval", "pay_kind"),
    *("pay_year_min", "pay_year_max", "pay_year_factor", "posted_at", "posted_precision"),
    *("url", "apply_url", "closed_at", "details_at", "first_seen_at", "changed_at"),
)
"""The CSV's header. New columns are added at the end; `description` is the last where it is."""

# What begins a formula in some spreadsheet, the full-width forms included, after whatever a
# spreadsheet may drop in front of it: spaces, controls and marks that nobody sees.
_UNSEEN = r"\s\x00-\x1f\x7f\u200b-\u200f\u2060-\u2064\ufeff"
_FORMULA = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_AT_START = re.compile(rf"[\t\r\n\x00]|[{_UNSEEN}]*{_FORMULA}|[{_UNSEEN}]*[\t\r\n\x00]")
# A spreadsheet whose lists are parted by semicolons or tabs takes the commas and quotes around a
# cell for text, and the inside of one for several.
_INSIDE = re.compile(rf"([;\t\r\n][{_UNSEEN}\"']*)({_FORMULA})")


class Attachment(Struct, frozen=True, kw_only=True):
    """A file to be sent as it is read, with what HTTP says of it."""

    pieces: Iterator[bytes]
    media_type: str
    headers: dict[str, str]


def attach(name: str, kind: Format, pieces: Iterable[bytes]) -> Attachment:
    """Make a file of that name, begun as `begin` does; its kind is added to the name."""
    return Attachment(
        pieces=begin(pieces),
        media_type=MEDIA_TYPES[kind] + ("; header=present" if kind == "csv" else ""),
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
    )


def begin(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Return pieces as they are sent, many small ones at once.

    The first are read at once, so that what fails at the beginning fails here; what fails later
    cuts the file off.
    """
    grouped = _grouped(pieces)
    return chain([next(grouped, b"")], grouped)


def _grouped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # A piece is a row, and each that is sent costs a change of threads.
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= _PIECE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def encode(jobs: Iterable[WalkedJob], kind: Format, *, with_text: bool = False) -> Iterator[bytes]:
    """Yield an export in pieces of UTF-8, at least one a job; nothing is kept of earlier jobs.

    Args:
        jobs: Of a walk with or without text, as `with_text` says.
        kind: `csv` has the columns of `COLUMNS`, every cell in quotes; `json` is one array, `jsonl`
            one object a line, both with all fields of a job.
        with_text: With descriptions: plain text in CSV, HTML in JSON.
    """
    if kind == "csv":
        return _csv(jobs, with_text=with_text)
    if kind == "json":
        return _json(jobs)
    return (msgspec.json.encode(job) + b"\n" for job in jobs)


def encode_rows(rows: Iterable[Struct], columns: Sequence[str], kind: Format) -> Iterator[bytes]:
    """Yield any rows in pieces of UTF-8, one a row; nothing is kept of earlier rows.

    Args:
        rows: Structs of one kind.
        columns: The CSV's header: fields of the rows. What is no plain value is JSON in its cell.
        kind: As in `encode`; JSON has all fields.
    """
    if kind == "csv":
        return _rows(rows, columns)
    if kind == "json":
        return _json(rows)
    return (msgspec.json.encode(row) + b"\n" for row in rows)


def _rows(rows: Iterable[Struct], columns: Sequence[str]) -> Iterator[bytes]:
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    yield _line(writer, columns)
    for row in rows:
        fields = msgspec.to_builtins(row)
        yield _line(writer, [_plain_cell(fields[name]) for name in columns])


def _plain_cell(value: Any) -> str:
    nested = isinstance(value, dict | list)
    return cell(msgspec.json.encode(value).decode() if nested else value)


def cell(value: Any) -> str:
    """Return a value as a CSV cell that no spreadsheet takes for a formula.

    Numbers stay numbers, negative ones too. Text that may be taken for a formula gets an apostrophe
    in front, which spreadsheets read as "this is text"; so does a place within the text where one
    with other separators would begin a new cell. NUL goes.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    text = "; ".join(map(_entry, value)) if isinstance(value, list) else str(value)
    safe = _INSIDE.sub(r"\1'\2", text)
    if _AT_START.match(safe):
        safe = f"'{safe}"
    return safe.replace("\x00", "")


def _entry(value: Any) -> str:
    """Return an entry of a list: a word, or a place by its text."""
    if isinstance(value, dict):
        parts = (value.get(name) for name in ("city", "region", "country"))
        return value.get("text") or ", ".join(part for part in parts if part)
    return str(value)


class _Echo:
    """A file for `csv.writer` that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _csv(jobs: Iterable[WalkedJob], *, with_text: bool) -> Iterator[bytes]:
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    columns = (*COLUMNS, "description") if with_text else COLUMNS
    yield _line(writer, columns)
    for job in jobs:
        fields = msgspec.to_builtins(job)
        if with_text:
            fields["description"] = html.to_text(fields["description"] or "")
        yield _line(writer, [cell(fields[name]) for name in columns])


def _line(writer: Any, cells: Iterable[str]) -> bytes:
    line: str = writer.writerow(cells)
    return line.encode()


def _json(jobs: Iterable[Struct]) -> Iterator[bytes]:
    start = b"[\n"
    for job in jobs:
        yield start + msgspec.json.encode(job)
        start = b",\n"
    yield b"[]\n" if start == b"[\n" else b"\n]\n"
