"""What the addresses of pages say behind their question mark."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.exceptions import ClientException

_SHOWN = 40
"""Characters of a word that nobody knows."""


def refuse_unknown(request: Request[Any, Any, Any], *known: str) -> None:
    """Raise ClientException for a word that a page does not know: it would show everything."""
    for name in request.query_params:
        if name not in known:
            allowed = f"This page knows {', '.join(known)}." if known else "This page knows none."
            raise ClientException(f"{name[:_SHOWN]} is no filter here. {allowed}")
