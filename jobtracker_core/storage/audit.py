"""Who changed what and when: written in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, to_builtins
from sqlalchemy import Connection

from jobtracker_core.storage.audit_tables import audit_log
from jobtracker_core.storage.engine import now
from jobtracker_core.storage.texts import clean

TEXT_CHARACTERS = 500


class Actor(Struct, frozen=True, kw_only=True):
    """Who acts.

    Attributes:
        kind: `local` is somebody at a terminal or a script of this machine; `anonymous` is a
            stranger at the server, such as one whose login failed.
        id: The number of the account or the token.
        name: The name of the account, the token or the user of this machine.
        address: Where a request came from.
    """

    kind: Literal["local", "user", "token", "anonymous"]
    name: str
    id: int | None = None
    address: str | None = None

    @property
    def label(self) -> str:
        """Kind and name (of a token, its number), as runs show who asked for them."""
        return f"{self.kind}:{self.name if self.id is None else self.id}"


def record(
    conn: Connection, actor: Actor, action: str, target: str, data: Mapping[str, object]
) -> None:
    """Add a row. `data` must hold no secrets; long texts are cut, line breaks are escaped."""
    conn.execute(
        sa.insert(audit_log),
        {
            "at": now(conn),
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "actor_name": _line(actor.name),
            "address": actor.address,
            "action": action,
            "target": _line(target),
            "data": _said(to_builtins(dict(data), enc_hook=str)),
        },
    )


def _said(value: Any) -> Any:
    if isinstance(value, str):
        return _line(value)
    if isinstance(value, dict):
        return {_line(str(name)): _said(each) for name, each in value.items()}
    return [_said(each) for each in value] if isinstance(value, list) else value


def _line(text: str) -> str:
    # One row is one line wherever it is read: nobody can write a line that looks like another row.
    return clean(text, TEXT_CHARACTERS).replace("\r", "\\r").replace("\n", "\\n")
