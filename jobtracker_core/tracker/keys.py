"""The keys of an installation's secrets: where they are, and making one at first need."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from jobtracker_core.settings import Settings
from jobtracker_core.storage.errors import MissingKey, WrongKey

if TYPE_CHECKING:
    from jobtracker_core.security.sealing import Keyring  # takes a while, and few commands need it

KEY_FILE: Final = "secret.key"
"""In the data directory, where no setting names another place."""

_SET_IT = (
    "Set JOBTRACKER_SECRET_KEY (or secret_key_file) to the same key wherever this database is used;"
    " `jobtracker secrets new-key` prints a new one."
)

_USE_IT = (
    "Set JOBTRACKER_SECRET_KEY (or secret_key_file) to the key they were encrypted with;"
    " without it, remove those entries and add them again."
)

T = TypeVar("T")


class InstallationCipher:
    """Seals and opens with the keys that the settings name. Safe to share between threads.

    They are those of `secret_key`, else those of the file `secret_key_file`, else those of
    `secret.key` in the data directory. Only this last file is ever made, and only for a SQLite
    database that holds no secrets yet: several machines that share a database need one key, which
    somebody must bring to them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._keyring: Keyring | None = None

    def provide(self) -> None:
        """Make the key file if no key is there; raises MissingKey where that is not for us."""
        settings = self._settings
        if settings.secret_key is not None or settings.secret_key_file is not None:
            return
        path = settings.data_dir / KEY_FILE
        if path.exists():
            return
        if not settings.database.startswith("sqlite:"):
            raise MissingKey("there is no key to encrypt secrets with", _SET_IT)
        from jobtracker_core.security.sealing import make_key  # noqa: PLC0415

        try:
            _write_once(path, make_key())
        except OSError as error:
            raise MissingKey(
                f"{path}: the key cannot be written: {error.strerror}",
                "Make the directory writable, or set JOBTRACKER_SECRET_KEY.",
            ) from error

    def seal(self, text: str, place: str) -> str:
        """Encrypt a text for one place."""
        return self._keys().seal(text, place)

    def open(self, sealed: str, place: str) -> str:
        """Return the text; raises WrongKey."""
        keys = self._keys()
        return self._opened(place, lambda: keys.open(sealed, place))

    def renew(self, sealed: str, place: str) -> str | None:
        """Seal anew what an older key sealed; None if the first key did. Raises WrongKey."""
        keys = self._keys()
        return self._opened(place, lambda: keys.renew(sealed, place))

    def _opened(self, place: str, work: Callable[[], T]) -> T:
        from jobtracker_core.security.sealing import CannotOpen  # noqa: PLC0415

        try:
            return work()
        except CannotOpen:
            table, _, row = place.split(":")
            what = (
                "the database's secrets were encrypted with another key than that of"
                if table == "secret_checks"
                else f"the secret of {table} {row} was encrypted elsewhere than with the key of"
            )
            raise WrongKey(f"{what} {self._where()}", _USE_IT) from None

    def _where(self) -> str:
        settings = self._settings
        if settings.secret_key is not None:
            return f"the setting secret_key ({settings.source('secret_key')})"
        return str(settings.secret_key_file or settings.data_dir / KEY_FILE)

    def _keys(self) -> Keyring:
        if self._keyring is None:
            with self._lock:
                if self._keyring is None:
                    self._keyring = self._load()
        return self._keyring

    def _load(self) -> Keyring:
        from jobtracker_core.security.sealing import Keyring  # noqa: PLC0415

        settings = self._settings
        keys = settings.secret_key
        path = settings.secret_key_file or settings.data_dir / KEY_FILE
        if keys is None:
            keys = tuple(_read(path).split())
        try:
            return Keyring(keys)
        except ValueError as error:
            raise MissingKey(
                f"{self._where()} holds no key: {error}",
                "Write one that `jobtracker secrets new-key` prints.",
            ) from None


def _read(path: Path) -> str:
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise MissingKey(
                f"{path} can be read by other users of this machine",
                f"Make it your own: chmod 600 {path}",
            )
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise MissingKey(f"there is no key: {path} is not there", _SET_IT) from None
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise MissingKey(f"{path}: the key cannot be read: {said}", _SET_IT) from error


def _write_once(path: Path, key: str) -> None:
    """Write a file that only its owner reads, whole or not at all; one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return  # another process was first: its key counts
    finally:
        Path(name).unlink()
