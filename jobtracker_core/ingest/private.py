"""What is none of our business, taken out of what is kept: raw items and captured answers."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable
from email.message import Message
from functools import lru_cache
from typing import Any, Final

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, SelectolaxError

from jobtracker_core.contract.info import Private
from jobtracker_core.ingest import jsontext
from jobtracker_core.ingest.depth import is_too_deep
from jobtracker_core.ingest.emails import replace_emails
from jobtracker_core.ingest.jsontext import SECRET, drop_cut_email, is_secret
from jobtracker_core.ingest.loosejson import blank_loose, blank_named
from jobtracker_core.ingest.text import strip_unseen

_DEEPEST: Final = 100
_TEXTUAL = re.compile(r"text/|.*(?:json|javascript|ecmascript|xml|html|x-www-form-urlencoded)")
_CHARSETS = re.compile(r"ascii|utf-(?:8|16|32)|iso8859|cp\d|koi8|gb|big5|euc|shift_jis|windows")
_SCRIPT_OPENING = re.compile(r"<script\b", re.IGNORECASE)
_SCRIPT_CLOSING = re.compile(r"</script\s{0,100}>|\Z", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-zA-Z][^<>]*")
_JSON_TYPE = re.compile(r"\btype\s*=\s*[\"']?[\w/+.-]*json", re.IGNORECASE)
_TAG_OR_COMMENT = re.compile(r"(<!--.*?(?:-->|\Z)|<[a-zA-Z/!?][^>]*>?)", re.DOTALL)
_ATTRIBUTE = re.compile(r"(?<==)(\s*)(\"[^\"]*\"|'[^']*')")
_NAMED = re.compile(r"\b(?:name|id|property)\s*=\s*[\"']?([\w.-]+)", re.IGNORECASE)
_GIVEN = re.compile(
    r"(?<=[\s\"'])(value|content)(\s*=\s*)(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE
)
_HIDDEN_EMAIL = re.compile(r"(data-cfemail\s*=\s*[\"']?|/email-protection#)[0-9a-fA-F]+")
_WHOLE_DOCUMENT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)


_PASSES = 4
"""Two are enough for all texts but odd fragments of broken ones."""


def blank_json(value: Any, private: Private) -> Any:
    """Return a JSON value that may be kept.

    The values of private keys, at any depth, become the empty value of their type; secrets,
    e-mail addresses and what private selectors match in HTML go. What JSON cannot hold (NaN,
    infinities) becomes None, and so does what is nested deeper than 100.
    """
    return _blank(value, private, depth=0, secret=False)


def blank_html(markup: str, private: Private) -> str:
    """Remove the elements that a private selector matches; HTML without any stays as it is.

    Nothing is left of what is nested beyond all reason: it cannot be read in reasonable time.

    Raises:
        ValueError: A selector is no CSS; the plugin's `info.private` must be mended.
    """
    if not private.selectors:
        return markup
    if is_too_deep(markup):
        return ""
    # Without events an element that shows what is selected is kept as it came, without a copy.
    tree = LexborHTMLParser(
        markup.encode("utf-8", "replace"), options=LexborDocumentOptions.WO_EVENTS
    )
    removed = False
    for selector in private.selectors:
        try:
            nodes = tree.css(selector)
        except SelectolaxError as error:
            raise ValueError(f"private selector {selector!r} is not valid CSS") from error
        for node in nodes:
            # An outer element may have been removed together with this one.
            node.decompose()
            removed = True
    if not removed:
        return markup
    if _WHOLE_DOCUMENT.search(markup):
        return tree.html or ""
    return "".join(part.inner_html or "" for part in (tree.head, tree.body) if part is not None)


def redact(content: bytes, content_type: str, private: Private) -> bytes:
    """Return what may be kept of a captured body; parses like the original, also if it is cut.

    `content_type` is the header's value; a body is read as what it looks like where the header is
    wrong. Text that cannot be decoded is kept with replacement characters; what is no text at all
    becomes b"". Redacting twice changes nothing more.

    Raises:
        ValueError: A private selector is no CSS.
    """
    header = Message()
    header["content-type"] = content_type or "application/unknown"
    media, charset = header.get_content_type(), _charset(header.get_content_charset("utf-8"))
    if content_type and not _TEXTUAL.match(media):
        return b""
    text = content.decode(charset, "replace")
    if "\x00" in text or (not content_type and "\ufffd" in text):
        return b""
    text = text.removeprefix("\ufeff")
    if "x-www-form-urlencoded" in media:
        return _redact_form(text, private.json_keys).encode(charset, "replace")
    return redact_text(text, private, media=media).encode(charset, "replace")


def redact_text(text: str, private: Private, *, media: str = "") -> str:
    """Do as `redact`, for text: JSON, HTML, a script or prose, by its look and its media type."""
    # What one pass removes can make a broken text look otherwise, so it goes on until nothing does.
    for _ in range(_PASSES):
        kept = _redact_once(text, private, media)
        if kept == text:
            break
        text = kept
    return text


def _redact_once(text: str, private: Private, media: str) -> str:
    start = text.lstrip()[:1]
    if start in {"{", "["} or ("json" in media and start != "<"):
        kept = jsontext.blank(text, private.json_keys, _in_string(private))
        return kept if "json" in media or _is_json(kept) else _redact_plain(kept, private, media)
    if start == "<" or "html" in media:
        kept = _redact_markup(text, private)
        return kept if "xml" in media and "html" not in media else blank_html(kept, private)
    return _redact_plain(text, private, media)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _redact_plain(text: str, private: Private, media: str) -> str:
    script = "script" in media
    named = text if script else blank_named(text, private.json_keys)
    return drop_cut_email(blank_loose(named, private.json_keys, script=script))


def _charset(named: str) -> str:
    # Python also has codecs that are no charsets of pages (idna, punycode, escapes).
    try:
        name = codecs.lookup(named).name
    except LookupError:
        return "utf-8"
    return name if _CHARSETS.match(name) else "utf-8"


def _in_string(private: Private, depth: int = 0) -> Callable[[str], str]:
    def change(value: str) -> str:
        if value.lstrip()[:1] in {"{", "["} and depth < _DEEPEST:
            return jsontext.blank(value, private.json_keys, _in_string(private, depth + 1))
        kept = blank_loose(value, private.json_keys)
        return blank_html(kept, private) if private.selectors and _MARKUP.search(kept) else kept

    return change


@lru_cache(maxsize=4096)
def _clean_key(key: str) -> str:
    return replace_emails(strip_unseen(key))


def _blank(value: Any, private: Private, *, depth: int, secret: bool) -> Any:
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return {
            _clean_key(str(key)): _empty(item)
            if key in private.json_keys
            else _blank(item, private, depth=depth + 1, secret=secret or is_secret(str(key)))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_blank(item, private, depth=depth + 1, secret=secret) for item in value]
    if secret:
        return SECRET if isinstance(value, str) and value else _empty(value)
    if isinstance(value, str):
        return _in_string(private)(strip_unseen(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _empty(value: Any) -> Any:
    for kind, empty in ((bool, False), (int | float, 0), (dict, {}), (list | tuple, []), (str, "")):
        if isinstance(value, kind):
            return empty
    return None


def _redact_markup(text: str, private: Private) -> str:
    keys = private.json_keys
    out: list[str] = []
    position = 0
    while opening := _SCRIPT_OPENING.search(text, position):
        end = text.find(">", opening.end()) + 1
        if not end:
            break
        tag = text[opening.start() : end]
        closing = _SCRIPT_CLOSING.search(text, end)
        body_end = closing.start() if closing else len(text)
        body = text[end:body_end]
        out += (_redact_tags(text[position : opening.start()], keys), _redact_tag(tag, keys))
        if _JSON_TYPE.search(tag):
            out.append(jsontext.blank(body, keys, _in_string(private)))
        else:
            out.append(blank_loose(body, keys, script=True))
        out.append(text[body_end : (position := closing.end() if closing else len(text))])
    out.append(_redact_tags(text[position:], keys))
    return drop_cut_email("".join(out))


def _redact_tags(text: str, keys: frozenset[str]) -> str:
    pieces = _TAG_OR_COMMENT.split(text)
    pieces[::2] = (blank_loose(piece, keys) for piece in pieces[::2])
    pieces[1::2] = (_redact_tag(piece, keys) for piece in pieces[1::2])
    return "".join(pieces)


def _redact_tag(tag: str, keys: frozenset[str]) -> str:
    named = _NAMED.search(tag)
    if named and (is_secret(named[1]) or named[1] in keys):
        tag = _GIVEN.sub(rf'\1\2"{SECRET}"', tag)
    if tag.startswith("<!--"):
        return blank_loose(tag, keys)
    tag = _ATTRIBUTE.sub(lambda match: match[1] + _redact_attribute(match[2], keys), tag)
    return replace_emails(_HIDDEN_EMAIL.sub(r"\1", tag))


def _redact_attribute(quoted: str, keys: frozenset[str]) -> str:
    return quoted[0] + blank_loose(quoted[1:-1], keys) + quoted[-1]


def _redact_form(text: str, keys: frozenset[str]) -> str:
    kept: list[str] = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if name in keys:
            value = ""
        elif value and is_secret(name):
            value = SECRET
        kept.append(name + equals + blank_loose(value, keys))
    return "&".join(kept)
