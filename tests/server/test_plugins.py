"""What plugins add to the server."""

from __future__ import annotations

import pluggy
import pytest
from litestar import get
from litestar.plugins import InitPlugin
from litestar.testing import TestClient

from jobtracker_core import hookimpl
from jobtracker_core.contract.hooks import PROJECT, Hooks
from jobtracker_core.plugins.discovery import Registry
from jobtracker_core.server.compose import create_app


class Adds(InitPlugin):
    def __init__(self, path: str) -> None:
        self.path = path
        self.times = 0

    def on_app_init(self, app_config):
        self.times += 1

        @get(self.path, sync_to_thread=False)
        def added() -> str:
            return self.path

        app_config.route_handlers.append(added)
        return app_config


class Fails(InitPlugin):
    def on_app_init(self, app_config):
        app_config.route_handlers.clear()
        raise RuntimeError("not today")


def module(answer):
    class Module:
        @staticmethod
        @hookimpl
        def jobtracker_litestar_plugins():
            return answer()

    return Module


def crash():
    raise RuntimeError("no hook")


@pytest.fixture
def with_hooks(tracker):
    def use(**modules):
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        for name, answer in modules.items():
            manager.register(module(answer), name=name)
        tracker._opened.registry = Registry(plugins=(), sources={}, hooks=manager)
        return create_app(tracker)

    return use


def answers(app, *paths):
    with TestClient(app, base_url="http://127.0.0.1") as client:
        return [client.get(path).status_code for path in paths]


def test_a_plugin_adds_a_route_which_has_our_headers(with_hooks) -> None:
    added = Adds("/more")
    app = with_hooks(one=lambda: [added])
    assert answers(app, "/more", "/healthz") == [200, 200]
    assert added.times == 1
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert "content-security-policy" in client.get("/more").headers


def test_one_that_fails_takes_nothing_with_it(with_hooks, caplog) -> None:
    app = with_hooks(
        bad=lambda: [Fails()],
        worse=crash,
        twice=lambda: [Adds("/healthz")],
        strange=lambda: ["no plugin"],
        good=lambda: [Adds("/more")],
    )
    assert answers(app, "/more", "/healthz", "/api/v1/jobs") == [200, 200, 401]
    left_out = {r.getMessage().partition(":")[0] for r in caplog.records}
    assert left_out >= {"plugin bad", "plugin worse", "plugin twice"}
    assert "plugin good" not in left_out


def test_a_fault_of_our_own_is_not_hidden(with_hooks, monkeypatch) -> None:
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("jobtracker_core.server.compose.api_router", broken)
    with pytest.raises(ZeroDivisionError):
        with_hooks()
    with pytest.raises(ZeroDivisionError):
        with_hooks(good=lambda: [Adds("/more")])
