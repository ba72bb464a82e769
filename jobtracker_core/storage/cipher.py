"""What encrypts and decrypts for the database: it is given to it, and known here by its shape."""

from __future__ import annotations

from typing import Protocol

from jobtracker_core.storage.errors import MissingKey


class Cipher(Protocol):
    """Seals and opens. All raise MissingKey where there is no key."""

    def provide(self) -> None:
        """Make a key if there is none and one may be made: no secret is stored yet."""
        ...

    def seal(self, text: str, place: str) -> str:
        """Encrypt a text for one place."""
        ...

    def open(self, sealed: str, place: str) -> str:
        """Return the text; raises WrongKey."""
        ...

    def renew(self, sealed: str, place: str) -> str | None:
        """Seal anew what an older key sealed; None if the first key did. Raises WrongKey."""
        ...


class NoCipher:
    """What a database has that was opened without any: it stores no secrets."""

    def provide(self) -> None:
        """Refuse."""
        raise _refusal()

    def seal(self, text: str, place: str) -> str:  # noqa: ARG002
        """Refuse."""
        raise _refusal()

    def open(self, sealed: str, place: str) -> str:  # noqa: ARG002
        """Refuse."""
        raise _refusal()

    def renew(self, sealed: str, place: str) -> str | None:  # noqa: ARG002
        """Refuse."""
        raise _refusal()


def _refusal() -> MissingKey:
    return MissingKey(
        "the database was opened without a key for its secrets",
        "Open it as JobTracker does, or give it a cipher.",
    )
