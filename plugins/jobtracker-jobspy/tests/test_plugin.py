from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from jobspy import SCRAPER_MAPPING
from jobspy.model import ScraperInput, Site

import jobtracker_jobspy
from jobtracker_core import ConfigError, JobTracker, Settings
from jobtracker_core.plugins import discovery
from jobtracker_core.plugins.check import examine
from jobtracker_jobspy import library
from jobtracker_jobspy.practice import BDJobsSite, HelloWorkSite
from jobtracker_jobspy.sites import COLLECTORS, Google

NAMES = ["glassdoor", "ziprecruiter", "naukri", "bayt", "bdjobs", "hellowork", "google"]


def test_the_hook_returns_a_collector_for_each_site() -> None:
    found = list(jobtracker_jobspy.jobtracker_collectors())
    assert [cls.info.name for cls in found] == NAMES
    assert jobtracker_jobspy.Google is Google


def test_entry_points_lead_here() -> None:
    (plugin,) = entry_points(group="jobtracker", name="jobspy")
    assert plugin.load() is jobtracker_jobspy
    for name, site in (("bdjobs", BDJobsSite), ("hellowork", HelloWorkSite)):
        (practice,) = entry_points(group="jobtracker.practice", name=name)
        assert practice.load() is site


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Monster'"):
        jobtracker_jobspy.Monster  # noqa: B018


@pytest.mark.parametrize("collector", COLLECTORS, ids=NAMES)
def test_the_contract_is_kept(collector: Any) -> None:
    assert examine(collector) == []
    info = collector.info
    assert "own_http" in info.features
    assert ("resume" in info.features) == collector.board.resumes
    assert info.limits.max_running == 1
    assert "read them yourself" in info.policy.summary
    assert info.canary.limit == 10


@pytest.mark.parametrize("collector", COLLECTORS, ids=NAMES)
def test_python_jobspy_exports_the_scraper(collector: Any) -> None:
    scraper = library.scraper(collector.board.scraper)
    assert type(scraper) in SCRAPER_MAPPING.values()
    for name in collector.board.addresses:
        assert getattr(scraper, name).startswith("https://")


def test_asking_whether_they_can_be_used_imports_nothing_heavy() -> None:
    code = (
        "import sys, jobtracker_jobspy as j; "
        "print(*(bool(c.unavailable()) for c in j.jobtracker_collectors())); "
        "print(*{n.split('.')[0] for n in sys.modules} "
        "& {'jobspy', 'pandas', 'pydantic', 'requests', 'curl_cffi', 'bs4', 'sqlalchemy'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 6 + ["True"]


def test_google_is_left_out_as_long_as_python_jobspy_leaves_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Site.GOOGLE not in ScraperInput.model_validate({}).site_name
    assert "Google is out of order" in (Google.unavailable() or "")
    (tmp_path / "jobspy").mkdir()
    (tmp_path / "jobspy/__init__.py").touch()
    (tmp_path / "jobspy/model.py").write_text("sites = list(Site)\n")
    spec = importlib.util.spec_from_file_location("jobspy", tmp_path / "jobspy/__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert Google.unavailable() is None


def test_without_python_jobspy_all_are_listed_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "jobspy" else real(name, *a)
    )
    registry = discovery.load()
    plugin = next(plugin for plugin in registry.plugins if plugin.name == "jobspy")
    assert plugin.status == "ok"
    assert set(plugin.unavailable) == set(NAMES)
    assert set(plugin.unavailable.values()) == {
        "python-jobspy is not installed: pip install 'python-jobspy>=1.4.1,<1.5'"
    }
    assert registry.sources["hiringcafe"].unavailable is None
    with JobTracker(Settings(data_dir=tmp_path)) as tracker:
        tracker.collectors.set_enabled("hiringcafe", True)
        with pytest.raises(discovery.Unavailable, match="'bayt' cannot be used here: python-job"):
            tracker.collect("bayt", {})


@pytest.mark.parametrize("installed", ["1.1.82", "1.4.0", "1.5.0", "2.0", "odd"])
def test_another_release_is_not_used(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: installed)
    assert library.missing() == (
        f"python-jobspy {installed} is installed: pip install 'python-jobspy>=1.4.1,<1.5'"
    )


@pytest.mark.parametrize("installed", ["1.4.1", "1.4.1.post1", "1.4.12"])
def test_a_fitting_release_is_used(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: installed)
    assert library.missing() is None


def test_a_package_of_that_name_alone_is_not_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert "it is not python-jobspy" in (library.missing() or "")


def test_a_class_that_python_jobspy_lacks_is_an_error_of_the_installation() -> None:
    with pytest.raises(ConfigError, match=r"has no attribute 'Monster'\); install python-jobspy"):
        library.scraper("Monster")
