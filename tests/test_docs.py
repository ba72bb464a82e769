"""What the documentation must not forget."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from jobtracker_core import CollectorSettings, Settings
from jobtracker_core.contract import errors
from jobtracker_core.contract.hooks import Hooks
from jobtracker_core.settings.table import CONFIG_VARIABLE, SETTINGS

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", [name for name in vars(Hooks) if name.startswith("jobtracker_")])
def test_every_hook_is_documented_with_its_arguments(hook: str) -> None:
    function = getattr(Hooks, hook)
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    assert f"`{hook}({', '.join(names)})`" in read("docs/reference/contract.md")


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type)
        and issubclass(value, errors.CollectError)
        and value is not errors.CollectError
    ],
)
def test_every_error_is_documented(name: str) -> None:
    assert f"| `{name}" in read("docs/reference/contract.md")


def test_every_collector_setting_is_documented() -> None:
    reference = read("docs/reference/settings.md")
    for name in CollectorSettings.__struct_fields__:
        assert f"| `{name}` |" in reference


def test_every_setting_is_documented_with_its_variables() -> None:
    rows = [line for line in read("docs/reference/settings.md").splitlines() if line[:1] == "|"]
    assert set(SETTINGS) <= set(Settings.__struct_fields__)
    for setting in SETTINGS.values():
        (row,) = [line for line in rows if line.startswith(f"| `{setting.name}` |")]
        for variable in setting.variables:
            assert f"`{variable}`" in row
    assert f"`{CONFIG_VARIABLE}`" in read("docs/reference/settings.md")


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    declared = list(project["project"]["dependencies"])
    for group in project["dependency-groups"].values():
        declared += [entry for entry in group if isinstance(entry, str)]
    reasons = read("docs/explanation/dependencies.md")
    for requirement in declared:
        name = re.split(r"[<>=\[ ]", requirement)[0]
        assert re.search(rf"(\| |, ){re.escape(name)}(,| \|)", reasons), name
        assert "<" in requirement, f"{requirement}: no upper bound"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def test_the_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) < 150


def test_no_file_names_a_package_registry() -> None:
    registries = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.org"]))
    for path in [*PAGES, ROOT / "constraints.txt", ROOT / "pyproject.toml", ROOT / "Makefile"]:
        assert not registries.search(path.read_text(encoding="utf-8")), path
