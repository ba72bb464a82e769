"""What all views of one installation share: its settings, its plugins and its database."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.settings import Settings
from jobtracker_core.storage import schema, secrets
from jobtracker_core.storage.collector_settings import stored_settings
from jobtracker_core.storage.data_version import DataVersion, open_data_version
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import MissingKey, WrongKey
from jobtracker_core.tracker import collector_settings
from jobtracker_core.tracker.collector_settings import Held
from jobtracker_core.tracker.keys import InstallationCipher
from jobtracker_core.tracker.token_uses import TokenUses
from jobtracker_core.tracker.tokens import TokenMemory


class Opened:
    """An installation; nothing is opened before it is needed. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.token_memory = TokenMemory()
        self.token_uses = TokenUses()
        self._opening = threading.Lock()
        self._database: Database | None = None
        self._data_version: DataVersion | None = None

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
        database = open_database(self.settings.database, cipher=InstallationCipher(self.settings))
        try:
            if self.settings.run_migrations:
                schema.upgrade(database)
                secrets.seal_clear(database)
            else:
                schema.require_current(database)
        except BaseException:
            database.close()
            raise
        return database

    def data_version(self) -> int | None:
        """Return the version of what is stored; None until the database was opened."""
        database = self._database
        if database is None:
            # To open it takes its time, and whoever asks here has none.
            return None
        if self._data_version is None:
            with self._opening:
                if self._data_version is None:
                    self._data_version = open_data_version(database)
        return self._data_version.current()

    def close(self) -> None:
        """Close the database, if it was opened."""
        self.token_uses.write()
        if self._data_version is not None:
            self._data_version.close()
            self._data_version = None
        if self._database is not None:
            self._database.close()
            self._database = None

    def collector_settings(self, name: str, database: Database | None = None) -> CollectorSettings:
        """Return what the operator set for a collector; raises ConfigError, naming who set it.

        What is stored is read anew each time. Raises StorageError.
        """
        source = discovery.find(self.registry, name)
        return collector_settings.read(self.held(name, database), source)

    def held(self, name: str, database: Database | None = None) -> Held:
        """Return all that anybody has set for a collector.

        A database that nobody has made yet holds nothing, and is not made for this. Raises
        ConfigError if a secret cannot be decrypted.
        """
        stored = {}
        if database is not None or self._database is not None or self._is_made():
            try:
                stored = stored_settings(database or self.database, name)
            except (MissingKey, WrongKey) as error:
                raise ConfigError(f"{name}.settings", f"{error}. {error.hint}") from error
        return Held(name=name, stored=stored, settings=self.settings, known=self.registry.sources)

    def _is_made(self) -> bool:
        described = open_database(self.settings.database)
        try:
            return described.path is None or described.path.exists()
        finally:
            described.close()

    def query(self, name: str, words: CommonQuery | Mapping[str, Any]) -> CommonQuery:
        """Make a collector's query of words, or check one; raises FormError naming each fault."""
        return read_query(self.registry, name, words)


def read_query(
    registry: discovery.Registry, name: str, words: CommonQuery | Mapping[str, Any]
) -> CommonQuery:
    """Make a collector's query of words, or check one; raises FormError and UnknownCollector."""
    wanted = discovery.find(registry, name).info.query
    if isinstance(words, CommonQuery):
        if not isinstance(words, wanted):
            problem = f"{type(words).__name__} is not {wanted.__name__}, which {name} takes"
            raise forms.FormError({"query": problem})
        # A struct made in code was checked by nobody.
        words = forms.as_words(words)
    if not isinstance(words, Mapping):
        raise forms.FormError({"query": f"{words!r} is no query; give its words as a mapping"})
    return forms.fill(wanted, words)
