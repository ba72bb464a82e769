"""A bookmark that opens "Add job" with the page that a browser shows."""

from __future__ import annotations

import json
from typing import Final

_CODE: Final = (
    "(()=>{{const e=encodeURIComponent;window.open({root}+'/jobs/new?url='+e(location.href)+"
    "'&title='+e(document.title.slice(0,300))+"
    "'&text='+e(String(getSelection()).trim().slice(0,1500)))}})()"
)


def bookmarklet(root: str) -> str:
    """Return the address of the bookmark for the portal at `root`, as `Pages.root()` gives it.

    It is code: our own pages may not run it (nor link to it), a browser's bookmarks bar may.
    """
    return "javascript:" + _CODE.format(root=json.dumps(root).replace("%", "%25"))
