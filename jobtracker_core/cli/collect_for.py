"""`jobtracker collect NAME --server URL`: read a site here, and store it there."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import click

from jobtracker_core.cli.errors import explain
from jobtracker_core.cli.output import clean, print_json, print_json_line
from jobtracker_core.cli.place import chosen_server, open_remote
from jobtracker_core.cli.progress import stop_on_signals, watch
from jobtracker_core.cli.results import print_result
from jobtracker_core.cli.runs import exit_code_of
from jobtracker_core.cli.search_options import read_seconds
from jobtracker_core.cli.setup import open_log, read_settings
from jobtracker_core.client import RemoteError, RemoteTracker
from jobtracker_core.plugins import discovery
from jobtracker_core.runner.ending import Collected
from jobtracker_core.settings import Settings
from jobtracker_core.storage.errors import StorageError


def read_interval(text: str) -> float:
    """Return a duration in seconds; raises BadParameter."""
    seconds = read_seconds(text)
    if not seconds:
        raise click.BadParameter("must be more than nothing", param_hint="--poll-interval")
    return seconds


def collect_for(
    name: str, words: Mapping[str, Any], *, every: float | None = None, as_json: bool = False
) -> int:
    """Run a collector here, and send its pages to the server that was named; once, or for ever.

    Returns the exit code, that of the last run where there were several. Raises RemoteError and
    StorageError of a single run, and whatever no repetition will mend.
    """
    settings = read_settings()
    url = chosen_server() or ""
    with open_remote(url) as remote, stop_on_signals() as stop:
        _tell_rules(settings, name, remote.url)
        code, is_first = 0, True
        while is_first or not stop.is_set():
            begun = time.monotonic()
            try:
                code = _once(remote, settings, name, words, stop, as_json=as_json, many=every)
            except (RemoteError, StorageError) as error:
                if every is None or (is_first and _is_mistake(error)):
                    raise
                code = explain(error)
            is_first = False
            if every is None:
                break
            stop.wait(max(0.0, begun + every - time.monotonic()))
    return code


def _is_mistake(error: RemoteError | StorageError) -> bool:
    return isinstance(error, RemoteError) and error.is_mistake


def _once(
    remote: RemoteTracker,
    settings: Settings,
    name: str,
    words: Mapping[str, Any],
    stop: threading.Event,
    *,
    as_json: bool,
    many: float | None,
) -> int:
    with (
        watch(name, open_log()) as sinks,
        # What a plugin prints must not spoil what we print.
        contextlib.redirect_stdout(sys.stderr),
    ):
        collected: Collected = remote.collect(
            name,
            words,
            settings=settings,
            stop=stop,
            on_progress=sinks.progress,
            on_log=sinks.log,
        )
    if as_json and many is not None:
        print_json_line(collected)
    elif as_json:
        print_json(collected)
    else:
        print_result(collected)
    sys.stdout.flush()
    return exit_code_of(collected.run)


def _tell_rules(settings: Settings, name: str, url: str) -> None:
    """Show what the site says of programs: here nobody has turned the collector on."""
    info = discovery.find_usable(discovery.load(settings.plugins), name).info
    click.echo(clean(f"{info.title}, for {url}. {info.policy.summary}"), err=True)
