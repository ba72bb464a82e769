"""How a reader's device shows pages: kept in cookies of that device, not in the account."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from litestar import Request
from litestar.datastructures import Cookie
from msgspec import Struct

Theme = Literal["dark", "light"]
Density = Literal["comfortable", "compact"]

THEME_COOKIE: Final = "jt-theme"
DENSITY_COOKIE: Final = "jt-density"
KEYS_COOKIE: Final = "jt-keys"
ZONE_COOKIE: Final = "jt-zone"
PLAIN_COOKIE: Final = "jt-plain"
AUTO: Final = "auto:"
"""What stands before a time zone that the device found out by itself."""

ZONES: Final = ("UTC", *sorted(zone for zone in available_timezones() if "/" in zone))
"""The time zones to choose from."""

_A_YEAR: Final = 365 * 24 * 3600
_UTC: Final = ZoneInfo("UTC")


class Preferences(Struct, frozen=True, kw_only=True):
    """What a device's cookies say.

    Attributes:
        keys: Single keys do something.
        zone: Whose clock times are shown by; UTC until the device has said where it is.
        zone_chosen: Somebody chose it; else the device's own is followed.
        plain_seen: Somebody has read that pages come over plain HTTP.
    """

    theme: Theme = "dark"
    density: Density = "comfortable"
    keys: bool = True
    zone: ZoneInfo = _UTC
    zone_chosen: bool = False
    plain_seen: bool = False


def read(cookies: Mapping[str, str]) -> Preferences:
    """Read a device's cookies; what makes no sense counts as not said."""
    said = unquote(cookies.get(ZONE_COOKIE, ""))
    zone = find_zone(said.removeprefix(AUTO))
    return Preferences(
        theme="light" if cookies.get(THEME_COOKIE) == "light" else "dark",
        density="compact" if cookies.get(DENSITY_COOKIE) == "compact" else "comfortable",
        keys=cookies.get(KEYS_COOKIE) != "off",
        zone=zone or _UTC,
        zone_chosen=zone is not None and not said.startswith(AUTO),
        plain_seen=cookies.get(PLAIN_COOKIE) == "seen",
    )


@lru_cache(maxsize=64)
def find_zone(name: str) -> ZoneInfo | None:
    """Return the time zone of that name, or None."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not known, or not a name at all
        return None


def cookie(request: Request[Any, Any, Any], base: str, name: str, value: str) -> Cookie:
    """Return the cookie that keeps a choice for a year; an empty value forgets it."""
    return Cookie(
        name,
        value=value,
        path=base or "/",
        max_age=_A_YEAR if value else 0,
        # The page's own script sets the zone and reads whether keys are on.
        httponly=name in {THEME_COOKIE, DENSITY_COOKIE, PLAIN_COOKIE},
        samesite="lax",
        secure=request.url.scheme == "https",
    )
