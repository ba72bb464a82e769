"""The kit, pointed at a class of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pluggy
import pytest

from jobtracker_core.plugins.discovery import Registry, Source
from jobtracker_core.testing.checks import CHECKS
from jobtracker_core.testing.registry import make
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.verdict import Verdict
from tests.testing.board import BoardSite


def installed(*classes: Any) -> Registry:
    """A registry as if the classes were installed."""
    sources = {
        cls.info.name: Source(cls=cls, plugin="board", distribution="board", version="1")
        for cls in classes
    }
    return Registry(plugins=(), sources=sources, hooks=pluggy.PluginManager("jobtracker"))


@pytest.fixture
def verdict() -> Iterator[Callable[..., Verdict]]:
    """Make one check of a collector."""
    with ExitStack() as stack:

        def verdict(name: str, collector: Any, **options: Any) -> Verdict:
            options = {"site": BoardSite, "registry": installed(collector), **options}
            subject = stack.enter_context(Subject(collector, **options))
            (check,) = [check for check in CHECKS if check.name == name]
            return make(check, subject)

        yield verdict
