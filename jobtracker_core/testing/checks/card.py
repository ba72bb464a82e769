"""What a collector's class says of itself, and what happens before its first request."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import msgspec

from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.http.exchange import Answer, Request
from jobtracker_core.plugins import forms
from jobtracker_core.plugins.check import examine
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.session import Session, Task
from jobtracker_core.testing.host import KitHost
from jobtracker_core.testing.registry import Check
from jobtracker_core.testing.spies import side_doors
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.traces import Traces
from jobtracker_core.testing.verdict import CheckFailed, require

HEAVY = frozenset(
    (
        *("aiohttp", "bs4", "curl_cffi", "httpx", "jobspy", "litestar", "lxml", "numpy", "pandas"),
        *("playwright", "requests", "scrapy", "selenium", "sqlalchemy", "tls_client"),
    )
)
"""Packages that cost every start of `jobtracker` if a plugin imports them while it is found."""


def contract(subject: Subject) -> None:
    """The class and its card are what the contract asks for."""
    problems = examine(subject.collector)
    require(
        not problems,
        "; ".join(f"{problem.stage}: {problem.message}" for problem in problems),
        "; ".join(dict.fromkeys(problem.hint for problem in problems)),
    )


def found(subject: Subject) -> None:
    """Installed, it is found under its name, and so is its practice site."""
    name = subject.info.name
    source = subject.registry.sources.get(name)
    if source is None:
        told = [
            problem.message
            for plugin in subject.registry.plugins
            for problem in plugin.problems
            if f"{name!r}" in problem.message or plugin.name == name
        ]
        raise CheckFailed(
            f"no installed plugin brings a collector {name!r}" + "".join(f"; {t}" for t in told),
            "install the plugin (pip install -e .), and return the class from "
            "jobtracker_collectors() of a module named by an entry point of group `jobtracker`",
        )
    require(
        source.cls is subject.collector,
        f"the name {name!r} leads to {source.cls.__qualname__} of {source.distribution}",
        "give each collector a name of its own in info.name",
    )
    if subject.site is None:
        return
    there = subject.sites.get(name)
    require(
        there is subject.site,
        f"the practice site is not to be found under {name!r} ({there!r} is)",
        'name it in pyproject.toml: [project.entry-points."jobtracker.practice"] '
        f'{name} = "module:Class"',
    )


def form(subject: Subject) -> None:
    """Query and settings can be shown as a form, and their defaults may be filled in."""
    info = subject.info
    for label, struct in (("query", info.query), ("settings", info.settings)):
        for field in forms.fields(struct):
            require(
                field.description.strip(),
                f"{label} field {field.name!r} has no description",
                "write Annotated[…, Meta(description=…)]: it is the form's label",
            )
            require(
                not field.required,
                f"{label} field {field.name!r} must be given",
                "give it a default: an empty form is a valid one",
            )
        defaults = struct()
        _fits(label, "default", struct, msgspec.to_builtins(defaults))
    _fits("canary", "value", info.query, msgspec.to_builtins(info.canary))
    words = forms.as_words(info.canary)
    require(
        forms.fill(info.query, words) == info.canary,
        f"the canary is another query after a form was filled in with it ({words})",
        "let a struct's fields hold what a form gives back",
    )


def _fits(label: str, what: str, struct: type[Any], values: Any) -> None:
    try:
        msgspec.convert(values, struct)
    except msgspec.ValidationError as error:
        raise CheckFailed(
            f"a {what} of the {label} is not allowed by its own type: {error}",
            "change the value, or what its Meta allows",
        ) from error


class _NoNetwork:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def send(self, request: Request, *, timeout: float) -> Answer:  # noqa: ARG002
        self.asked.append(request.url)
        raise RuntimeError("no request is due yet")

    def close(self) -> None:
        """Nothing is open."""


def lazy(subject: Subject) -> None:
    """Making it and calling `collect()` do nothing before the first page is asked for."""
    transport, clock = _NoNetwork(), JumpClock(datetime.now(UTC))
    host = KitHost(clock)
    settings: CollectorSettings = subject.info.settings()
    task = Task(collector=subject.collector, settings=settings, query=subject.info.canary)
    session = Session(task, host, transport=transport, clock=clock, recorder=None)
    before = Traces.now()
    step = "do nothing in __init__, and let collect() be a generator: its body runs when asked"
    with side_doors() as seen:
        try:
            stream = session.collector.collect(task.query, session.ctx)
        except Exception as error:
            raise CheckFailed(
                f"{type(error).__name__} before the first page was asked for: {error}"
                + (f" (it asked for {transport.asked[0]})" if transport.asked else ""),
                step,
            ) from error
        if not isinstance(stream, Generator):
            raise CheckFailed("collect() gave no generator", step)
        stream.close()
    done = [*transport.asked, *seen, *(event for _, event, _ in host.events), *before.open_ends()]
    require(not done and not clock.monotonic(), f"before the first page it did: {done}", step)


_IMPORT = """
import importlib, sys
import jobtracker_core.plugins.discovery
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def light(subject: Subject) -> None:
    """Finding it imports nothing heavy."""
    module = subject.collector.__module__
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", _IMPORT, module],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    require(
        done.returncode == 0,
        f"{module} cannot be imported by itself: {done.stderr.strip()[-500:]}",
        "let the module import what it needs",
    )
    heavy = HEAVY & set(done.stdout.split())
    require(
        not heavy,
        f"importing {module} imports {', '.join(sorted(heavy))}",
        "import it inside the method that uses it, and name what you import from jobtracker_core: "
        "every start of jobtracker loads all plugins",
    )


CHECKS = (
    Check(
        name="contract",
        proves="class, card, number, types and methods are what contract 1 asks for",
        needs="nothing",
        run=contract,
    ),
    Check(
        name="found",
        proves="an installed plugin brings it under its own name, and its practice site too",
        needs="nothing",
        run=found,
    ),
    Check(
        name="form",
        proves="query and settings show as forms, with labels and with valid defaults",
        needs="nothing",
        run=form,
    ),
    Check(
        name="lazy",
        proves="making it and calling collect() do nothing before the first page is asked for",
        needs="nothing",
        run=lazy,
    ),
    Check(
        name="light",
        proves="finding it imports nothing heavy",
        needs="nothing",
        run=light,
    ),
)
