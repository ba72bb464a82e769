"""Versions of what is shown and changed: `ETag`, `If-None-Match`, `If-Match` (RFC 9110)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated, TypeVar

from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter

from jobtracker_core.api.problems import wrong

T = TypeVar("T")

_TAG = re.compile(r'(?:W/)?"v([0-9]{1,18})(?:-[0-9a-f]{16})?"')
_LONGEST = 200

IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description="The `ETag` of what was read: if it has been changed since, the answer is 412 "
        "and nothing is changed. Without it, whoever comes last wins.",
        schema_extra={"pattern": rf"^(\*|{_TAG.pattern})$", "min_length": 1},
    ),
]
IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match",
        description="The `ETag` that is known: if it is still the same, the answer is 304.",
        max_length=_LONGEST,
    ),
]

ETAG = ResponseHeader(
    name="ETag",
    description="The version of what is shown, for `If-Match` and `If-None-Match`.",
    documentation_only=True,
)


def tagged(
    thing: T, version: int, known: str | None = None, *, digest: str | None = None
) -> Response[T]:
    """Answer with a thing and its version; with 304 alone if that version is among the `known`.

    `digest` tells apart answers of one version that show more than the version counts; whoever
    changes the thing is held to the version alone.
    """
    tag = f'"v{version}"' if digest is None else f'"v{version}-{digest}"'
    if known is not None and any(
        part.strip().removeprefix("W/") in {tag, "*"} for part in known.split(",")
    ):
        unchanged: Response[T] = Response(
            None,  # type: ignore[arg-type]  # 304 has no body
            status_code=HTTPStatus.NOT_MODIFIED,
            headers={"ETag": tag},
        )
        return unchanged
    return Response(thing, headers={"ETag": tag})


def expected_version(if_match: str | None) -> int | None:
    """Return the version that must not have changed; None if any will do.

    Raises:
        ValidationException: The header is none that this server gave.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise wrong("If-Match", 'give the ETag of an answer, such as "v3", or leave it out')
    return int(found[1])
