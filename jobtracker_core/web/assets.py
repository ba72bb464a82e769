"""The files that pages need, as they were built and packed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).with_name("static")
_HASH_LENGTH: Final = 10
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}


@cache
def versions() -> dict[str, str]:
    """Return all files, each with what stands for its content in addresses."""
    lines = (STATIC / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest[:_HASH_LENGTH] for digest, _, name in (x.partition("  ") for x in lines)}


def address(name: str) -> str:
    """Return a file's address below the prefix; another content has another one."""
    return f"/static/{name}?v={versions()[name]}"


@cache
def content(name: str) -> bytes:
    """Return a file of `versions()`. Read once: together they are 250 kB."""
    return (STATIC / name).read_bytes()


def media_type(name: str) -> str:
    """Return the media type of a file of `versions()`."""
    return _TYPES[Path(name).suffix]
