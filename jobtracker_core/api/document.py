"""The document that describes the API (OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Server, Tag

from jobtracker_core.api import examples
from jobtracker_core.api.operations import SCHEME
from jobtracker_core.api.schemas import describe_schemas, names_in, never_null
from jobtracker_core.contract.access import Scope
from jobtracker_core.export import MEDIA_TYPES

API_VERSION = "1"

_TAGS = {
    "jobs": "Postings that were collected or entered, and what a person put on them.",
    "applications": "What a person applies to, from draft to an end.",
    "events": "Interviews, deadlines and notes, and each move of an application.",
    "contacts": "People at companies.",
    "calendar": "Events and next actions in time, and secret addresses for calendar programs.",
    "companies": "Employers.",
    "tags": "Words on jobs and applications.",
    "views": "Lists with their filters, under a name.",
    "stats": "Numbers for a front page.",
    "exports": "Whole lists as files.",
    "searches": "Queries that are kept, with their times and limits.",
    "runs": "The queue and the history of runs.",
    "collectors": "Which sites are collected, and how.",
    "sites": "How many runs a site bears at once.",
    "ingest": "Pages that were read elsewhere.",
    "proxies": "Ways out that runs can take.",
    "machinery": "What is installed, and what is at work.",
    "config": "How this installation is set up, to keep and to carry elsewhere.",
    "database": "How much room everything takes, and what is to be forgotten.",
    "tokens": "What programs may do.",
    "audit": "Who changed what.",
    "health": "For whoever watches over the process.",
}
_HEADERS = {
    "WWW-Authenticate": {"description": "`Bearer`: send a token.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
_OF_STATUS = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}


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
            tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
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
    describe_schemas(document, described)
    _close_bodies(document)
    _name_files(document)
    _add_examples(document)
    _share_errors(document)
    _order_headers(document)
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
        for operation in _operations(document)
        for name in names_in(operation.get("requestBody"))
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
        waiting += names_in(schema)


def _add_examples(document: dict[str, Any]) -> None:
    for operation in _operations(document):
        name = operation["operationId"]
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = never_null(parameter["schema"])
            parameter["example"] = examples.of_parameter(name, parameter["name"])
        if any(one["name"] == "If-None-Match" for one in operation.get("parameters", ())):
            operation["responses"]["304"] = {"description": "It is the version that is known."}
        if "requestBody" in operation:
            [content] = operation["requestBody"]["content"].values()
            content["example"] = examples.BODIES[name]
            described, *null = content["schema"].get("oneOf", [content["schema"]])
            if null:
                # None stands for no body at all.
                content["schema"] = described
                operation["requestBody"]["required"] = False


def _share_errors(document: dict[str, Any]) -> None:
    """Describe each kind of error once, with its headers and an example, and refer to it."""
    shared: dict[str, Any] = document["components"].setdefault("responses", {})
    for operation in _operations(document):
        for status, answer in operation["responses"].items():
            if status not in examples.PROBLEMS:
                continue
            name = answer["description"].replace(" ", "")
            if name not in shared:
                content = {
                    media_type: {
                        **described,
                        "example": {**examples.PROBLEMS[status], "status": int(status)},
                    }
                    for media_type, described in answer["content"].items()
                }
                headers = {header: _HEADERS[header] for header in _OF_STATUS.get(status, ())}
                shared[name] = {**answer, "content": content, "headers": headers}
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _order_headers(document: dict[str, Any]) -> None:
    """Put the headers of each answer in order; Litestar keeps them in a set."""
    for operation in _operations(document):
        for answer in operation["responses"].values():
            if "headers" in answer:
                answer["headers"] = dict(sorted(answer["headers"].items()))


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from item.values()
