"""API tokens: a row each, with the hash of the secret and never the secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.account_tables import api_tokens
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.types import LARGEST_ID

USE_NOTED_EVERY = timedelta(seconds=60)


class Token(Struct, frozen=True, kw_only=True):
    """A token as it may be shown.

    Attributes:
        key: The part of its text that is no secret, between `jt_` and the second `_`.
        collector: The only one that it may send pages of; None does not bind it.
        expires_at: From when on it opens nothing; None is never.
        last_used_at: To the minute.
    """

    id: int
    key: str
    name: str
    scopes: tuple[Scope, ...]
    collector: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, moment: datetime) -> bool:
        """Say whether it opens anything at a moment."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)

    def allows(self, scope: Scope) -> bool:
        """Say whether one of its scopes is this one or includes it."""
        return scope.is_in(self.scopes)


class TokenDraft(Struct, frozen=True, kw_only=True):
    """A token that is to be made; `expires_in` None makes one that does not expire."""

    name: str
    scopes: tuple[Scope, ...]
    collector: str | None = None
    expires_in: timedelta | None = None


class FoundToken(Struct, frozen=True, kw_only=True):
    """A token with what its bearer's text is compared with, and the present."""

    token: Token
    secret_hash: bytes
    now: datetime


_FIND = sa.select(api_tokens).where(api_tokens.c.key == sa.bindparam("b_key"))


def create(db: Database, draft: TokenDraft, *, key: str, secret_hash: bytes) -> Token:
    """Store a new token."""
    with db.write() as conn:
        moment = now(conn)
        row_id: int = conn.execute(
            sa.insert(api_tokens)
            .values(
                key=key,
                secret_hash=secret_hash,
                name=draft.name,
                scopes=list(draft.scopes),
                collector=draft.collector,
                created_at=moment,
                expires_at=None if draft.expires_in is None else moment + draft.expires_in,
            )
            .returning(api_tokens.c.id)
        ).scalar_one()
        return _read(conn, row_id)


def find(db: Database, key: str) -> FoundToken | None:
    """Return the token of a key, whatever its state; None if there is none."""
    with db.look() as conn:
        row = conn.execute(_FIND, {"b_key": key}).mappings().first()
        if row is None:
            return None
        return FoundToken(token=_to_token(row), secret_hash=row["secret_hash"], now=now(conn))


def list_tokens(db: Database, *, with_revoked: bool = False) -> tuple[Token, ...]:
    """List tokens, the newest first; expired ones are among them."""
    statement = sa.select(api_tokens).order_by(api_tokens.c.id.desc())
    if not with_revoked:
        statement = statement.where(api_tokens.c.revoked_at.is_(None))
    with db.read() as conn:
        return tuple(_to_token(row) for row in conn.execute(statement).mappings())


def revoke(db: Database, token_id: int) -> Token:
    """Have a token open nothing from now on; its row stays. Raises NotFound, also the second time.

    What was opened with it before is not undone.
    """
    with db.write() as conn:
        changed = conn.execute(
            sa.update(api_tokens)
            .where(api_tokens.c.id == _known(token_id), api_tokens.c.revoked_at.is_(None))
            .values(revoked_at=now(conn))
        )
        if changed.rowcount == 0:
            raise _no_token(token_id)
        return _read(conn, token_id)


def note_uses(db: Database, uses: Mapping[int, datetime]) -> None:
    """Note when tokens were used, but for those of which that was noted less than a minute before.

    One transaction.
    """
    last = api_tokens.c.last_used_at
    with db.write(shown=False) as conn:
        for token_id, at in sorted(uses.items()):
            conn.execute(
                sa.update(api_tokens)
                .where(
                    api_tokens.c.id == token_id,
                    sa.or_(last.is_(None), last <= at - USE_NOTED_EVERY),
                )
                .values(last_used_at=at)
            )


def _known(token_id: int) -> int:
    if not 0 < token_id <= LARGEST_ID:
        raise _no_token(token_id)
    return token_id


def _no_token(token_id: int) -> NotFound:
    return NotFound(
        f"there is no token {token_id} that is not revoked", "List the tokens to see their numbers."
    )


def _read(conn: Connection, token_id: int) -> Token:
    row = conn.execute(sa.select(api_tokens).where(api_tokens.c.id == token_id)).mappings().one()
    return _to_token(row)


def _to_token(row: sa.RowMapping) -> Token:
    fields: dict[str, Any] = plain(row)
    del fields["secret_hash"]
    return to_struct(fields, Token)
