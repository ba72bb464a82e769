"""What a run's processes print: lines for the log, and the end of it for the verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

TAIL: Final = 8_000
"""Bytes kept of the end."""

LINE: Final = 1_000
"""Bytes of a line; a longer one is taken apart."""

LINES: Final = 1_000
"""Lines that are passed on."""


class Printed:
    """Takes bytes as they come; holds no more than one line and the end.

    Args:
        write: Gets each line without its end, and a last one that says how many it did not get.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._line = bytearray()
        self._tail = bytearray()
        self._lines = 0

    @property
    def tail(self) -> str:
        """The end of what was printed."""
        return _text(self._tail)

    def feed(self, chunk: bytes) -> None:
        """Take what was read."""
        self._tail += chunk
        del self._tail[:-TAIL]
        if self._lines >= LINES:
            self._lines += chunk.count(b"\n")
            return
        self._line += chunk
        while True:
            end = self._line.find(b"\n", 0, LINE)
            if end < 0 and len(self._line) < LINE:
                return
            line = self._line[: end if end >= 0 else LINE]
            del self._line[: end + 1 if end >= 0 else LINE]
            self._pass_on(line)

    def close(self) -> None:
        """Pass on what stands there without an end."""
        if self._line:
            self._pass_on(self._line)
            self._line = bytearray()
        if self._lines > LINES:
            self._write(f"… and {self._lines - LINES:,} lines more")

    def _pass_on(self, line: bytearray) -> None:
        self._lines += 1
        if self._lines <= LINES and (text := _text(line).strip()):
            self._write(text)


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
