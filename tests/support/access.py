"""Being let in: tokens and sessions without the slow hashing of a password."""

from __future__ import annotations

from typing import Any

from litestar.testing import TestClient

from jobtracker_core.contract.access import Scope
from jobtracker_core.security.credentials import csrf_token, make_session
from jobtracker_core.storage import sessions, users
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web.session import HEADER

READER = "ada"


def token_for(tracker: JobTracker, *scopes: Scope, name: str = "test") -> str:
    """Make a token; without scopes one that may do everything."""
    return tracker.tokens.create(name, scopes or (Scope.ADMIN,)).text


def bearer(text: str) -> dict[str, str]:
    """Return the header that brings a token."""
    return {"Authorization": f"Bearer {text}"}


def cookie_for(tracker: JobTracker, name: str = READER) -> str:
    """Begin a session of a user, who is made if need be and cannot log in; return its cookie."""
    known = users.find(tracker.database, name)
    user = users.create(tracker.database, name, "no hash") if known is None else known.user
    credential = make_session()
    sessions.create(
        tracker.database,
        user.id,
        key=credential.key,
        secret_hash=credential.digest,
        address="192.0.2.1",
        agent="test",
    )
    return credential.text


def let_in(client: TestClient[Any], tracker: JobTracker) -> None:
    """Have a client's requests let in everywhere: with a token, a session, and its proof."""
    cookie = cookie_for(tracker)
    client.cookies.set("jt", cookie)
    client.cookies.set("jt-plain", "seen")  # they have read that nobody encrypts this
    client.headers.update(bearer(token_for(tracker)) | {HEADER: csrf_token(cookie)})
