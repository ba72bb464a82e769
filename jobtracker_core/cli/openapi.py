"""`jobtracker openapi`: the document that describes the API."""

from __future__ import annotations

import json

import click

from jobtracker_core.api.app import document_of
from jobtracker_core.cli.output import open_tracker


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the API; the database is not touched."""
    with open_tracker() as tracker:
        click.echo(json.dumps(document_of(tracker), indent=2, ensure_ascii=False))
