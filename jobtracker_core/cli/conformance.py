"""The conformance kit's checks of installed collectors, for `jobtracker plugins check`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable

import click

from jobtracker_core.plugins.discovery import Registry
from jobtracker_core.plugins.practice import practice_sites
from jobtracker_core.testing.verdict import Verdict

Tell = Callable[[Verdict], None]


def check(registry: Registry, names: Iterable[str], *, tell: Tell) -> dict[str, list[Verdict]]:
    """Make all checks of these collectors, each on its practice site; `tell` hears of each at once.

    What a plugin prints meanwhile goes to standard error.
    """
    # The kit brings the HTTP client, which no other command of this family needs.
    from jobtracker_core.testing.checks import CHECKS
    from jobtracker_core.testing.registry import applies, make
    from jobtracker_core.testing.subject import Subject

    try:
        sites = practice_sites()
    except Exception as error:
        raise click.ClickException(
            f"a practice site cannot be loaded: {error}; mend or uninstall its plugin"
        ) from error
    found: dict[str, list[Verdict]] = {}
    for name in names:
        source = registry.sources[name]
        found[name] = []
        with Subject(source.cls, site=sites.get(name), registry=registry) as subject:
            for each in CHECKS:
                if not applies(each, own_http=subject.own_http):
                    continue
                if source.unavailable is not None and each.needs != "nothing":
                    verdict = Verdict(
                        check=each.name,
                        state="not checked",
                        proves=each.proves,
                        reason=f"the collector cannot be used here: {source.unavailable}",
                    )
                else:
                    with contextlib.redirect_stdout(sys.stderr):
                        verdict = make(each, subject)
                found[name].append(verdict)
                tell(verdict)
    return found
