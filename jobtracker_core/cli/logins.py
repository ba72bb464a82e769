"""Tokens of servers, as `jobtracker login` keeps them: a file each, for its owner alone."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from jobtracker_core.client.errors import NoToken, RemoteError
from jobtracker_core.settings import default_config_dir

_BIGGEST = 64 * 1024


class Login(Struct, frozen=True, kw_only=True):
    """What is kept of a server.

    Attributes:
        url: Its address in one spelling.
        plain_http: The token may be sent over plain HTTP to another machine.
    """

    url: str
    token: str
    plain_http: bool = False

    def __repr__(self) -> str:
        return f"Login({self.url!r})"


class BadLogin(RemoteError):  # noqa: N818
    """What is kept cannot be used: others can read it, or it is damaged."""

    is_mistake = True


def path_of(url: str) -> Path:
    """Return the file of a server, whether it is there or not."""
    scheme, _, place = url.partition("://")
    word = "".join(c if c.isalnum() or c in ".-" else "_" for c in place)[:80]
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    return default_config_dir() / "servers" / f"{scheme}-{word}-{digest}.json"


def read(url: str) -> Login | None:
    """Return what is kept of a server; None if that is nothing. Raises BadLogin."""
    path = path_of(url)
    again = f"Log in again: jobtracker login {url}"
    try:
        # A link could lead to a file that somebody else writes.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadLogin(f"{path}: cannot be read: {error.strerror}", again) from error
    with os.fdopen(number, "rb") as file:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise BadLogin(f"{path} is no file", again)
        if os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
            raise BadLogin(
                f"{path} is open to other users of this machine",
                f"Revoke that token at the server, and log in anew: jobtracker login {url}",
            )
        text = file.read(_BIGGEST)
    try:
        login = msgspec.json.decode(text, type=Login)
    except msgspec.MsgspecError:
        raise BadLogin(f"{path} is damaged", again) from None
    if login.url != url:
        raise BadLogin(f"{path} is of another server", again)
    return login


def write(login: Login) -> Path:
    """Keep a token, whole or not at all; raises OSError. A link in its place is replaced."""
    path = path_of(login.url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    number, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")  # mode 0600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(msgspec.json.encode(login))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def forget(url: str) -> bool:
    """Delete what is kept of a server; say whether there was anything. Raises OSError."""
    path = path_of(url)
    there = path.is_symlink() or path.exists()
    path.unlink(missing_ok=True)
    return there


def token_for(url: str, variable: str | None) -> Login:
    """Return the token of a server: that of the variable, else what is kept. Raises NoToken."""
    kept = read(url) if not variable else None
    if variable:
        return Login(url=url, token=variable)
    if kept is None:
        raise NoToken(
            f"there is no token for {url}",
            f"Log in: jobtracker login {url}; or set JOBTRACKER_TOKEN.",
        )
    return kept
