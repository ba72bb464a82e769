"""The document that describes the API (OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Server

from jobtracker_core.api.exports import MEDIA_TYPES
from jobtracker_core.api.operations import SCHEME
from jobtracker_core.contract.access import Scope

API_VERSION = "1"


def describe(routes: Sequence[Router]) -> dict[str, Any]:
    """Return the document of these routes as JSON can hold it."""
    # From an app of its own: Litestar's routes for the document bring viewers and an HTML page.
    described = Litestar(
        routes,
        dependencies={"installation": Provide(_nothing, sync_to_thread=False)},
        openapi_config=OpenAPIConfig(
            title="JobTracker",
            version=API_VERSION,
            description="Job postings from many sites as one history, and what a person makes of "
            "them. Errors are problem details (RFC 9457). Times are UTC.",
            # Seen from the document's own address, so that it holds under every prefix.
            servers=[Server(url="../..")],
            components=Components(
                security_schemes={
                    SCHEME: SecurityScheme(
                        type="http",
                        scheme="bearer",
                        bearer_format="jt_…",
                        description="A token, as `jobtracker tokens create` makes it. Scopes: "
                        + "; ".join(f"`{scope}`: {scope.meaning}" for scope in Scope)
                        + ".",
                    )
                }
            ),
            path="/unused",
        ),
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    document = described.openapi_schema.to_schema()
    _close_bodies(document)
    _name_files(document)
    return document


def _nothing() -> None:
    return None


def _name_files(document: dict[str, Any]) -> None:
    """Say of all that is exported as what it comes; Litestar knows one media type an answer."""
    for path, item in document["paths"].items():
        if path.endswith("/export"):
            content = item["get"]["responses"]["200"]["content"]
            texts = content[MEDIA_TYPES["csv"]]
            content[MEDIA_TYPES["jsonl"]] = texts
            content[MEDIA_TYPES["json"]] = {"schema": {"type": "array", "items": {}}}


def _close_bodies(document: dict[str, Any]) -> None:
    """Say of all that is sent that it takes no other fields; Litestar leaves that out."""
    schemas = document["components"]["schemas"]
    waiting = [
        name
        for path in document["paths"].values()
        for operation in path.values()
        for name in _names(operation.get("requestBody"))
    ]
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        schema = schemas[name]
        if "properties" in schema:
            schema["additionalProperties"] = False
        waiting += _names(schema)


def _names(part: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of the document refers to."""
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for value in part.values():
            yield from _names(value)
    elif isinstance(part, list):
        for value in part:
            yield from _names(value)
