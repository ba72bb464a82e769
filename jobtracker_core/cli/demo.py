"""`jobtracker demo`: the real collectors, on practice sites that stand in for the real ones."""

from __future__ import annotations

import contextlib
import secrets
import socket
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import click

from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.jobs import print_jobs
from jobtracker_core.cli.practice import PER_MINUTE, directions, way_to_program
from jobtracker_core.cli.progress import stop_on_signals, watch
from jobtracker_core.cli.results import print_result
from jobtracker_core.cli.runs import changed_fields
from jobtracker_core.cli.setup import open_log
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.run import RunState
from jobtracker_core.plugins import discovery
from jobtracker_core.plugins.practice import practice_sites
from jobtracker_core.runner.ending import Collected
from jobtracker_core.settings import Settings
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_core.tracker import JobTracker

_CHANGED = 10

_USER = "demo"
_PORT = 8080
"""Where the portal opens, unless that is taken."""


@click.command()
@click.option("--once", is_flag=True, help="End after the tour instead of leaving it all open.")
@click.option(
    "--postings", type=click.IntRange(_CHANGED, 10_000), default=330, show_default=True, metavar="N"
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to put the demo's database. [default: a new temporary directory]",
)
def demo(once: bool, postings: int, directory: Path | None) -> int:  # noqa: FBT001
    """See it work, on practice sites of this machine: no real site is asked for anything.

    From each of them it collects everything, collects again (nothing is new, no details are asked
    twice), changes ten postings and collects a third time. Then they and the portal stay open.
    """
    if directory is not None and (directory / "jobtracker.db").exists():
        raise click.BadParameter(f"{directory} holds a database already", param_hint="--dir")
    directory = directory or Path(tempfile.mkdtemp(prefix="jobtracker-demo-"))
    sites = practice_sites()
    if not sites:
        click.echo("No plugin with a practice site is installed.", err=True)
        click.echo("Next: pip install jobtracker-hiringcafe", err=True)
        return FAILED
    found = discovery.load().sources
    wrong = []
    with contextlib.ExitStack() as stack:
        opened = {
            name: stack.enter_context(site_class(postings=postings))
            for name, site_class in sites.items()
            if _can_be_used(name, found.get(name))
        }
        with stop_on_signals() as stop:
            for name, site in opened.items():
                if not _Tour(name, site, directory, stop).walk():
                    wrong.append(name)
        click.echo(f"{len(opened) - len(wrong)} of {len(opened)} sites came out as they must")
        if not once and not stop.is_set():
            _leave_open(opened, directory)
    return FAILED if wrong else 0


def _can_be_used(name: str, source: discovery.Source | None) -> bool:
    if source is not None and source.unavailable is None:
        return True
    why = "its collector is not installed" if source is None else source.unavailable
    click.echo(f"{name} is left out: {why}\n")
    return False


class _Tour:
    def __init__(
        self, name: str, site: PracticeSite, directory: Path, stop: threading.Event
    ) -> None:
        self.name = name
        self.site = site
        self.stop = stop
        self.settings = _settings(directory, {name: site})

    def walk(self) -> bool:
        """Collect three times; return whether everything came out as it must."""
        click.echo(f"{self.name}: practice site at {self.site.base_url}, seed {self.site.seed}")
        with JobTracker(self.settings) as tracker:
            tracker.collectors.set_enabled(self.name, True)
            first = self._collect(tracker, "1. Everything is new")
            details = self.site.details_asked()
            second = self._collect(tracker, "2. Again, nothing has happened")
            again = self.site.details_asked() - details
            changed = self.site.change(_CHANGED)
            third = self._collect(tracker, f"3. The site changed {len(changed)} postings")
            changes = changed_fields(tracker.jobs.changes(run_id=third.run.id))
            for job_id, fields in changes.items():
                click.echo(f"     job {job_id}: {', '.join(fields)}")
            click.echo("\nStored:")
            print_jobs(tracker.jobs.search(source=self.name, limit=10).items)
            total = tracker.jobs.count(source=self.name)
        click.echo(f"… {total} jobs in {self.settings.database}")
        twice = [path for path, n in details.items() if n > 1]
        expected = {
            "the first run finds everything": first.run.counts.new == total > 0,
            "the second run finds nothing new and nothing changed": second.run.counts.unchanged
            == total,
            "no details are asked for twice": not again and not twice,
            f"the third run finds the {len(changed)} changes": third.run.counts.changed
            == len(changed),
            "all runs succeed": all(
                c.run.state is RunState.SUCCEEDED for c in (first, second, third)
            ),
        }
        for what, true in expected.items():
            click.echo(f"  {'ok' if true else 'WRONG'}: {what}")
        click.echo()
        return all(expected.values())

    def _collect(self, tracker: JobTracker, title: str) -> Collected:
        click.echo(f"\n{title}")
        with watch(self.name, open_log()) as sinks:
            collected = tracker.collect(
                self.name, {}, stop=self.stop, on_progress=sinks.progress, on_log=sinks.log
            )
        print_result(collected)
        return collected


def _settings(directory: Path, sites: Mapping[str, PracticeSite]) -> Settings:
    return Settings(
        data_dir=directory,
        plugins=None,
        collectors={
            name: {"base_url": site.base_url, "per_minute": PER_MINUTE}
            for name, site in sites.items()
        },
    )


def _leave_open(sites: Mapping[str, PracticeSite], directory: Path) -> None:
    from jobtracker_core.cli.serve import serve_until_stopped, url_of

    click.echo("\nThe practice sites stay open until Ctrl-C. In another terminal:\n")
    click.echo(f"  export JOBTRACKER_DATABASE_URL=sqlite:///{directory.absolute()}/jobtracker.db")
    for line in way_to_program():
        click.echo(f"  {line}")
    for name, site in sites.items():
        for line in directions(name, site):
            click.echo(f"  {line}")
        click.echo(f"  jobtracker collect {name} --text engineer")
    with JobTracker(_settings(directory, sites)) as tracker, _listen() as listener:
        password = secrets.token_urlsafe(12)
        try:
            tracker.accounts.add(_USER, password)
        except Duplicate:  # of an earlier demo in this directory
            tracker.accounts.set_password(_USER, password)
        token = tracker.tokens.create("demo", [Scope.ADMIN])
        click.echo(f"  export JOBTRACKER_TOKEN={token.text}  # for curl, which the portal shows")
        click.echo(f"\nLog in as {_USER} with the password {password}")
        click.echo(f"JobTracker at {url_of(listener)} (Ctrl-C stops it)")
        serve_until_stopped(tracker, listener)


def _listen() -> socket.socket:
    from jobtracker_core.cli.serve import listen

    try:
        return listen("127.0.0.1", _PORT)
    except OSError:
        return listen("127.0.0.1", 0)  # something else has it, perhaps another demo
