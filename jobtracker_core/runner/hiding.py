"""The credentials of a run's proxies, and texts without them."""

from __future__ import annotations

from jobtracker_core.contract.host import Proxy
from jobtracker_core.http.proxies import secrets_of


class Hiding:
    """Remembers what must appear in no text that is kept or shown: libraries quote it."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}

    def note(self, proxy: Proxy | None) -> Proxy | None:
        """Remember a proxy's credentials; return it as it came."""
        if proxy is not None:
            self._secrets |= dict.fromkeys(secrets_of(proxy.url))
        return proxy

    def hide(self, text: str) -> str:
        """Return a text without the credentials seen so far."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
