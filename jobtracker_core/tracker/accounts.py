"""Users: the set-up, logging in, and passwords. Nothing here ever shows a password or a hash."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.security import passwords
from jobtracker_core.security.credentials import (
    Credential,
    make_code,
    make_session,
    read_code,
    read_session,
)
from jobtracker_core.storage import logins, sessions, users
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.sessions import Session
from jobtracker_core.storage.users import KnownUser, User
from jobtracker_core.tracker.names import LONGEST_NAME, is_name, name_rule
from jobtracker_core.tracker.stored import Installation

CODE_LIFE: Final = timedelta(minutes=60)
"""How long a set-up code is valid."""

_NETWORK_BITS = 64

T = TypeVar("T")


class WrongLogin(Exception):  # noqa: N818  (what is wrong is the login)
    """Name and password do not belong together; which of them is wrong is not told."""

    hint = "Check both; a forgotten password is replaced with: jobtracker users password NAME"

    def __init__(self) -> None:
        super().__init__("the name or the password is wrong")


class WrongCode(Exception):  # noqa: N818  (what is wrong is the code)
    """A set-up code that is not valid, or no more."""

    hint = "Start the server again for a new one, or use: jobtracker init"

    def __init__(self) -> None:
        super().__init__("the set-up code is wrong or older than an hour")


class TooManyLogins(Exception):  # noqa: N818  (the names say the state)
    """Nobody looks at the password now, whoever it is; `wait_s` is when somebody will again."""

    def __init__(self, wait: timedelta) -> None:
        self.wait_s = max(1, round(wait.total_seconds() + 0.5))
        super().__init__(f"too many logins failed; wait {self.wait_s} s")

    @property
    def hint(self) -> str:
        """One sentence: what the user does next."""
        return f"Try again in {self.wait_s} seconds."


class NewSession(Struct, frozen=True, kw_only=True):
    """A session that was just begun; `text` is for the cookie, and kept nowhere."""

    session: Session
    text: str

    def __repr__(self) -> str:
        return f"NewSession({self.session!r}, …)"


class Accounts:
    """Those who may log in to the portal. All of them may do and see everything."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def any(self) -> bool:
        """Say whether there is a user; without one, nobody but the set-up is let in."""
        return users.any_user(self._tracker.database)

    def list(self) -> tuple[User, ...]:
        """List users by name."""
        return users.list_users(self._tracker.database)

    def setup_code(self) -> str | None:
        """Make a one-time code for the set-up, valid for an hour; None if there is a user.

        Only its hash is kept. Codes that other processes made stay valid.
        """
        if self.any():
            return None
        code = make_code()
        with self._tracker.change("setup.open") as change:
            until = users.add_setup_code(change.db, code.digest, lasts=CODE_LIFE)
            change.note(until=until)
        return None if until is None else code.text

    def is_setup_code(self, text: str) -> bool:
        """Say whether a set-up code is valid now. It stays so."""
        code = read_code(text)
        return code is not None and self._is_in_force(code)

    def set_up(self, code: str, name: str, password: str) -> User:
        """Make the first user, for whoever has the code.

        Raises FormError for a name or password that is not accepted, WrongCode and AlreadySetUp.
        Of two that come at once, one gets it.
        """
        if not self.is_setup_code(code):
            raise WrongCode
        return self.create_first(name, password)

    def create_first(self, name: str, password: str) -> User:
        """Make the first user without a code, for whoever has the database at hand.

        Raises FormError and AlreadySetUp.
        """
        name, digest = _new_account(name, password)
        with self._tracker.change("user.create") as change:
            user = users.create_first(change.db, name, digest)
            change.note(name=user.name, first=True)
            return change.made(user, f"user:{user.id}")

    def add(self, name: str, password: str) -> User:
        """Make another user; raises FormError and Duplicate."""
        name, digest = _new_account(name, password)
        with self._tracker.change("user.create") as change:
            user = users.create(change.db, name, digest)
            change.note(name=user.name)
            return change.made(user, f"user:{user.id}")

    def remove(self, name: str) -> User:
        """Delete a user and end their sessions; raises NotFound, and StorageError for the last."""
        with self._tracker.change("user.delete") as change:
            user = users.remove(change.db, name)
            change.note(name=user.name)
            return change.made(user, f"user:{user.id}")

    def set_password(self, name: str, password: str) -> User:
        """Give a user another password and end all their sessions, without asking for the old one.

        Raises FormError and NotFound.
        """
        known = users.find(self._tracker.database, name)
        if known is None:
            raise users.no_user(name)
        self._replace(known, password, keep=None)
        return known.user

    def change_password(
        self,
        session: Session,
        current: str,
        password: str,
        *,
        address: str,
        end_others: bool = True,
    ) -> None:
        """Replace the password of whoever is logged in, and end all their other sessions.

        Those go on with `end_others` False. `current` is checked as a login is. Raises FormError,
        WrongLogin and TooManyLogins.
        """
        _check_new(password, session.user)
        known = self._checked(session.user, current, address)
        self._replace(known, password, keep=session.id, end_others=end_others)

    def login(
        self, name: str, password: str, *, address: str, agent: str = "", replacing: str = ""
    ) -> NewSession:
        """Check a password and begin a session, always a new one.

        Args:
            name: As the user typed it.
            password: As the user typed it.
            address: Where the request came from.
            agent: What the browser calls itself.
            replacing: The cookie that the request brought; the session that it is of ends.

        Answers and times are the same whether there is such a user or not. Raises WrongLogin,
        TooManyLogins, and Busy where too many passwords are being checked at once.
        """
        known = self._checked(name, password, address)
        better = None
        if passwords.is_outdated(known.password_hash):
            better = _unless_busy(lambda: passwords.hash_password(password))
        credential = make_session()
        with self._tracker.change("session.create", f"user:{known.user.id}") as change:
            # Whoever changed the password meanwhile has ended all sessions, this one too.
            if not users.note_login(change.db, known, better_hash=better):
                raise WrongLogin
            _end_replaced(change.db, replacing)
            session = sessions.create(
                change.db,
                known.user.id,
                key=credential.key,
                secret_hash=credential.digest,
                address=address,
                agent=agent,
            )
            change.note(session=session.id, name=known.user.name)
        return NewSession(session=session, text=credential.text)

    def _checked(self, name: str, password: str, address: str) -> KnownUser:
        """Return the user whose name and password these are, or count a try that failed."""
        database = self._tracker.database
        name = _normal(name)
        place = network_of(address)
        wait = logins.take(database, address=place, account=name)
        if wait is not None:
            raise TooManyLogins(wait)
        known = users.find(database, name) if is_name(name) else None
        stored = None if known is None else known.password_hash
        right = _unless_busy(lambda: passwords.verify(stored, password))
        if known is None or not right:
            # The name is not told: people type their password into the wrong field.
            target = "user:unknown" if known is None else f"user:{known.user.id}"
            with self._tracker.change("login.refuse", target) as change:
                change.note(address=address)
            raise WrongLogin
        logins.forget(database, address=place, account=name)
        return known

    def _replace(
        self, known: KnownUser, password: str, *, keep: int | None, end_others: bool = True
    ) -> None:
        checked = _check_new(password, known.user.name)
        digest = _unless_busy(lambda: passwords.hash_password(checked))
        with self._tracker.change("user.password", f"user:{known.user.id}") as change:
            users.set_password(change.db, known.user.id, digest)
            ended = sessions.end_all(change.db, known.user.id, but=keep) if end_others else 0
            change.note(name=known.user.name, sessions_ended=ended)

    def _is_in_force(self, code: Credential) -> bool:
        hashes = users.setup_codes_in_force(self._tracker.database)
        return any(code.matches(each) for each in hashes)


