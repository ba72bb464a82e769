"""`jobtracker plugins practice NAME`: a plugin's practice site, open for you to play with."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from jobtracker_core.cli.progress import stop_on_signals
from jobtracker_core.plugins.practice import practice_sites
from jobtracker_core.testing.practice import COMMON_FAULTS, PracticeSite

PER_MINUTE = 60_000
"""A practice site's own rate. It runs on this machine; the real sites' rates stay as they are."""


@click.command()
@click.argument("name")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0 takes any free one.")
@click.option("--postings", type=click.IntRange(0, 100_000), default=90, show_default=True)
@click.option(
    "--fail", "faults", multiple=True, metavar="FAULT", help="Show a fault; again for more."
)
@click.option("--path", default="*", show_default=True, help="Show it on these paths only.")
def practice(name: str, port: int, postings: int, faults: tuple[str, ...], path: str) -> None:
    """Open the practice site of collector NAME until Ctrl-C."""
    sites = practice_sites()
    if name not in sites:
        there = ", ".join(sites) or "none"
        raise click.BadParameter(
            f"no plugin brings a practice site {name!r}; there are: {there}", param_hint="NAME"
        )
    site: PracticeSite = sites[name](postings=postings, port=port)
    unknown = [fault for fault in faults if fault not in site.faults | COMMON_FAULTS.keys()]
    if unknown:
        known = ", ".join(sorted(site.faults | COMMON_FAULTS.keys()))
        raise click.BadParameter(
            f"no fault {unknown[0]!r}; there are: {known}", param_hint="--fail"
        )
    for fault in faults:
        site.fail(fault, path=path)
    with stop_on_signals() as stop, site:
        click.echo(
            f"{name}: practice site at {site.base_url}, until Ctrl-C. In another terminal:\n"
        )
        for line in (*way_to_program(), *directions(name, site)):
            click.echo(f"  {line}")
        stop.wait()


def way_to_program() -> Iterator[str]:
    """Yield the shell command that lets a terminal find this program, where it does not."""
    if shutil.which("jobtracker") is None:
        yield f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"


def directions(name: str, site: PracticeSite) -> Iterator[str]:
    """Yield shell commands that point a collector at its practice site."""
    yield f"export JOBTRACKER_{name.upper()}_BASE_URL={site.base_url}"
    yield f"export JOBTRACKER_{name.upper()}_PER_MINUTE={PER_MINUTE}"
