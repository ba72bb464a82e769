"""The part of the facade that says who may come in."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from jobtracker_core.tracker.accounts import Accounts
from jobtracker_core.tracker.audit import Audit
from jobtracker_core.tracker.opened import Opened
from jobtracker_core.tracker.secrets import Secrets
from jobtracker_core.tracker.sessions import Sessions
from jobtracker_core.tracker.stored import Installation
from jobtracker_core.tracker.throttle import Throttle
from jobtracker_core.tracker.tokens import Tokens


class _Whole(Installation, Protocol):
    _opened: Opened


class Access:
    """Users, their sessions, tokens, limits on requests, and who did what."""

    @cached_property
    def accounts(self: _Whole) -> Accounts:
        """Users, and logging in."""
        return Accounts(self)

    @cached_property
    def sessions(self: _Whole) -> Sessions:
        """Sessions of the portal."""
        return Sessions(self)

    @cached_property
    def tokens(self: _Whole) -> Tokens:
        """Tokens with which programs use the API."""
        return Tokens(self, self._opened.token_memory, self._opened.token_uses)

    @cached_property
    def throttle(self: _Whole) -> Throttle:
        """Limits on requests."""
        return Throttle(self)

    @cached_property
    def audit(self: _Whole) -> Audit:
        """Who changed what."""
        return Audit(self)

    @cached_property
    def secrets(self: _Whole) -> Secrets:
        """What is stored encrypted."""
        return Secrets(self)
