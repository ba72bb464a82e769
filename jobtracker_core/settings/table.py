"""Every setting: its name, its variables, what it takes. Defaults stand in `Settings`."""

from __future__ import annotations

import base64
import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

PREFIX: Final = "JOBTRACKER_"
CONFIG_VARIABLE: Final = "JOBTRACKER_CONFIG"

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOG_FORMATS: Final = ("auto", "human", "json")

_DAY_S = 86_400
_KEY_BYTES, _FEWEST_DIFFERENT = 32, 12
_MOST = 256
_MOST_MEGABYTES = 1024
_MOST_PER_MINUTE = 1_000_000
_MOST_DAYS = 36_500
_HIGHEST_PORT = 65_535
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:\[\]/@]+):(\d{1,5})")
_PLACE = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?|[0-9A-Fa-f:.]+")
_WITH_PORT = re.compile(r"[0-9.]+/\d+:\d{1,5}")
_SCHEMES = frozenset({"sqlite", "postgresql", "postgres", "postgresql+psycopg"})
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


class Setting(Struct, frozen=True, kw_only=True):
    """One setting.

    Attributes:
        variables: Ours first, then names that other programs use too; the first one set counts.
        read: Makes a value of text, or of what TOML gives; ValueError if it does not fit.
        allowed: What it takes, in words.
        empty: An empty variable is a value too, and not "not set".
    """

    name: str
    variables: tuple[str, ...]
    read: Callable[[object], Any]
    allowed: str
    empty: bool = False


