"""What stands in a page's address behind the question mark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.datastructures import MultiDict
from litestar.exceptions import ClientException

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.tracker import entries

_LONGEST_SHOWN = 40

Words = Mapping[str, tuple[str, Any]]
"""Parameters: the argument that each is for, and its type."""


def read(query: MultiDict[str], words: Words) -> dict[str, Any]:
    """Return the arguments that an address gives; empty values are as good as missing ones.

    Raises ClientException for a parameter that there is not, that comes twice, or that is wrong: a
    filter that is not understood must not show everything.
    """
    found: dict[str, Any] = {}
    for name in dict.fromkeys(query):
        if name not in words:
            known = ", ".join(words) or "none here"
            raise ClientException(
                f"There is no parameter {name[:_LONGEST_SHOWN]!r}. There are: {known}."
            )
        values = query.getall(name)
        if len(values) > 1:
            raise ClientException(f"{name} is given more than once.")
        argument, hint = words[name]
        if not values[0].strip():
            continue
        try:
            found[argument] = entries.check_value(name, values[0], hint)
        except FormError as error:
            raise ClientException(f"{name} {error.problems[name]}.") from error
    return found
