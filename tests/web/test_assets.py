"""The built files that are shipped, without Node."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from jobtracker_core.web import assets

WEB = Path(__file__).parent.parent.parent / "web"


def built() -> dict[str, bytes]:
    files = (path for path in assets.STATIC.rglob("*") if path.is_file())
    return {str(path.relative_to(assets.STATIC)): path.read_bytes() for path in files}


def test_the_sums_fit_the_files() -> None:
    files = built()
    del files["SHA256SUMS"]
    lines = (assets.STATIC / "SHA256SUMS").read_text().splitlines()
    assert lines == [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]
    assert {"app.css", "app.js", "htmx.js", "icons.svg", "fonts/inter-latin.woff2"} <= set(files)


def test_every_file_has_a_version_and_a_type() -> None:
    assert assets.address("app.css").startswith("/static/app.css?v=")
    for name, version in assets.versions().items():
        assert hashlib.sha256(assets.content(name)).hexdigest().startswith(version)
        assert len(version) == 10
        assert "/" in assets.media_type(name)


def test_styles_name_fonts_by_the_version_that_pages_preload() -> None:
    fonts = re.findall(r"url\(([^)]+)\)", assets.content("app.css").decode())
    assert sorted(f"/static/{font}" for font in fonts) == sorted(
        assets.address(f"fonts/{name}.woff2") for name in ("inter-latin", "inter-latin-ext")
    )


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name in ("app.css", "app.js"):
        code = re.sub(rb"/\*!.*?\*/", b"", assets.content(name), flags=re.DOTALL)
        assert b"://" not in code, name
    registry = re.compile("npm" + r"js\.org|" + r"registry\.|" + "yarn" + r"pkg|unpkg|jsdelivr")
    for path in [*WEB.glob("*"), *WEB.glob(".*")]:
        if path.is_file():
            assert not registry.search(path.read_text(encoding="utf-8")), path
    for name, content in built().items():
        assert not registry.search(content.decode("latin-1")), name


def test_versions_are_exact_and_the_lock_names_no_place() -> None:
    package = json.loads((WEB / "package.json").read_text())
    lock = json.loads((WEB / "package-lock.json").read_text())
    for name, version in package["devDependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in entry for entry in lock["packages"].values())
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
    settings = (WEB / ".npmrc").read_text().splitlines()
    assert {"ignore-scripts=true", "omit-lockfile-registry-resolved=true"} <= set(settings)


def test_the_sprite_holds_every_icon_that_is_used() -> None:
    package = assets.STATIC.parent
    sources = [*package.rglob("*.html"), *package.rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    sprite = set(re.findall(r'<symbol id="([^"]+)"', assets.content("icons.svg").decode()))
    assert sprite == set((WEB / "icons.txt").read_text().split())
    assert set(re.findall(r'icon\("([a-z0-9-]+)"', text)) <= sprite
    # Some are named in tables, so any word in quotes counts as a use.
    assert sprite <= set(re.findall(r'"([a-z0-9-]+)"', text))