def split_listen(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT or [IPv6]:PORT; raises ValueError."""
    match = _LISTEN.fullmatch(text.strip())
    if match is None or int(match[2]) > _HIGHEST_PORT:
        raise ValueError(text)
    return match[1].strip("[]"), int(match[2])


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise ValueError(value)
    return value.strip()


def _path(value: object) -> Path:
    try:
        return Path(_text(value)).expanduser()
    except RuntimeError as error:  # ~somebody who is not there
        raise ValueError(value) from error


def _database_url(value: object) -> str:
    text = _text(value)
    scheme, separator, rest = text.partition("://")
    if scheme not in _SCHEMES or not separator or not rest or (scheme == "sqlite" and "?" in rest):
        raise ValueError(scheme)
    # A password may hold what would end an address, so only what follows the last @ is one.
    _ = urlsplit(f"//{rest.rpartition('@')[2]}").port
    return text


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(value)
    return tuple(name.strip() for name in value if name.strip())


def _keys(value: object) -> tuple[str, ...]:
    keys = _names(value)
    for key in keys:
        raw = base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True)
        # A password, or one and the same byte throughout, is no key.
        if len(raw) != _KEY_BYTES or len(set(raw)) < _FEWEST_DIFFERENT:
            raise ValueError
    if not keys:
        raise ValueError
    return keys


def _places(value: object) -> tuple[str, ...]:
    places = _names(value)
    for place in places:
        if "/" in place:
            ipaddress.ip_network(place.rpartition(":")[0] if _WITH_PORT.fullmatch(place) else place)
        elif not _PLACE.fullmatch(place):
            raise ValueError(place)
    return places


def _networks(value: object) -> tuple[str, ...]:
    networks = _names(value)
    for network in networks:
        ipaddress.ip_network(network, strict=False)
    return networks


def _per_minute(value: object) -> int:
    number = _number(value)
    if not number.is_integer() or not 0 <= number <= _MOST_PER_MINUTE:
        raise ValueError(value)
    return int(number)


def _megabytes(value: object) -> int:
    number = _number(value)
    if not number.is_integer() or not 0 <= number <= _MOST_MEGABYTES:
        raise ValueError(value)
    return int(number)


def _listen(value: object) -> str:
    text = _text(value)
    split_listen(text)
    return text


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(value)
    return word in _TRUE


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)  # noqa: TRY004  (the same as of any other value that does not fit)
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(value) from error


def _seconds(value: object) -> float:
    seconds = _number(value)
    if not math.isfinite(seconds) or not 0 < seconds <= _DAY_S:
        raise ValueError(value)
    return seconds


def _count(value: object) -> int:
    number = _number(value)
    if not number.is_integer() or not 1 <= number <= _MOST:
        raise ValueError(value)
    return int(number)


def _days(value: object) -> int:
    number = _number(value)
    if not number.is_integer() or not 1 <= number <= _MOST_DAYS:
        raise ValueError(value)
    return int(number)


def _days_or_ever(value: object) -> int:
    return 0 if _number(value) == 0 else _days(value)


def _one_of(words: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        word = _text(value).lower()
        if word not in words:
            raise ValueError(value)
        return word

    return read


SETTINGS: Final = {
    setting.name: setting
    for setting in (
        Setting(
            name="database_url",
            variables=("JOBTRACKER_DATABASE_URL", "DATABASE_URL", "POSTGRES_URL"),
            read=_database_url,
            allowed="sqlite:///PATH, postgresql://… or postgres://…",
        ),
        Setting(
            name="data_dir", variables=("JOBTRACKER_DATA_DIR",), read=_path, allowed="a directory"
        ),
        Setting(
            name="secret_key",
            variables=("JOBTRACKER_SECRET_KEY",),
            read=_keys,
            allowed="keys that `jobtracker secrets new-key` prints, with commas between them",
        ),
        Setting(
            name="secret_key_file",
            variables=("JOBTRACKER_SECRET_KEY_FILE",),
            read=_path,
            allowed="a file with such keys, one a line",
        ),
        Setting(
            name="allow_private_addresses",
            variables=("JOBTRACKER_ALLOW_PRIVATE_ADDRESSES",),
            read=_places,
            allowed="hosts, addresses and networks, each with :PORT for an unusual port",
        ),
        Setting(
            name="trusted_proxies",
            variables=("JOBTRACKER_TRUSTED_PROXIES",),
            read=_networks,
            allowed="addresses and networks",
        ),
        Setting(
            name="api_requests_per_minute",
            variables=("JOBTRACKER_API_REQUESTS_PER_MINUTE",),
            read=_per_minute,
            allowed="a whole number from 0 to 1,000,000; 0 is no limit",
        ),
        Setting(
            name="plugins",
            variables=("JOBTRACKER_PLUGINS",),
            read=_names,
            allowed="names of entry points: a list of texts, or one text with commas",
            empty=True,
        ),
        Setting(
            name="listen",
            variables=("JOBTRACKER_LISTEN", "LISTEN_ADDR"),
            read=_listen,
            allowed="HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
        ),
        Setting(
            name="run_migrations",
            variables=("JOBTRACKER_RUN_MIGRATIONS", "RUN_MIGRATIONS"),
            read=_truth,
            allowed="true or false",
        ),
        Setting(
            name="poll_interval",
            variables=("JOBTRACKER_POLL_INTERVAL", "POLL_INTERVAL"),
            read=_seconds,
            allowed="seconds above 0 and up to 86,400",
        ),
        Setting(
            name="slots",
            variables=("JOBTRACKER_SLOTS",),
            read=_count,
            allowed="a whole number from 1 to 256",
        ),
        Setting(
            name="drain_timeout",
            variables=("JOBTRACKER_DRAIN_TIMEOUT",),
            read=_seconds,
            allowed="seconds above 0 and up to 86,400",
        ),
        Setting(
            name="keep_runs_days",
            variables=("JOBTRACKER_KEEP_RUNS_DAYS",),
            read=_days,
            allowed="a whole number of days from 1 to 36,500",
        ),
        Setting(
            name="keep_run_events_days",
            variables=("JOBTRACKER_KEEP_RUN_EVENTS_DAYS",),
            read=_days,
            allowed="a whole number of days from 1 to 36,500",
        ),
        Setting(
            name="keep_audit_days",
            variables=("JOBTRACKER_KEEP_AUDIT_DAYS",),
            read=_days_or_ever,
            allowed="a whole number of days from 1 to 36,500; 0 is for good",
        ),
        Setting(
            name="api_threads",
            variables=("JOBTRACKER_API_THREADS",),
            read=_count,
            allowed="a whole number from 1 to 256",
        ),
        Setting(
            name="api_kept_mb",
            variables=("JOBTRACKER_API_KEPT_MB",),
            read=_megabytes,
            allowed="a whole number from 0 to 1,024; 0 keeps none",
        ),
        Setting(
            name="local_metrics",
            variables=("JOBTRACKER_LOCAL_METRICS",),
            read=_truth,
            allowed="true or false",
        ),
        Setting(
            name="log_level",
            variables=("JOBTRACKER_LOG_LEVEL",),
            read=_one_of(LOG_LEVELS),
            allowed="one of " + ", ".join(LOG_LEVELS),
        ),
        Setting(
            name="log_format",
            variables=("JOBTRACKER_LOG_FORMAT",),
            read=_one_of(LOG_FORMATS),
            allowed="one of " + ", ".join(LOG_FORMATS),
        ),
    )
}

SERVER_VARIABLE: Final = "JOBTRACKER_SERVER"
TOKEN_VARIABLE: Final = "JOBTRACKER_TOKEN"  # noqa: S105  (the variable's name)
"""Of the command line: the server that commands are for, and the token that it is sent."""

OUR_VARIABLES: Final = frozenset(
    {CONFIG_VARIABLE, SERVER_VARIABLE, TOKEN_VARIABLE}
    | {name for setting in SETTINGS.values() for name in setting.variables}
)
