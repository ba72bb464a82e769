"""API tokens as their owner sees them, and looking at those that requests bring."""

from __future__ import annotations

import builtins
import re
import threading
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final

from msgspec import Struct, structs

from jobtracker_core.contract.access import Scope
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.security.credentials import Credential, make_token, read_token
from jobtracker_core.storage import tokens
from jobtracker_core.storage.tokens import Token, TokenDraft
from jobtracker_core.tracker.names import is_name, name_rule
from jobtracker_core.tracker.stored import Installation
from jobtracker_core.tracker.token_uses import TokenUses

DEFAULT_LIFE: Final = timedelta(days=90)
LONGEST_LIFE: Final = timedelta(days=3650)

REMEMBERED_S: Final = 1.0
"""Seconds for which a token that was found valid is taken as such without another look."""

_MOST_REMEMBERED = 1000
_COLLECTOR = re.compile(r"[a-z][a-z0-9_]{1,39}")


class NewToken(Struct, frozen=True, kw_only=True):
    """A token that was just made; `text` is never shown again."""

    token: Token
    text: str

    def __repr__(self) -> str:
        return f"NewToken({self.token!r}, …)"


class Moment(Struct, frozen=True, kw_only=True):
    """When a look at the database began, and how often something had been forgotten by then."""

    at: float
    revocations: int


class TokenMemory:
    """Tokens of one process that were valid a moment ago. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[bytes, tuple[Token, float]] = {}
        self._revocations = 0

    def moment(self) -> Moment:
        """Return when a look at the database begins; see `hold()`."""
        return Moment(at=self._clock(), revocations=self._revocations)

    def get(self, credential: Credential) -> Token | None:
        """Return the token, if it was valid within the last second."""
        held = self._held.get(credential.key.encode() + credential.digest)
        return held[0] if held is not None and self._clock() < held[1] else None

    def hold(self, credential: Credential, token: Token, since: Moment) -> None:
        """Remember a token that was found in a look that began at a moment.

        For a second from then on, however long the look took, and not if one was revoked meanwhile.
        """
        with self._lock:
            if since.revocations != self._revocations:
                return
            if len(self._held) >= _MOST_REMEMBERED:
                self._held.clear()
            until = since.at + REMEMBERED_S
            self._held[credential.key.encode() + credential.digest] = token, until

    def drop(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._revocations += 1
            self._held.clear()


class Tokens:
    """Tokens with which programs use the API."""

    def __init__(self, tracker: Installation, memory: TokenMemory, uses: TokenUses) -> None:
        self._tracker = tracker
        self._memory = memory
        self._uses = uses

    def create(
        self,
        name: str,
        scopes: Collection[Scope | str],
        *,
        expires_in: timedelta | None = DEFAULT_LIFE,
        collector: str | None = None,
    ) -> NewToken:
        """Make a token; its text is in the answer, and nowhere else ever after.

        Args:
            name: What it is for, as lists show it.
            scopes: What it may do, at least one.
            expires_in: None makes one that does not expire.
            collector: The only collector that it may send pages of; for `ingest`.

        Raises FormError naming each fault. A repeated request gets no second answer: the text is
        not kept for it.
        """
        draft = _draft(name, scopes, expires_in, collector)
        credential = make_token()
        with self._tracker.change("token.create") as change:
            token = tokens.create(
                change.db, draft, key=credential.key, secret_hash=credential.digest
            )
            change.about(f"token:{token.id}")
            change.note(
                name=token.name,
                scopes=list(token.scopes),
                collector=token.collector,
                expires_at=token.expires_at,
            )
        return NewToken(token=token, text=credential.text)

    def list(self, *, with_revoked: bool = False) -> tuple[Token, ...]:
        """List tokens, the newest first; those that have expired are among them."""
        return tokens.list_tokens(self._tracker.database, with_revoked=with_revoked)

    def revoke(self, token_id: int) -> Token:
        """Have a token open nothing any more: here at once, in other processes within a second.

        Raises NotFound, also for one that is revoked already.
        """
        with self._tracker.change("token.revoke", f"token:{token_id}") as change:
            token = tokens.revoke(change.db, token_id)
            change.note(name=token.name)
            revoked = change.made(token, change.target)
        self._memory.drop()
        return revoked

    def recall(self, text: str) -> Token | None:
        """Return the token that a request brings if it was good within the last second.

        The database is not asked: it takes no time. None says nothing of the token.
        """
        credential = read_token(text)
        return None if credential is None else self._memory.get(credential)

    def verify(self, text: str) -> Token | None:
        """Return the token that a request brings; None if it opens nothing, for whatever reason.

        One read at most, and no write: that it was used is noted beside it, once a minute. Raises
        StorageError.
        """
        credential = read_token(text)
        if credential is None:
            return None
        held = self._memory.get(credential)
        if held is not None:
            return held
        began = self._memory.moment()
        database = self._tracker.database
        found = tokens.find(database, credential.key)
        if found is None or not credential.matches(found.secret_hash):
            return None
        token, moment = found.token, found.now
        if not token.is_valid(moment):
            return None
        if token.last_used_at is None or token.last_used_at <= moment - tokens.USE_NOTED_EVERY:
            self._uses.add(database, token.id, moment)
            token = structs.replace(token, last_used_at=moment)
        self._memory.hold(credential, token, began)
        return token


def _draft(
    name: str,
    scopes: Collection[Scope | str],
    expires_in: timedelta | None,
    collector: str | None,
) -> TokenDraft:
    problems = {}
    if not is_name(name):
        problems["name"] = name_rule(name)
    known = [scope for scope in Scope if scope in scopes]
    unknown = sorted(str(scope) for scope in scopes if scope not in builtins.list(Scope))
    if unknown or not known:
        said = f"there is no {', '.join(unknown)}; " if unknown else "at least one is needed; "
        problems["scopes"] = f"{said}there are {', '.join(Scope)}"
    if expires_in is not None and not timedelta(0) < expires_in <= LONGEST_LIFE:
        problems["expires_in"] = f"it takes 1 to {LONGEST_LIFE.days} days, or none at all"
    if collector is not None and not _COLLECTOR.fullmatch(collector):
        problems["collector"] = f"{collector!r} is no collector's name"
    elif collector is not None and Scope.INGEST not in known:
        problems["collector"] = "only a token with the scope ingest is bound to a collector"
    if problems:
        raise FormError(problems)
    return TokenDraft(name=name, scopes=tuple(known), collector=collector, expires_in=expires_in)
