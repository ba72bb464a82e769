"""Pictures of pages made small: a palette of 256 colours instead of three bytes a pixel."""

from __future__ import annotations

import struct
import zlib
from collections import Counter

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256


def shrink(png: bytes) -> bytes:
    """Return a PNG of 8-bit RGB as one with a palette, each pixel in the nearest of its colours."""
    width, height, packed = _read(png)
    pixels = _unfilter(zlib.decompress(packed), width, height)
    colours = Counter(pixels)
    palette = _palette(colours)
    number = {colour: place for place, colour in enumerate(palette)}
    for colour in colours.keys() - number.keys():
        number[colour] = number[min(palette, key=lambda known: _distance(known, colour))]
    rows = b"".join(
        b"\0" + bytes([number[pixel] for pixel in pixels[start : start + width]])
        for start in range(0, width * height, width)
    )
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(colour.to_bytes(3, "big") for colour in palette)),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(colours: Counter[int]) -> list[int]:
    """Choose the commonest colours, then in turn that which would be missed most."""
    chosen = [colour for colour, _ in colours.most_common(_COLOURS // 2)]
    away = {
        colour: min(_distance(colour, known) for known in chosen)
        for colour in colours.keys() - set(chosen)
    }
    while away and len(chosen) < _COLOURS:
        missed = max(away, key=lambda colour: away[colour] * colours[colour])
        del away[missed]
        chosen.append(missed)
        for colour, distance in away.items():
            away[colour] = min(distance, _distance(colour, missed))
    return chosen


def _read(png: bytes) -> tuple[int, int, bytes]:
    assert png.startswith(_SIGNATURE)
    place, packed, width, height = len(_SIGNATURE), b"", 0, 0
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, *form = struct.unpack(">IIBBBBB", data)
            assert form == [8, 2, 0, 0, 0], "8-bit RGB, not interlaced, is all that is read"
        elif kind == b"IDAT":
            packed += data
        place += length + 12
    return width, height, packed


def _unfilter(data: bytes, width: int, height: int) -> list[int]:
    """Return the pixels as numbers, row by row."""
    length = width * 3
    above, pixels = bytearray(length), []
    for start in range(0, height * (length + 1), length + 1):
        kind, row = data[start], bytearray(data[start + 1 : start + 1 + length])
        if kind == 2:
            row = bytearray([(a + b) & 255 for a, b in zip(row, above, strict=True)])
        elif kind:
            for i in range(length):
                left = row[i - 3] if i >= 3 else 0
                up, corner = above[i], above[i - 3] if i >= 3 else 0
                guess = left if kind == 1 else (left + up) // 2 if kind == 3 else 0
                row[i] = (row[i] + (_paeth(left, up, corner) if kind == 4 else guess)) & 255
        pixels += [
            red << 16 | green << 8 | blue
            for red, green, blue in zip(row[::3], row[1::3], row[2::3], strict=True)
        ]
        above = row
    return pixels


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    away = abs(guess - left), abs(guess - up), abs(guess - corner)
    if away[0] <= away[1] and away[0] <= away[2]:
        return left
    return up if away[1] <= away[2] else corner


def _distance(one: int, other: int) -> int:
    parts = ((one >> shift & 255) - (other >> shift & 255) for shift in (16, 8, 0))
    return sum(part * part for part in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