def network_of(address: str) -> str:
    """Return what counts as one address: of IPv6, the network of 64 bits that one customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip.packed, _NETWORK_BITS), strict=False))


def _new_account(name: str, password: str) -> tuple[str, str]:
    name = _normal(name)
    if not is_name(name):
        raise FormError({"name": name_rule(name)})
    checked = _check_new(password, name)
    return name, _unless_busy(lambda: passwords.hash_password(checked))


def _normal(name: str) -> str:
    """Return a name as it is stored; of one that is far too long, as much as shows it to be.

    Anybody may send one, and the time that composing takes grows with the square of its marks.
    """
    return unicodedata.normalize("NFC", name.strip()[: 4 * (LONGEST_NAME + 1)])


def _check_new(password: str, name: str) -> str:
    try:
        return passwords.check_password(password, name=name)
    except passwords.WeakPassword as error:
        raise FormError({"password": str(error)}) from None


def _unless_busy(work: Callable[[], T]) -> T:
    try:
        return work()
    except passwords.HashingBusy as error:
        raise Busy(str(error), "Try again in a few seconds.") from error


def _end_replaced(db: Database, cookie: str) -> None:
    credential = read_session(cookie)
    found = None if credential is None else sessions.find(db, credential.key)
    if credential is not None and found is not None and credential.matches(found.secret_hash):
        sessions.end(db, found.session.id)
