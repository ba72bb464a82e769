"""Answers compressed for who takes that."""

from __future__ import annotations

from typing import Final

from litestar.config.compression import CompressionConfig

COMPRESSION: Final = CompressionConfig(
    backend="gzip",
    gzip_compress_level=6,
    # Fonts are compressed already.
    exclude=["/static/fonts/"],
)
