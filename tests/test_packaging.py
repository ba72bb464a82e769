"""The distributions, built as wheels and installed into an environment that holds nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jobtracker_core.plugins.practice import practice_sites
from jobtracker_hiringcafe.practice import HiringCafeSite

ROOT = Path(__file__).parent.parent
PROJECTS = [ROOT, *sorted(ROOT.glob("plugins/jobtracker-*"))]


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All our wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    for project in PROJECTS:
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
            check=True,
            cwd=project,
            capture_output=True,
        )
    return sorted(folder.glob("*.whl"))


def test_every_project_gives_one_wheel(wheels: list[Path]) -> None:
    plugins = [project.name.replace("-", "_") for project in PROJECTS[1:]]
    assert [wheel.name.split("-")[0] for wheel in wheels] == ["jobtracker_core", *plugins]


def test_wheels_hold_the_package_and_nothing_else(wheels: list[Path]) -> None:
    for wheel in wheels:
        names = zipfile.ZipFile(wheel).namelist()
        package = wheel.name.split("-")[0]
        tops = {name.split("/")[0] for name in names}
        assert tops == {package, next(top for top in tops if top.endswith(".dist-info"))}
        assert f"{package}/py.typed" in names
        code = [name for name in names if "/plugins/template/" not in name]
        assert not any("/test_" in name or name.endswith((".db", ".pyc")) for name in code)


def test_the_core_brings_its_migrations(wheels: list[Path]) -> None:
    names = zipfile.ZipFile(wheels[0]).namelist()
    assert "jobtracker_core/storage/migrations/env.py" in names
    assert any("/migrations/versions/0001_" in name for name in names)


def test_the_core_brings_its_pages_and_their_files(wheels: list[Path]) -> None:
    names = set(zipfile.ZipFile(wheels[0]).namelist())
    web = ROOT / "jobtracker_core" / "web"
    files = [path for folder in ("templates", "static") for path in (web / folder).rglob("*")]
    wanted = {str(path.relative_to(ROOT)) for path in files if path.is_file()}
    assert len(wanted) > 15
    assert wanted <= names


@pytest.fixture(scope="session")
def clean(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `jobtracker` in an environment with our wheels and what they ask for."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    install += ["--disable-pip-version-check", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*install, *wheels], check=True, cwd=folder)
    return folder / "bin"


@pytest.fixture
def run(clean: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program of that environment, away from this tree."""

    def call(program: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [clean / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "JOBTRACKER_CONFIG": "",
                "JOBTRACKER_DATA_DIR": str(tmp_path / "data"),
                **env,
            },
        )

    return call


@pytest.mark.full
@pytest.mark.timeout(300)  # the environment is made within the first of these tests
def test_installed_wheels_work(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    plugins = run("jobtracker", "plugins", "list", "--json")
    names = [project.name.removeprefix("jobtracker-") for project in PROJECTS[1:]]
    found = [(plugin["name"], plugin["status"]) for plugin in json.loads(plugins.stdout)]
    assert found == [(name, "ok") for name in names]
    where = run("python", "-c", "import jobtracker_core; print(jobtracker_core.__file__)")
    assert "site-packages" in where.stdout
    assert run("python", "-m", "pip", "check").returncode == 0


@pytest.mark.full
@pytest.mark.timeout(300)
def test_the_demo_works_from_installed_wheels(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    demo = run("jobtracker", "demo", "--once")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "WRONG" not in demo.stdout
    assert demo.stdout.count("  ok: ") == 5 * len(practice_sites())


@pytest.mark.full
@pytest.mark.timeout(300)
def test_the_documented_script_works_from_installed_wheels(
    run: Callable[..., subprocess.CompletedProcess[str]], documented: Callable[[str], Path]
) -> None:
    with HiringCafeSite(postings=200) as site:
        done = run(
            "python",
            str(documented("how-to/use-from-a-script.md")),
            JOBTRACKER_HIRINGCAFE_BASE_URL=site.base_url,
            JOBTRACKER_HIRINGCAFE_PER_MINUTE="60000",
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "succeeded - 20 new"
    assert done.stdout.splitlines()[-1] == "20 jobs stored"


@pytest.mark.full
@pytest.mark.timeout(300)
def test_the_documented_app_works_from_installed_wheels(
    run: Callable[..., subprocess.CompletedProcess[str]],
    documented: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    module = documented("how-to/mount-in-your-app.md")
    caller = tmp_path / "caller.py"
    caller.write_text(
        f"from {module.stem} import app\n"
        "from litestar.testing import TestClient\n"
        "with TestClient(app, base_url='http://127.0.0.1') as client:\n"
        "    links = client.get('/').json()\n"
        "    print(client.get(links['api']).json()['title'])\n"
        "    page = client.get(links['jobs'], headers={'accept': 'text/html'})\n"
        "    print(page.status_code, page.headers['content-type'])\n"
    )
    done = run("python", str(caller))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Unauthorized", "200 text/html; charset=utf-8"]
