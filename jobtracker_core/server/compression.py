"""Answers compressed for who takes that."""

from __future__ import annotations

from typing import Final

from litestar.config.compression import CompressionConfig
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import Receive, Scope, Send


class _Bodies(CompressionMiddleware):
    """Leaves HEAD alone: of a stream without a body Litestar's own never sends the beginning."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("method") == "HEAD":
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


COMPRESSION: Final = CompressionConfig(
    backend="gzip",
    gzip_compress_level=6,
    middleware_class=_Bodies,
    # Fonts are compressed already.
    exclude=["/static/fonts/"],
)
