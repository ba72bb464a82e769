"""A new plugin, as `jobtracker plugins new` writes it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jobtracker_core.plugins import skeleton

EXAMPLE = Path(__file__).parents[2] / "examples" / "jobtracker-board"
LEFT_BY_TOOLS = {"__pycache__", ".pytest_cache", ".hypothesis"}


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and LEFT_BY_TOOLS.isdisjoint(path.parts)
    }


def test_the_example_is_what_it_writes(tmp_path: Path) -> None:
    skeleton.write("board", tmp_path / "new")
    assert files_of(tmp_path / "new") == files_of(EXAMPLE)


def test_names_go_where_they_belong(tmp_path: Path) -> None:
    written = skeleton.write("tiny_jobs", tmp_path / "new")
    folder = tmp_path / "new" / "src" / "jobtracker_tiny_jobs"
    assert folder / "collector.py" in written
    project = tomllib.loads((tmp_path / "new" / "pyproject.toml").read_text())
    assert (
        project["project"]["name"] == skeleton.distribution("tiny_jobs") == "jobtracker-tiny-jobs"
    )
    assert project["project"]["entry-points"]["jobtracker"] == {"tiny_jobs": "jobtracker_tiny_jobs"}
    tree = ast.parse((folder / "collector.py").read_text())
    assert "TinyJobs" in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    for path in written:
        assert "{{" not in path.read_text()
        assert "board" not in path.read_text().replace("A board on this machine", "").lower()


@pytest.mark.parametrize("name", ["core", "jobspy"])
def test_names_of_our_own_packages_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(skeleton.SkeletonError, match="a package of JobTracker's own"):
        skeleton.write(name, tmp_path / "new")


@pytest.mark.parametrize("name", ["", "x", "Board", "1board", "../board", "bo-ard", "a" * 41])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(skeleton.SkeletonError, match="is no collector's name"):
        skeleton.write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(skeleton.SkeletonError, match="there already and not empty"):
        skeleton.write("board", tmp_path)
    with pytest.raises(skeleton.SkeletonError, match="there already and not empty"):
        skeleton.write("board", tmp_path / "mine.txt")
    assert files_of(tmp_path) == {"mine.txt": "mine"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A new plugin's folder, and an environment in which it is installed."""
    folder = tmp_path_factory.mktemp("new")
    skeleton.write("tiny_jobs", folder / "plugin")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    install += ["--no-build-isolation", "--disable-pip-version-check"]
    target = folder / "installed"
    subprocess.run([*install, "--target", str(target), str(folder / "plugin")], check=True)
    names = ("PATH", "HOME", "LANG")
    env = {name: os.environ[name] for name in names if name in os.environ}
    return folder, env | {"PYTHONPATH": str(target), "JOBTRACKER_DATA_DIR": str(folder / "data")}


def test_its_own_tests_pass(installed: tuple[Path, dict[str, str]]) -> None:
    folder, env = installed
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        cwd=folder / "plugin",
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^4\d passed", done.stdout, re.MULTILINE), done.stdout


def test_the_command_line_finds_it_in_order(installed: tuple[Path, dict[str, str]]) -> None:
    folder, env = installed
    done = subprocess.run(
        [sys.executable, "-m", "jobtracker_core", "plugins", "check", "tiny_jobs"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
