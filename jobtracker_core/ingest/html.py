"""Descriptions as HTML that may be shown, and as text for terminals."""

from __future__ import annotations

import html
import re
from typing import Final

import nh3
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core.ingest import links
from jobtracker_core.ingest.depth import is_too_deep
from jobtracker_core.ingest.emails import LINE_BREAK, REMOVED, find_emails, replace_emails
from jobtracker_core.ingest.text import compose, decode_entities, strip_unseen

LIMIT: Final = 64 * 1024
"""UTF-8 bytes of a description, before and after cleaning: nested tags cost nh3 their square."""

_INLINE = frozenset(["a", "b", "code", "em", "i", "strong", "u"])
_BLOCKS = frozenset(
    [
        *("blockquote", "br", "div", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "ul"),
        *("table", "thead", "tbody", "tfoot", "tr", "th", "td"),
    ]
)
# Tags whose content is no text of the posting.
_DROPPED = frozenset(
    [
        *("script", "style", "title", "template", "svg", "math", "iframe", "object", "noscript"),
        *("textarea", "select", "noembed", "noframes", "xmp"),
    ]
)
# Blocks that are not in the allow-list would glue the words before and after them together.
_RENAMED = {"h1": "h2", "dt": "div", "dd": "div", "center": "div"} | dict.fromkeys(
    ["address", "article", "aside", "dl", "fieldset", "figure", "footer", "form", "header"], "div"
)
_RENAMED |= dict.fromkeys(["hr", "legend", "main", "nav", "section"], "div")
_RENAME = re.compile(rf"<(/?)({'|'.join(_RENAMED)})(?=[\s/>])", re.IGNORECASE)
_ANY_TAG = re.compile(r"<(?:/?[a-zA-Z]|[!?])[^<>]*>")
# Of nh3's own output, where ">" stands in attributes only inside of quotes.
_TAG = re.compile(r"(<[^<>\"]*(?:\"[^\"]*\"[^<>\"]*)*>)")
_TAG_NAME = re.compile(r"</?([a-z0-9]+)")
_PRE_BREAKS = re.compile(r"<pre>\n+")
_EMPTY = re.compile(r"(?:<[^<>]*>|\s|&nbsp;)*")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_PRE_TAG = re.compile(r"<(/?)pre\b[^<>]*>", re.IGNORECASE)
_SIGNS = ("@", "＠", "﹫", "\\", "amp;#", "amp;commat")
_CODED_SIGN = re.compile("%(?:25)*40")
# Each begins with its letters, which are searched for much faster than the start of any word.
_WORDS = (re.compile(r"at(?<!\wat)\b"), re.compile(r"ät(?<!\wät)\b"))
# Behind them an address goes on at its "@"; behind paragraphs, headings and lists it does not.
_LINES = frozenset(["br", "div", "li", "tr", "td", "th"])
# Private-use characters stand for "a line ends here" and "a paragraph ends here" until all are in.
_BREAKS = re.compile("[\\s\ue000\ue001]+")
_MARKS = re.compile("[\ue000\ue001]")
_MARKED = (
    ("br", "\n", ""),
    ("li", "\ue000- ", "\ue000"),
    ("td, th", "", "  "),
    ("tr, div, dt, dd", "\ue000", "\ue000"),
    ("p, h1, h2, h3, h4, h5, h6, ul, ol, table, pre, blockquote", "\ue001", "\ue001"),
)
_REL: Final = "noopener nofollow"
_ROUNDS = 8


def _rename(match: re.Match[str]) -> str:
    return f"<{match[1]}{_RENAMED[match[2].lower()]}"


def _attribute(tag: str, name: str, value: str) -> str | None:
    # nh3 asks about the `rel` that it adds itself, too.
    if name == "rel":
        return _REL
    return links.canonical(value) if (tag, name) == ("a", "href") else None


_CLEANER = nh3.Cleaner(
    tags=set(_INLINE | _BLOCKS),
    clean_content_tags=set(_DROPPED),
    attributes={"a": {"href"}},
    attribute_filter=_attribute,
    link_rel=_REL,
    url_schemes={"http", "https"},
    url_relative="deny",
)


def sanitise(markup: str) -> str | None:
    """Return HTML that is safe to show, of at most `LIMIT` UTF-8 bytes, or None if it is empty.

    Only structure, emphasis and http(s) links stay; e-mail addresses go, also those written with
    entities or with tags inside. Text without any tag becomes paragraphs at its blank lines, and
    HTML that was escaped as a whole is read as HTML. Sanitising the result changes nothing.
    """
    source = _RENAME.sub(_rename, strip_unseen(cut(markup, LIMIT)))
    if not _has_tag(source):
        source = strip_unseen(decode_entities(source))
    if not _has_tag(source):
        source = _paragraphs(html.escape(source, quote=False))
    settled = _settle(_flat(source))
    if is_too_deep(settled):
        # What was left open is closed now, which are tags too.
        settled = _settle(_flat(settled))
    return None if _EMPTY.fullmatch(settled) else settled


def _flat(markup: str) -> str:
    """Return HTML whose tags would cost a parser too much as its text alone."""
    if not is_too_deep(markup):
        return markup
    return _paragraphs(html.escape(decode_entities(_ANY_TAG.sub(" ", markup)), quote=False))


