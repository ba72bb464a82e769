"""What stands in the audit log, in words for people. Pure: no database, no clock, no HTML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from jobtracker_core.storage.audit import Actor
from jobtracker_core.web.present import words

KINDS: Final = (
    ("application.", "Applications"),
    ("job.", "Jobs"),
    ("event.", "Events"),
    ("company.", "Companies"),
    ("contact.", "Contacts"),
    ("tag.", "Tags"),
    ("view.", "Saved views"),
    ("search.", "Searches"),
    ("run.", "Runs"),
    ("collector.", "Collectors"),
    ("proxy.", "Proxies"),
    ("site.", "Sites"),
    ("config.", "Configuration"),
    ("token.", "Tokens"),
    ("session.", "Sessions"),
    ("user.", "Users"),
    ("login.", "Refused logins"),
    ("calendar_feed.", "Calendar addresses"),
    ("export.", "Exports"),
)
"""How actions begin, and what such things are called."""

_VERBS: Final = {
    "create": "made",
    "update": "changed",
    "delete": "deleted",
    "move": "moved",
    "dismiss": "dismissed",
    "restore": "brought back",
    "upsert": "stored",
    "enable": "turned on",
    "disable": "turned off",
    "pause": "paused",
    "resume": "resumed",
    "clone": "copied",
    "run": "started",
    "start": "started",
    "cancel": "cancelled",
    "retry": "started again",
    "probe": "probed",
    "revoke": "revoked",
    "end": "ended",
    "refuse": "refused",
    "password": "gave another password to",
    "import": "imported",
    "export": "exported",
    "enqueue": "started",
    "test": "tested",
    "open": "opened",
    "add": "added",
    "remove": "removed",
    "rename": "renamed",
}
_WHOLE: Final = {
    "setup.open": "opened the set-up for the first account",
    "login.refuse": "was not let in as",
    "session.create": "logged in:",
    "session.end": "logged out:",
    "calendar_feed.create": "made an address of the calendar:",
    "company.find_or_create": "found or made",
    "ingest.batch": "sent pages of",
    "job.note": "wrote a note for",
    "secrets.rotate": "encrypted all secrets with the new key",
    "site.limit": "limited",
    "site.follow": "follows the plugin again for",
}
_PLACES: Final = {
    "job": "/jobs/{}",
    "application": "/applications/{}",
    "company": "/companies/{}",
    "search": "/admin/searches/{}",
    "run": "/admin/runs/{}",
    "collector": "/admin/collectors/{}",
    "token": "/admin/tokens",
    "session": "/settings#sessions",
    "user": "/settings#users",
    "view": "/settings#views",
    "config": "/admin/config",
    "calendar_feed": "/calendar",
    "event": "/calendar",
}
_ACTORS: Final = {
    "local": "{} at the server's machine",
    "token": "the token {}",
    "anonymous": "a visitor",
}
_MOST_FACTS: Final = 8
_SHOWN: Final = 120


def actor(who: Actor) -> str:
    """Return who it was: "ann", "the token laptop", "ann at the server's machine"."""
    return _ACTORS.get(who.kind, "{}").format(who.name)


def action(name: str) -> str:
    """Return what was done: "made", "turned on"; of a verb that is not known here, the verb."""
    _, _, verb = name.rpartition(".")
    return _WHOLE.get(name) or _VERBS.get(verb, words(verb))


def target(text: str, data: Mapping[str, Any]) -> str:
    """Return to what: "application 5, Data engineer", "jobs"; "" of what concerns the whole."""
    kind, _, number = text.partition(":")
    said = data.get("title") or data.get("name")
    if number == "*":
        return dict(KINDS).get(f"{kind}.", "all of them").lower()
    name = f"{words(kind)} {number}".strip()
    return f"{name}, {said}" if isinstance(said, str) and said != number else name


def place(text: str) -> str | None:
    """Return the page of a target, below the prefix; None where there is none."""
    kind, _, number = text.partition(":")
    path = _PLACES.get(kind)
    if path is None or ("{}" in path and not _is_plain(number)):
        return None
    return path.format(number)


def facts(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what else is known, as (name, text); not what `target` has said already."""
    shown = [
        (words(str(name)), _value(value))
        for name, value in data.items()
        if name not in {"title", "name"} and value not in (None, "", [], {})
    ]
    return tuple(shown[:_MOST_FACTS])


def _is_plain(number: str) -> bool:
    return bool(number) and number.isascii() and number.replace("_", "").isalnum()


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and value.keys() == {"was", "is"}:
        return f"{_value(value['was'])} → {_value(value['is'])}"
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return _cut(", ".join(_value(each) for each in value))
    if isinstance(value, str):
        return _cut(_time(value) or words(value))
    return _cut(msgspec.json.encode(value).decode())


def _time(text: str) -> str | None:
    try:
        found = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return None if found is None else f"{found:%Y-%m-%d %H:%M} UTC"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
