"""Sessions of the portal."""

from __future__ import annotations

from msgspec import structs

from jobtracker_core.security.credentials import read_session
from jobtracker_core.storage import sessions
from jobtracker_core.storage.errors import Busy, NotFound, NotWritable
from jobtracker_core.storage.sessions import Session
from jobtracker_core.tracker.stored import Installation


class Sessions:
    """Who is logged in to the portal, and from where. Logging in is `accounts.login()`."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def verify(self, text: str, *, in_person: bool = True) -> Session | None:
        """Return the session that a cookie is of; None if it opens nothing, for whatever reason.

        One read, and once a minute a note that it was seen; while the database takes no writes
        that is left to the next request. What a page asks for by itself is not `in_person`: it
        leaves no note, so that an open page keeps nobody logged in. Raises StorageError.
        """
        credential = read_session(text)
        if credential is None:
            return None
        database = self._tracker.database
        found = sessions.find(database, credential.key)
        if found is None or not credential.matches(found.secret_hash):
            return None
        session, moment = found.session, found.now
        if not session.is_valid(moment):
            return None
        if in_person and session.last_seen_at <= moment - sessions.SEEN_NOTED_EVERY:
            try:
                before = sessions.note_seen(database, session, moment)
            except (Busy, NotWritable):
                # Not worth refusing the request: whoever comes next notes it.
                return session
            session = structs.replace(session, last_seen_at=moment, last_visit_at=before)
        return session

    def list(self, *, user_id: int | None = None) -> tuple[Session, ...]:
        """List the open sessions of a user, or of all, those last seen first."""
        return sessions.list_sessions(self._tracker.database, user_id=user_id)

    def revoke(self, session_id: int) -> Session:
        """End a session, anybody's; raises NotFound."""
        with self._tracker.change("session.revoke", f"session:{session_id}") as change:
            ended = sessions.end(change.db, session_id)
            change.note(user=ended.user)
            return change.made(ended, change.target)

    def revoke_others(self, session: Session) -> int:
        """End all sessions of the same user but this one; return how many there were."""
        with self._tracker.change("session.revoke", f"user:{session.user_id}") as change:
            ended = sessions.end_all(change.db, session.user_id, but=session.id)
            change.note(ended=ended)
            return change.made(ended, change.target)

    def end(self, text: str) -> None:
        """Log out: the session that a cookie is of opens nothing any more, if it still did."""
        session = self.verify(text)
        if session is None:
            return
        try:
            with self._tracker.change("session.end", f"session:{session.id}") as change:
                sessions.end(change.db, session.id)
        except NotFound:
            return  # ended from elsewhere in this moment
