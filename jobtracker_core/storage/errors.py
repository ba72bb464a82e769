"""What can go wrong with the database, in one line each, with the next step."""

from __future__ import annotations

UPGRADE_COMMAND = "jobtracker db upgrade"
"""What hints tell the user to run when the tables are missing or old."""


class StorageError(Exception):
    """The database cannot do what was asked; nothing of the transaction was kept.

    Args:
        message: What is wrong, naming the database without its password.
        hint: One sentence: what the user does next.
    """

    def __init__(self, message: str, hint: str = "See the log for the cause.") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class WrongAddress(StorageError):  # noqa: N818
    """The database's URL itself is wrong: the user must edit it."""


class Unreachable(StorageError):  # noqa: N818  (the names say the state, not the mechanism)
    """No connection: no server, wrong password, unknown database, connection lost."""


class NotWritable(StorageError):  # noqa: N818
    """The file, its directory, the disk or the server takes no writes."""


class NotADatabase(StorageError):  # noqa: N818
    """The file is something else, is damaged, or holds the tables of another program."""


class SchemaTooNew(StorageError):  # noqa: N818
    """The tables were made by a program that knows more than this one."""


class SchemaTooOld(StorageError):  # noqa: N818
    """The tables are missing, or older than this program."""


class Busy(StorageError):  # noqa: N818
    """Somebody else holds what is needed; the same call may work later."""


class LeaseLost(StorageError):  # noqa: N818
    """The run is no longer this worker's: it must stop at once and write nothing more."""


class NotFound(StorageError):  # noqa: N818
    """There is no row of that name or number."""


class Duplicate(StorageError):  # noqa: N818
    """There is one already, and there can be only one."""


class Stale(StorageError):  # noqa: N818
    """The row is no longer as the caller knew it; nothing was changed.

    Attributes:
        current: The version that it is at.
    """

    def __init__(self, what: str, *, expected: int, current: int) -> None:
        super().__init__(
            f"{what} was changed meanwhile: it is at version {current}, not {expected}",
            "Read it again and repeat the change.",
        )
        self.current = current


class NotAllowed(StorageError):  # noqa: N818
    """The row is one that is never changed by hand."""


class MissingKey(StorageError):  # noqa: N818
    """There is no key to encrypt or decrypt a secret with."""


class WrongKey(StorageError):  # noqa: N818
    """The key is not the one that a secret was encrypted with, or the secret was tampered with."""
