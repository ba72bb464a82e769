"""The key of the tests' secrets."""

from __future__ import annotations

from jobtracker_core.settings import Settings
from jobtracker_core.tracker.keys import InstallationCipher

KEY = "dGVzdHMgb25seTogdGhpcyBpcyBub3QgYSBzZWNyZXQ="
OTHER_KEY = "YW5vdGhlciBrZXkgb2YgdGhlIHRlc3RzLCBubyBzZWM="


def cipher(*keys: str) -> InstallationCipher:
    """Return a cipher with these keys, or with the usual one."""
    return InstallationCipher(Settings(secret_key=keys or (KEY,)))
