"""What all views of one installation share: its settings, its plugins and its database."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.http.address import read_address
from jobtracker_core.http.exchange import BadAddress
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.settings import Settings
from jobtracker_core.settings.hidden import hide_secrets, is_secret
from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.tracker.tokens import TokenMemory


class Opened:
    """An installation; nothing is opened before it is needed. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.token_memory = TokenMemory()
        self._opening = threading.Lock()
        self._database: Database | None = None

    @cached_property
    def registry(self) -> discovery.Registry:
        """The plugins that are installed."""
        return discovery.load(self.settings.plugins)

    @property
    def database(self) -> Database:
        """The database, its schema up to date; raises StorageError."""
        if self._database is None:
            with self._opening:
                if self._database is None:
                    self._database = self._open()
        return self._database

    def _open(self) -> Database:
        database = open_database(self.settings.database)
        try:
            if self.settings.run_migrations:
                schema.upgrade(database)
            else:
                schema.require_current(database)
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close the database, if it was opened."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def collector_settings(self, name: str) -> CollectorSettings:
        """Return what the operator set for a collector; raises ConfigError, naming who set it."""
        found = discovery.find(self.registry, name)
        known = self.registry.sources
        values = self.settings.for_collector(name, known=known)
        try:
            settings = forms.fill(found.info.settings, values)
            if settings.base_url is not None:
                read_address(settings.base_url)
        except forms.FormError as error:
            field, problem = next(iter(error.problems.items()))
            if field not in values:
                raise ConfigError(f"{name}.{field}", problem) from None
            allowed = {f.name: f.allowed for f in forms.fields(found.info.settings)}
            if is_secret(field) and field in allowed:
                problem = f"the value is not allowed; it takes {allowed[field]}"
            source = self.settings.collector_source(name, field, known=known)
            told = f"{hide_secrets(problem)} (set by {source})"
            raise ConfigError(f"{name}.{field}", told) from None
        except BadAddress as error:
            source = self.settings.collector_source(name, "base_url", known=known)
            raise ConfigError(f"{name}.base_url", f"{error} (set by {source})") from error
        return settings

    def query(self, name: str, words: CommonQuery | Mapping[str, Any]) -> CommonQuery:
        """Make a collector's query of words, or check one; raises FormError naming each fault."""
        wanted = discovery.find(self.registry, name).info.query
        if isinstance(words, CommonQuery):
            if not isinstance(words, wanted):
                problem = f"{type(words).__name__} is not {wanted.__name__}, which {name} takes"
                raise forms.FormError({"query": problem})
            # A struct made in code was checked by nobody.
            words = forms.as_words(words)
        if not isinstance(words, Mapping):
            raise forms.FormError({"query": f"{words!r} is no query; give its words as a mapping"})
        return forms.fill(wanted, words)
