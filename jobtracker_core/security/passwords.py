"""Passwords: which are accepted, and their hashes."""

from __future__ import annotations

import contextlib
import threading
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from jobtracker_core.security.common import is_common

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 12
"""Characters that a password has at least."""

LONGEST_BYTES: Final = 1024
"""Bytes of UTF-8 that it has at most."""

AT_ONCE: Final = 2
"""Hashes that one process makes at the same time: each takes 64 MiB and a core."""

_PATIENCE_S = 5.0

_turns = threading.BoundedSemaphore(AT_ONCE)


class WeakPassword(ValueError):  # noqa: N818  (what is wrong is the password)
    """A password that is not accepted; the message says why, and never what it was."""


class HashingBusy(Exception):  # noqa: N818  (the names say the state)
    """So many passwords are being checked that this one would have to wait for long."""


def check_password(password: str, *, name: str = "") -> str:
    """Return a new password in the form in which it is hashed; raises WeakPassword.

    There are no rules about kinds of characters. `name` is the user's.
    """
    try:
        is_endless = _is_endless(password)
        password = password if is_endless else normal(password)
        size = len(password.encode())
    except UnicodeEncodeError:
        raise WeakPassword("the password holds characters that are no text") from None
    if len(password) < SHORTEST:
        raise WeakPassword(f"a password has at least {SHORTEST} characters; more are better")
    if size > LONGEST_BYTES:
        raise WeakPassword(f"a password has at most {LONGEST_BYTES:,} bytes")
    if is_common(password):
        raise WeakPassword(
            "this password is among the first that are tried; take one that is yours alone, "
            "such as four words that do not belong together"
        )
    if name and password.casefold().strip("0123456789!.-_ ") in _of_name(name):
        raise WeakPassword("the password is the user's name")
    return password


def normal(password: str) -> str:
    """Return a password as it is hashed: keyboards differ in how they compose a character."""
    return unicodedata.normalize("NFC", password)


def _is_endless(password: str) -> bool:
    """Say whether a password is too long in any form, so that nobody composes it.

    The time that this takes grows with the square of its marks. What is composed has a quarter of
    the bytes that it had, or more.
    """
    return len(password.encode()) > 4 * LONGEST_BYTES


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, its salt and parameters included.

    Takes about a tenth of a second and 64 MiB. Raises HashingBusy.
    """
    with _turn():
        return _hasher().hash(normal(password))


def verify(stored: str | None, password: str) -> bool:
    """Say whether a password is the one that was hashed.

    Without a stored hash the answer is no, and takes as long. Raises HashingBusy.
    """
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

    fits = True
    try:
        fits = not _is_endless(password)
        if fits:
            password = normal(password)
            fits = len(password.encode()) <= LONGEST_BYTES
    except UnicodeEncodeError:
        fits = False
    with _turn():
        nobody = _nobody()  # made here, so that the first answer about nobody takes no longer
        against = nobody if stored is None else stored
        try:
            _hasher().verify(against, password if fits else "")
        except (VerificationError, InvalidHashError):
            return False
    return fits and stored is not None


def is_outdated(stored: str) -> bool:
    """Say whether a hash was made with other parameters than are in use."""
    return _hasher().check_needs_rehash(stored)


@cache
def _hasher() -> PasswordHasher:
    # Loaded by whoever hashes: a worker never does.
    from argon2 import PasswordHasher  # noqa: PLC0415

    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("no user has this password")


def _of_name(name: str) -> frozenset[str]:
    plain = normal(name).casefold().strip("0123456789!.-_ ")
    return frozenset({plain, plain * 2, plain * 3, plain[::-1]})


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_PATIENCE_S):
        raise HashingBusy("too many passwords are being checked at once")
    try:
        yield
    finally:
        _turns.release()
