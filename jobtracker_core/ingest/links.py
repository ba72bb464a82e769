"""One spelling for each link: without tracking, credentials and e-mail addresses."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from jobtracker_core.ingest.emails import hides_email, may_hide_email, replace_emails

LIMIT: Final = 2_000
"""Characters of a canonical URL; longer ones are refused, since a cut link leads elsewhere."""

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_ESCAPE_OR_CHARACTER = re.compile(r"%([0-9A-Fa-f]{2})|(.)", re.DOTALL)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = _UNRESERVED | frozenset("!$&'()*+,;=:@/")
_IN_QUERY = _IN_PATH | frozenset("?")
# Nearly all parts of links: there is nothing to escape, and no escape.
_PLAIN = {
    allowed: re.compile(f"[{re.escape(''.join(sorted(allowed)))}]*")
    for allowed in (_IN_PATH, _IN_QUERY)
}
_AT_ENTITY = re.compile(r"&(?:amp;)*(?:#0*64|#[xX]0*40|commat);")
# "@" means the same with and without its escape; decoded, an address in it is found.
_DECODED = _UNRESERVED | {"@"}

_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "hsa_", "_hs")
_TRACKING = frozenset(
    [
        *("gclid", "gclsrc", "dclid", "gbraid", "wbraid", "srsltid", "_ga", "_gl"),
        *("fbclid", "igshid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "ysclid"),
        *("mc_cid", "mc_eid", "mkt_tok", "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id"),
        *("trk", "trackingid", "refid", "trkemail", "lipi", "midtoken", "hsctatracking"),
        *("rb_clickid", "s_cid", "wickedid", "_openstat", "gh_src"),
    ]
)


def canonical(url: str) -> str | None:
    """Return the link's one spelling, or None if it is no absolute http(s) link.

    Refused are user names in the link, hosts that cannot be, and links over `LIMIT`. Dropped are
    default ports, tracking parameters, parameters that hold an e-mail address, and fragments that
    are no client-side route ("#/…", "#!…"). An e-mail address in the path becomes "removed". The
    result is ASCII, and canonical itself.
    """
    # Browsers drop tabs and line ends inside of links.
    stripped = re.sub(r"[\t\r\n]", "", url).strip(" \x00\x0b\x0c\x1f\x85\xa0\ufeff")
    # As it is written, an entity would end the query with its "&" and its "#".
    stripped = _AT_ENTITY.sub("@", stripped)
    try:
        parts = urlsplit(stripped)
        origin = _origin(parts)
    except ValueError:
        return None
    if origin is None:
        return None
    path = _resolve_dots(_escape(parts.path, _IN_PATH))
    if may_hide_email(path):
        path = "/".join(map(_segment, path.split("/")))
    query = "&".join(
        part
        for raw in parts.query.split("&")
        if (part := _escape(raw, _IN_QUERY)) and _is_kept(part)
    )
    fragment = _escape(parts.fragment, _IN_QUERY) if parts.fragment[:1] in {"/", "!"} else ""
    if hides_email(fragment):
        fragment = ""
    result = origin + path + ("?" + query if query else "") + ("#" + fragment if fragment else "")
    return result if len(result) <= LIMIT else None


def _origin(parts: SplitResult) -> str | None:
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or "@" in parts.netloc or "\\" in parts.netloc:
        return None
    host = _host(parts.hostname or "")
    if host is None:
        return None
    # A port that is none raises ValueError here.
    port = parts.port
    return f"{scheme}://{host}" + ("" if port in {None, _PORTS[scheme]} else f":{port}")


@lru_cache(maxsize=1 << 10)
def _host(host: str) -> str | None:
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host).compressed}]"
    try:
        ascii_host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    ascii_host = ascii_host.removesuffix(".")
    return ascii_host if _HOST.fullmatch(ascii_host) and ".." not in ascii_host else None


def _escape(text: str, allowed: frozenset[str]) -> str:
    if _PLAIN[allowed].fullmatch(text):
        return text

    def one(match: re.Match[str]) -> str:
        escape, character = match.groups()
        if escape is not None:
            decoded = chr(int(escape, 16))
            return decoded if decoded in _DECODED else "%" + escape.upper()
        if character in allowed:
            return str(character)
        return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))

    return _ESCAPE_OR_CHARACTER.sub(one, text)


def _segment(segment: str) -> str:
    kept = replace_emails(segment, "removed")
    while kept != segment:
        segment, kept = kept, replace_emails(kept, "removed")
    return "removed" if hides_email(kept) else kept


def _resolve_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _is_kept(parameter: str) -> bool:
    key = unquote(parameter.partition("=")[0]).lower()
    return not (key in _TRACKING or key.startswith(_TRACKING_PREFIXES) or hides_email(parameter))
