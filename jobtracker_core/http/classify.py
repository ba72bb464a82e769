"""What an answer means: accepted, refused as a robot, too fast, not as we know it, or a bad day."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

import msgspec

from jobtracker_core.contract.errors import (
    Blocked,
    CollectError,
    LayoutChanged,
    RateLimited,
    Transient,
)

HEAD: Final = 16 * 1024
"""Bytes of a body that are looked at for a challenge."""
LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds; a site that asks for a longer pause gets this one."""
_SAMPLE = 2000

Meaning = Literal["refused", "closed", "limited", "proxy", "bad_day", "busy", "changed"]

_BY_STATUS: Mapping[int, Meaning] = {
    401: "closed",
    403: "refused",
    407: "proxy",
    408: "bad_day",
    425: "bad_day",
    429: "limited",
    451: "refused",
    503: "busy",
    999: "refused",  # LinkedIn's own
}
"""Every other 5xx is a bad day (52x is Cloudflare on the site behind it); the rest changed."""

# Whole titles, in lower case. A page of a site carries more in its title: a job and a company.
_TITLES = frozenset(
    {
        "just a moment...",  # Cloudflare
        "attention required! | cloudflare",
        "additional verification required",  # Indeed's face of Cloudflare
        "security check - indeed.com",
        "vercel security checkpoint",
        "security checkpoint",
        "help us protect glassdoor",
        "humans only",
        "security | glassdoor",
        "access denied",  # Akamai
        "access to this page has been denied",  # PerimeterX
        "access to this page has been denied.",
        "pardon our interruption",  # Imperva
        "pardon our interruption...",
        "you have been blocked",  # DataDome
        "please verify you are a human",
    }
)

# All of them take time linear in the page: none searches on over the next "<".
_TITLE = re.compile(rb"<title[^<>]*>([^<]{0,300})</title", re.IGNORECASE)
_TAG = re.compile(rb"<([a-zA-Z]+)([^<>]*)>?")

# Only what stands in a tag or at the start of a script: text on a page is escaped and cannot match.
_SOURCE = re.compile(rb"\ssrc=(?:\"([^\"]*)|'([^']*)|([^\s\"']*))")
_CAPTCHA_BOX = re.compile(rb"\sid=[\"']px-captcha[\"']")
_WALL_KEY = re.compile(rb"\s+name=\"pageKey\"\s+content=\"auth_wall_")
_DATADOME = re.compile(rb"https://[a-z]+\.captcha-delivery\.com/")
_SCRIPTS = (
    (
        "Cloudflare's challenge script",
        re.compile(rb"\s*\(function\(\)\s*\{\s*window\._cf_chl_opt\s*="),
    ),
    ("Indeed's verification page", re.compile(rb"\s*window\.INDEED_CLOUDFLARE_STATIC_PAGE\s*=")),
)
_WALL = re.compile(rb"\s*<html><head>\s*<script[^<>]*>\s*window\.onload\b")
_WALL_LENGTH = 4000

_MITIGATED = ("cf-mitigated", "x-vercel-mitigated")


class _Refusal(msgspec.Struct, frozen=True):
    """The JSON faces of firewalls: Cloudflare's before ZipRecruiter, DataDome's, PerimeterX's."""

    error_code: str = ""
    url: str = ""
    block_script: str = msgspec.field(default="", name="blockScript")


