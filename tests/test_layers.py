"""Who may import whom, read from the source."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "jobtracker_core"

ALLOWED = {
    "contract": set(),
    "settings": set(),
    # How to import others without what they take in.
    "logs": {"settings", "http.lightly"},
    "plugins": {"contract"},
    "http": {"contract"},
    "ingest": {"contract"},
    # Hashes and ciphers alone: what is stored and who asks is known above.
    "security": {"contract"},
    # Tables of names alone: which countries, currencies and languages there are.
    "search": {"contract", "ingest.countries", "ingest.currency", "ingest.languages"},
    "storage": {"contract", "search"},
    "runner": {"contract", "plugins", "http", "ingest", "search", "storage"},
    "__main__": {"cli"},
    # Formatting alone: what the command line writes to a file, a server may send.
    "export": {"contract", "ingest", "storage"},
    "tracker": {
        *(
            "settings",
            "contract",
            "plugins",
            "http",
            "ingest",
            "search",
            "security",
            "storage",
            "runner",
        ),
    },
    "testing": {"contract", "plugins", "http", "ingest"}
    | {f"runner.{name}" for name in ("execute", "outcome", "dry", "clock", "session")},
    # The facade over HTTP: checks of what is entered, answers and errors are those of the facade.
    "client": {"contract", "plugins", "ingest", "search", "settings", "tracker", "http.proxies"}
    # Collecting here for elsewhere.
    | {f"runner.{name}" for name in ("clock", "context", "live", "pace", "session")},
    "api": {
        "tracker",
        "export",
        "search",
        "contract",
    },  # a list as a file is an answer like any other
    # Lists as files, as in the API.
    "web": {
        *("tracker", "contract", "export", "search", "security.credentials"),
        "api.live",  # one look at a run and second, for programs and people together
        "api.in_turn",  # searches of both wait for each other
        "plugins.forms",  # a page's form is filled in as a command line's is
        "settings.hidden",  # what is a secret there is one in a form
    },
    "server": {"api", "web", "tracker", "settings", "contract"},
    "cli": {
        *(
            "settings",
            "logs",
            "tracker",
            "contract",
            "plugins",
            "http",
            "ingest",
            "search",
            "security",
            "storage",
            "runner",
        ),
        *("testing", "export", "server", "api", "client"),
    },
}
ONLY_HERE: dict[str, str | set[str]] = {
    "sqlalchemy": "storage",
    "psycopg": "storage",
    "alembic": "storage",
    "apscheduler": "runner.scheduler",
    "cronsim": {"runner.schedule", "runner.cron_words"},
    "curl_cffi": "http.transport",
    "nh3": "ingest",
    "selectolax": "ingest",
    "click": "cli",
    "rich": "cli",
    "importlib_metadata": "plugins",
    "platformdirs": "settings",
    "structlog": "logs",
    "litestar": {"api", "web", "server"},
    "prometheus_client": "api.metrics",
    "jinja2": "web",
    "markupsafe": "web",
    "uvicorn": {"cli.serve", "server.patience", "server.plain", "server.protocol"},
    "httptools": "server.protocol",
    "psutil": "runner.processes",
    "argon2": "security.passwords",
    "cryptography": "security",
    "icalendar": "tracker.ics",
    "Stemmer": "search",
}
# What opens a connection: an address that a user chose is asked through the guard alone.
CONNECTING = {
    "urllib.request": {"testing"},
    # A server of ours, which its user names with a token: no site, and nobody aims it from afar.
    "http.client": {"testing", "client.transport"},
    "smtplib": {"testing"},
    "ftplib": {"testing"},
    "imaplib": {"testing"},
    "poplib": {"testing"},
    "telnetlib": {"testing"},
    "ssl": {"testing", "client.transport"},
    "socket": {
        *("http.guard", "testing"),  # resolves; practice sites and their proxies
        *("runner.worker", "storage.identity"),  # the host's name
        "storage.wakeup",  # a pair within this process
        *("cli.serve", "cli.demo"),  # listen
        *("client.transport", "client.collecting"),  # connects; the host's name
        "client.collecting",  # the host's name
        "server.unread",  # says how a connection that somebody opened is ended
    },
    "jobtracker_core.http.transport.CurlTransport": {
        *("http.guard", "testing"),
        "runner.live",  # a collector's own hosts
    },
}
NOWHERE = {"pandas", "jobspy", "requests", "httpx", "aiohttp"}


def opens_connections(name: str, imports: set[str]) -> list[str]:
    return [
        imported
        for imported in sorted(imports)
        for what, places in CONNECTING.items()
        if within(imported, {what}) and not within(name, places)
    ]


def modules() -> list[Path]:
    return sorted(CORE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(CORE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


def is_answer(layer: str, imported: str) -> bool:
    """Say whether it is what answers are made of, or what may go wrong: no function is called."""
    module, _, name = imported.rpartition(".")
    below = within(module, {"storage", "plugins", "runner"}) and module != "storage.engine"
    return layer in {"api", "web", "client"} and below and name.lstrip("_")[:1].isupper()


def violations(name: str, imports: set[str]) -> list[str]:
    layer = name.partition(".")[0]
    wrong = []
    for imported in sorted(imports):
        top, _, rest = imported.partition(".")
        if top == "jobtracker_core":
            if rest and rest.partition(".")[0] in ALLOWED:
                ok = within(rest, ALLOWED[layer] | {layer}) or is_answer(layer, rest)
            else:
                ok = rest == "__version__" and layer in {"cli", "client"}
        elif top in NOWHERE:
            ok = False
        elif top in ONLY_HERE:
            places = ONLY_HERE[top]
            ok = within(name, {places} if isinstance(places, str) else places)
        elif layer == "contract":
            ok = top in sys.stdlib_module_names or top in {"msgspec", "pluggy"}
        else:
            ok = True
        if not ok:
            wrong.append(imported)
    return wrong


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    name = name_of(path)
    if name == "":
        return  # the public names, imported lazily; see test_public_api
    assert violations(name, imports_of(path)) == []
    assert opens_connections(name, imports_of(path)) == []
    assert "open_connection(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("tracker.proxies", "jobtracker_core.http.transport.CurlTransport"),
        ("tracker.hooks", "urllib.request.urlopen"),
        ("runner.hooks", "urllib.request"),
        ("api.hooks", "socket"),
        ("http.client", "http.client.HTTPConnection"),
        ("cli.hooks", "smtplib.SMTP"),
        ("client.jobs", "http.client.HTTPConnection"),
        ("tracker.hooks", "ssl"),
    ],
)
def test_the_walk_sees_who_goes_around_the_guard(name: str, imported: str) -> None:
    assert opens_connections(name, {imported}) == [imported]


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("contract.page", "jobtracker_core.ingest.text.clean"),
        ("contract.page", "nh3"),
        ("storage.jobs", "jobtracker_core.ingest.normalise"),
        ("storage.jobs", "jobtracker_core.runner.outcome"),
        ("search.facts", "jobtracker_core.ingest.normalise.normalise"),
        ("storage.jobs", "Stemmer"),
        ("http.client", "sqlalchemy.text"),
        ("http.client", "curl_cffi"),
        ("testing.kit", "jobtracker_core.runner.inline"),
        ("testing.kit", "jobtracker_core.storage.jobs"),
        ("runner.execute", "jobtracker_core.tracker"),
        ("runner.execute", "pandas"),
        ("runner.inline", "structlog"),
        ("runner.supervisor", "psutil.Process"),
        ("tracker", "jobtracker_core.logs.open_log"),
        ("logs", "jobtracker_core.contract.host"),
        ("cli.jobs", "jobtracker_core.Posting"),
        ("cli.jobs", "uvicorn"),
        ("tracker.accounts", "argon2.PasswordHasher"),
        ("storage.users", "jobtracker_core.security.passwords"),
        ("tracker", "litestar.Litestar"),
        ("api.jobs", "jobtracker_core.storage.engine.Database"),
        ("api.jobs", "jobtracker_core.server.compose"),
        ("client.jobs", "jobtracker_core.storage.jobs.get"),
        ("client.jobs", "jobtracker_core.storage.engine.Database"),
        ("client.jobs", "jobtracker_core.api.jobs.JobPage"),
        ("tracker", "jobtracker_core.client.connect"),
    ],
)
def test_the_walk_sees_a_violation(name: str, imported: str) -> None:
    assert violations(name, {imported}) == [imported]


def reached_from(name: str) -> set[str]:
    """All modules of ours that a module imports, itself or through others."""
    paths = {name_of(path): path for path in modules()}
    reached: set[str] = set()
    ahead = {name}
    while ahead:
        module = ahead.pop()
        reached.add(module)
        for imported in imports_of(paths[module]):
            top, _, rest = imported.partition(".")
            # `from package.module import name` and `from package import module` look alike.
            names = {rest, rest.rpartition(".")[0]} if top == "jobtracker_core" else set()
            ahead |= {name for name in names - {""} if name in paths} - reached
    return reached


def test_a_run_in_its_own_process_knows_no_database() -> None:
    assert within("storage.engine", {"storage"})
    for name in ("runner.child", "runner.channel"):
        assert [
            m for m in reached_from(name) if within(m, {"storage", "settings", "tracker"})
        ] == []
    assert "storage.engine" in reached_from("runner.inline")


def plugin_sources() -> list[Path]:
    return sorted(ROOT.glob("plugins/*/src/*/*.py"))


@pytest.mark.parametrize("path", plugin_sources(), ids=lambda p: f"{p.parent.name}.{p.stem}")
def test_a_plugin_imports_only_the_public_names(path: Path) -> None:
    package = path.parent.name
    wrong = []
    for imported in imports_of(path):
        top, _, rest = imported.partition(".")
        if top == "jobtracker_core":
            allowed = "." not in rest or (path.stem == "practice" and rest.startswith("testing."))
        else:
            allowed = top in sys.stdlib_module_names or top in {package, "msgspec", "selectolax"}
        if not allowed:
            wrong.append(imported)
    assert wrong == []


def test_modules_stay_small() -> None:
    long = {
        name_of(path): lines
        for path in modules()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
