"""Where a setting's value came from, and the error that says so."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["default", "database", "file", "environment", "flag", "code"]


class Source(Struct, frozen=True, kw_only=True):
    """Where a value came from.

    Attributes:
        where: A file's path and key, a variable's name or an option; "" for all others.
    """

    kind: Kind
    where: str = ""

    def __str__(self) -> str:
        return self.where or self.kind


DEFAULT = Source(kind="default")
DATABASE = Source(kind="database")
CODE = Source(kind="code")

_HINTS: dict[Kind, str] = {
    "default": "Report this: a default does not fit.",
    "database": "Change it where the collector is set up, such as in the portal.",
    "file": "Change it in that file.",
    "environment": "Change that variable, or unset it.",
    "flag": "Change that option; `jobtracker config show` lists the settings.",
    "code": "Change it where the settings are made.",
}


class SettingError(Exception):
    """A setting cannot be used. The message names it, what is allowed, and who set it.

    Attributes:
        field: The setting; "config" where it is about the configuration file itself.
        source: Who set it.
    """

    def __init__(self, field: str, problem: str, source: Source) -> None:
        super().__init__(field, problem, source)
        self.field = field
        self.problem = problem
        self.source = source

    @property
    def hint(self) -> str:
        """One sentence: what the user does next."""
        return _HINTS[self.source.kind]

    def __str__(self) -> str:
        return f"{self.field}: {self.problem} (set by {self.source})"