def cut(markup: str, limit: int) -> str:
    """Cut HTML to `limit` UTF-8 bytes, not within a character or a tag."""
    encoded = markup.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return markup
    kept = encoded[:limit].decode("utf-8", "ignore")
    opened = kept.rfind("<")
    return kept[:opened] if opened > kept.rfind(">") else kept


def to_text(markup: str) -> str:
    """Return HTML as text for a terminal: blank lines between paragraphs, "- " before items.

    Meant for sanitised HTML, and safe for any; reads at most `LIMIT` bytes.
    """
    # Line breaks in the source are spaces, except in <pre>; the real ones are put in below.
    source = _keep_lines(_flat(_MARKS.sub("", strip_unseen(cut(markup, LIMIT)))))
    tree = LexborHTMLParser(re.sub(r"\s+", " ", source))
    body = tree.body
    if body is None:
        return ""
    for node in body.css(",".join(sorted(_DROPPED))):
        node.decompose()
    for selector, before, after in _MARKED:
        for node in body.css(selector):
            node.insert_before(before)
            node.insert_after(after)
    text = strip_unseen(body.text(deep=True, separator="", strip=False))
    text = re.sub(r"\ue000- [\s\ue000\ue001]+", "\ue000- ", text)
    text = _BREAKS.sub(_break, text)
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _has_tag(source: str) -> bool:
    if _ANY_TAG.search(source):
        return True
    comment = source.find("<!--")
    return comment >= 0 and source.find("-->", comment + 4) >= 0


def _keep_lines(source: str) -> str:
    out: list[str] = []
    position, inside = 0, False
    for tag in _PRE_TAG.finditer(source):
        text = source[position : tag.start()]
        out += (text.replace("\n", "<br>") if inside else text, tag[0])
        position, inside = tag.end(), not tag[1]
    return "".join([*out, source[position:]])


def _break(match: re.Match[str]) -> str:
    blank = match[0]
    if "\ue001" in blank:
        return "\n\n"
    before, mark, _ = blank.partition("\ue000")
    return before[: before.rfind("\n") + 1] + "\n" if mark else blank


def _settle(source: str) -> str:
    # Parsing what was written is not always what was parsed (tags closed out of order), so the
    # result counts only once it reproduces itself.
    current = _pass(source)
    if current == source:
        return current
    for _ in range(_ROUNDS):
        if (again := _pass(current)) == current:
            return current
        current = again
    return _pass(_paragraphs(html.escape(to_text(current), quote=False)))


def _pass(source: str) -> str:
    limit = LIMIT
    cleaned = _CLEANER.clean(cut(source, limit))
    while (size := len(cleaned.encode())) > LIMIT:
        # Closing tags and entities made it longer: cut what is clean, by the share that is over.
        limit = int(limit * min(0.9, LIMIT / size))
        cleaned = _CLEANER.clean(cut(cleaned, limit))
    if not _is_tidy(cleaned):
        cleaned = _tidy_texts(cleaned)
    cleaned = _PRE_BREAKS.sub("<pre>", cleaned)
    return cleaned if "<" in cleaned else _paragraphs(cleaned)


def _is_tidy(markup: str) -> bool:
    return (
        not _may_hold_address(markup)
        and strip_unseen(markup) == markup
        and compose(markup) == markup
    )


def _may_hold_address(markup: str) -> bool:
    lower = markup.lower()
    for sign in _SIGNS:
        if sign in lower:
            return True
    if "%" in lower and _CODED_SIGN.search(lower):
        return True
    return any(word.search(lower) for word in _WORDS)


def _tidy_texts(markup: str) -> str:
    pieces = _TAG.split(markup)
    pieces[::2] = map(_tidy, pieces[::2])
    return "".join(_without_emails(pieces))


def _tidy(text: str) -> str:
    # Unicode is composed in texts only: a mark after a tag's ">" would make it another character.
    return replace_emails(compose(strip_unseen(text)))


def _paragraphs(escaped: str) -> str:
    lines = escaped.replace("\r\n", "\n").replace("\r", "\n").strip()
    paragraphs = (part.strip() for part in _BLANK_LINES.split(lines))
    return "".join(
        f"<p>{'<br>'.join(map(str.strip, part.split(chr(10))))}</p>" for part in paragraphs if part
    )


def _without_emails(pieces: list[str]) -> list[str]:
    # Pieces are text and tag in turns. An address may go on over tags that do not break a line.
    shown = [piece if i % 2 == 0 else _gap(piece) for i, piece in enumerate(pieces)]
    text = "".join(shown)
    spans = find_emails(text)
    if not spans:
        return pieces
    kept: list[str] = []
    start = current = 0
    for i, piece in enumerate(pieces):
        end = start + len(shown[i])
        if i % 2:
            kept.append(piece)
            start = end
            continue
        rest = start
        while current < len(spans) and spans[current][0] < end:
            first, last = spans[current]
            if first >= start:
                kept += (text[rest:first], REMOVED)
            rest = min(last, end)
            if last > end:
                break
            current += 1
        kept.append(text[rest:end])
        start = end
    return kept


def _gap(tag: str) -> str:
    name = _TAG_NAME.match(tag)
    if name and name[1] in _INLINE:
        return ""
    return LINE_BREAK if name and name[1] in _LINES else "\n"
