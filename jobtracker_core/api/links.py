"""The `Link` header by which a list leads on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

from litestar import Response
from litestar.datastructures import ResponseHeader

T = TypeVar("T")

NEXT = ResponseHeader(
    name="Link",
    description='What comes next, as `<?…>; rel="next"`; absent at the end.',
    documentation_only=True,
)


def leading_on(items: T, words: Mapping[str, object] | None) -> Response[T]:
    """Answer with a part of a list; `words` are the parameters that lead on, None at the end."""
    if words is None:
        return Response(items)
    # Relative to the list's own address: right under every prefix, host and proxy.
    given = {name: value for name, value in words.items() if value is not None}
    return Response(items, headers={"Link": f'<?{urlencode(given)}>; rel="next"'})
