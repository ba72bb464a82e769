"""The whole conformance kit as one test class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.plugins.discovery import Registry
from jobtracker_core.testing.checks import CHECKS
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_core.testing.pytest_plugin import NOT_CHECKED
from jobtracker_core.testing.registry import Check, applies, make, obstacle
from jobtracker_core.testing.subject import Subject


class CollectorContract:
    """Subclass it in a plugin's tests under a name that begins with `Test`; that is the whole file.

    pytest shows one test for each check. What cannot be checked of this collector is in
    `not_checked`, and pytest's summary prints it.

    Attributes:
        collector: The class.
        site: The plugin's practice site.
        replay: Directory of a recorded run (`jobtracker collect … --record`).
        query: Words of the query to ask the practice site; the canary's if there are none.
        settings: Settings beside those that point the collector at the practice site.
        registry: Where it should be found; all installed plugins if it is None.
        not_checked: Name of each check that is not made, and why.
    """

    collector: ClassVar[type[JobCollector[Any, Any]]]
    site: ClassVar[type[PracticeSite] | None] = None
    replay: ClassVar[Path | None] = None
    query: ClassVar[Mapping[str, Any] | None] = None
    settings: ClassVar[Mapping[str, Any]] = {}
    registry: ClassVar[Registry | None] = None
    not_checked: ClassVar[Mapping[str, str]] = {}
    _subject: ClassVar[Subject | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not hasattr(cls, "collector"):
            return
        own_http = "own_http" in getattr(getattr(cls.collector, "info", None), "features", ())
        left_out = {}
        for check in CHECKS:
            if not applies(check, own_http=own_http):
                continue
            why = obstacle(
                check,
                own_http=own_http,
                site=cls.site is not None,
                recording=cls.replay is not None,
            )
            if why is None:
                setattr(cls, f"test_{check.name}", _test_of(check))
            else:
                left_out[check.name] = why
        cls.not_checked = left_out

    @classmethod
    def setup_class(cls) -> None:
        """Make what the checks share."""
        cls._subject = Subject(
            cls.collector,
            query=cls.query,
            settings=cls.settings,
            site=cls.site,
            replay=cls.replay,
            registry=cls.registry,
        )

    @classmethod
    def teardown_class(cls) -> None:
        """Stop the practice site."""
        if cls._subject is not None:
            cls._subject.close()
            cls._subject = None

    def test_not_checked(self, record_property: Callable[[str, object], None]) -> None:
        """Every check is made, or there is a reason why not; the summary prints those."""
        for name, why in self.not_checked.items():
            assert why, name  # noqa: S101  (a test)
            record_property(NOT_CHECKED, [self.collector.info.name, name, why])


def exchanges(directory: str | Path) -> Path:
    """Return the directory of a recorded run; raises FileNotFoundError if it holds none."""
    path = Path(directory)
    if not (path / "manifest.json").is_file():
        raise FileNotFoundError(
            f"{path.absolute()} holds no recording; make one with "
            "`jobtracker collect NAME --record DIR`"
        )
    return path


def _test_of(check: Check) -> Callable[[CollectorContract], None]:
    def test(self: CollectorContract) -> None:
        import pytest  # noqa: PLC0415  (only the extra `testing` brings it)

        subject = self._subject
        assert subject is not None  # noqa: S101  (made by setup_class)
        verdict = make(check, subject)
        if verdict.state != "ok":
            pytest.fail(
                f"{subject.info.name}: {verdict.reason}\n  Next: {verdict.next_step}\n"
                f"  Check {check.name}: {check.proves}",
                pytrace=False,
            )

    test.__name__ = f"test_{check.name}"
    test.__doc__ = check.proves
    return test