def classify(  # noqa: PLR0911  (one line for each meaning)
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    accept: Collection[int],
    now: datetime,
    *,
    where: str = "status",
) -> CollectError | None:
    """Return the error that an answer stands for, or None if it is an accepted one.

    A challenge page is `Blocked` whatever its status. Redirects are not read here: a 3xx that is
    not accepted is `LayoutChanged`.

    Args:
        status: The HTTP status.
        headers: Names in lower case.
        content: The body; only its first 16 kB are looked at.
        accept: Statuses that the caller reads itself.
        now: Aware; for dates in `Retry-After`.
        where: The path that was asked, for the message.
    """
    evidence = find_challenge(headers, content)
    if evidence is not None:
        return Blocked(f"{evidence} (HTTP {status} from {where})")
    if status in accept:
        return None
    said = f"HTTP {status}"
    match _BY_STATUS.get(status, "bad_day" if 500 <= status < 600 else "changed"):  # noqa: PLR2004
        case "refused":
            return Blocked(f"{said} from {where}")
        case "closed":
            return LayoutChanged(
                where,
                f"{said}: this interface is closed to guests, and we never log in",
                sample=_cut(content),
                error_class="auth",
            )
        case "proxy":
            return Transient(f"{said}: the proxy wants a login", error_class="proxy")
        case "limited":
            wait = retry_after(headers.get("retry-after"), now=now)
            return RateLimited(f"{said} from {where}{_tell(wait)}", retry_after=wait)
        case "busy":
            wait = retry_after(headers.get("retry-after"), now=now)
            if wait is None:
                return Transient(f"{said} from {where}", error_class="http_5xx")
            return RateLimited(f"{said} from {where}{_tell(wait)}", retry_after=wait)
        case "bad_day":
            cause: Literal["http_4xx", "http_5xx"] = "http_4xx" if status < 500 else "http_5xx"  # noqa: PLR2004
            return Transient(f"{said} from {where}", error_class=cause)
        case _:
            return LayoutChanged(
                where,
                f"{said} where {_list(accept)} was expected",
                sample=_cut(content),
                error_class="http_4xx" if 400 <= status < 500 else None,  # noqa: PLR2004
            )


def find_challenge(headers: Mapping[str, str], content: bytes) -> str | None:
    """Return what shows that an answer is a challenge or a login wall, in a few words."""
    for name in _MITIGATED:
        if headers.get(name, "").strip().lower() in {"challenge", "deny"}:
            return f"header {name}"
    head = content[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return _find_in_html(head)
    if head.startswith(b"{") and len(content) <= HEAD:
        return _find_in_json(content)
    return None


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks to wait, 24 hours at most.

    It holds seconds or an HTTP date. A date that has passed gives 0. None where there is no header
    or none that can be obeyed: rubbish, or a negative number.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        wait = (moment - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)


def _find_in_html(head: bytes) -> str | None:
    found = _TITLE.search(head)
    if found is not None:
        title = html.unescape(found[1].decode("utf-8", "replace"))
        title = " ".join(title.replace("…", "...").split())
        if title.lower() in _TITLES:
            return f"page titled “{title}”"
    wall = _WALL.match(head)
    if wall and head.find(b"/authwall?", wall.end(), wall.end() + _WALL_LENGTH) >= 0:
        return "LinkedIn's login wall"
    return next(filter(None, (_find_in_tag(tag, head) for tag in _TAG.finditer(head))), None)


def _find_in_tag(tag: re.Match[bytes], head: bytes) -> str | None:
    name, attributes = tag.groups()
    if _CAPTCHA_BOX.search(attributes):
        return "PerimeterX's captcha"
    match name:
        case b"meta" if _WALL_KEY.match(attributes):
            return "LinkedIn's login wall"
        case b"iframe":
            return _find_in_source(attributes)
        case b"script":
            starts = (why for why, start in _SCRIPTS if start.match(head, tag.end()))
            return _find_in_source(attributes) or next(starts, None)
        case _:
            return None


def _find_in_source(attributes: bytes) -> str | None:
    found = _SOURCE.search(attributes)
    address = b"".join(part or b"" for part in found.groups()) if found else b""
    if _DATADOME.match(address):
        return "DataDome's captcha"
    if address.startswith(b"/_Incapsula_Resource?") and b"incident_id=" in address:
        return "Imperva's incident page"
    _, mark, rest = address.partition(b"/cdn-cgi/challenge-platform/")
    return "Cloudflare's challenge script" if mark and b"/orchestrate/" in b"/" + rest else None


def _find_in_json(content: bytes) -> str | None:
    try:
        refusal = msgspec.json.decode(content, type=_Refusal)
    except (msgspec.MsgspecError, RecursionError):
        return None  # not of this form, so it is no refusal: whoever asked decodes it
    if "cf-waf" in refusal.error_code:
        return "Cloudflare's firewall (cf-waf)"
    if re.match(r"https://[a-z]+\.captcha-delivery\.com/", refusal.url):
        return "DataDome's captcha"
    if "/captcha/captcha.js" in refusal.block_script or "/px-captcha" in refusal.block_script:
        return "PerimeterX's captcha"
    return None


def _tell(wait: float | None) -> str:
    return "" if wait is None else f", which asks to wait {wait:.0f} s"


def _list(accept: Collection[int]) -> str:
    return " or ".join(str(status) for status in sorted(accept)) or "nothing"


def _cut(content: bytes) -> str:
    return content[:_SAMPLE].decode("utf-8", "replace")
