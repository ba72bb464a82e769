"""Finding plugins: every entry point in its own try, so that a broken one harms no other."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import pluggy
from importlib_metadata import EntryPoint, entry_points
from msgspec import Struct

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.hooks import PROJECT, Hooks
from jobtracker_core.contract.info import CollectorInfo
from jobtracker_core.plugins.check import Defect, examine

Status = Literal["ok", "warning", "broken", "off"]


class Plugin(Struct, frozen=True, kw_only=True):
    """One entry point and what became of it.

    Attributes:
        name: The entry point's name.
        distribution: The pip package that brings it.
        collectors: Names of the collectors that it brings.
        unavailable: Those of them that cannot be used on this machine now, and why.
        status: `warning` means that it works but for what `problems` says; `off`, that the
            allow-list leaves it out.
    """

    name: str
    distribution: str
    version: str
    status: Status
    collectors: tuple[str, ...] = ()
    unavailable: Mapping[str, str] = {}
    problems: tuple[Defect, ...] = ()


class Source(Struct, frozen=True, kw_only=True):
    """A collector, and where it comes from; `unavailable` says why it cannot be used now."""

    cls: type[JobCollector[Any, Any]]
    plugin: str
    distribution: str
    version: str
    unavailable: str | None = None

    @property
    def info(self) -> CollectorInfo:
        """The collector's card."""
        return self.cls.info


class Registry(Struct, frozen=True, kw_only=True):
    """Everything that was found. `hooks` calls the plugins' other hooks."""

    plugins: tuple[Plugin, ...]
    sources: Mapping[str, Source]
    hooks: pluggy.PluginManager


class UnknownCollector(LookupError):  # noqa: N818  (what was asked for is unknown)
    """No usable collector has that name; the message says why, or which there are."""


class Unavailable(Exception):  # noqa: N818
    """A collector is installed and cannot be used on this machine; `reason` says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"collector {name!r} cannot be used here: {reason}")
        self.name = name
        self.reason = reason


def load(allowed: Iterable[str] | None = None) -> Registry:
    """Load all plugins, or only the entry points named in `allowed`.

    Never raises for a plugin's fault: that becomes a `Plugin` with status "broken". What a plugin
    prints while it is imported goes to standard error, so that it cannot spoil our output.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    names = None if allowed is None else set(allowed)
    found: list[_Loaded] = []
    for entry in sorted(entry_points(group=PROJECT), key=lambda e: (e.name, _distribution(e))):
        loaded = _Loaded(entry)
        if names is not None and entry.name not in names:
            loaded.off = True
        else:
            loaded.load(manager)
        found.append(loaded)
    _refuse_duplicates(found)
    sources = {
        cls.info.name: Source(
            cls=cls,
            plugin=one.name,
            distribution=one.distribution,
            version=one.version,
            unavailable=one.unavailable.get(cls.info.name),
        )
        for one in found
        for cls in one.classes
    }
    return Registry(plugins=tuple(one.report() for one in found), sources=sources, hooks=manager)


def find(registry: Registry, name: str) -> Source:
    """Return the collector of that name; raises UnknownCollector."""
    if name in registry.sources:
        return registry.sources[name]
    raise not_found(registry, name)


def not_found(registry: Registry, name: str) -> UnknownCollector:
    """Make the error for a name that no usable collector has."""
    for plugin in registry.plugins:
        about_it = [p for p in plugin.problems if f"{name!r}" in p.message]
        if about_it or (plugin.name == name and plugin.status in {"broken", "off"}):
            why = "; ".join(p.message for p in about_it or plugin.problems) or (
                "the setting `plugins` (JOBTRACKER_PLUGINS) leaves it out"
            )
            return UnknownCollector(f"collector {name!r} of {plugin.distribution}: {why}")
    there = ", ".join(sorted(registry.sources)) or "none: install one with pip"
    return UnknownCollector(f"there is no collector {name!r}; installed: {there}")


def find_usable(registry: Registry, name: str) -> Source:
    """Return the collector of that name; raises UnknownCollector and Unavailable."""
    source = find(registry, name)
    if source.unavailable is not None:
        raise Unavailable(name, source.unavailable)
    return source


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "?"


class _Loaded:
    """An entry point on its way to a report."""

    def __init__(self, entry: EntryPoint) -> None:
        self.entry = entry
        self.name = entry.name
        self.distribution = _distribution(entry)
        self.version = entry.dist.version if entry.dist is not None else "?"
        self.classes: list[type[JobCollector[Any, Any]]] = []
        self.unavailable: dict[str, str] = {}
        self.errors: list[Defect] = []
        self.warnings: list[Defect] = []
        self.off = False

    def load(self, manager: pluggy.PluginManager) -> None:
        label = f"{self.distribution}:{self.name}"
        try:
            with contextlib.redirect_stdout(sys.stderr):
                module = self.entry.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  (a stranger's code)
            self._broken("import", error)
            return
        try:
            manager.register(module, label)
        except Exception as error:  # noqa: BLE001
            self._broken("hooks", error)
            return
        for caller in manager.get_hookcallers(module) or ():
            if not caller.has_spec():
                self.warnings.append(
                    Defect(
                        stage="hooks",
                        message=f"hook {caller.name!r} is unknown to this core and never called",
                        hint="check its name, or update jobtracker-core",
                    )
                )
        with contextlib.redirect_stdout(sys.stderr):
            self._collect_classes(manager, module)
        if self.errors and not self.classes:
            manager.unregister(module)

    def _collect_classes(self, manager: pluggy.PluginManager, module: object) -> None:
        others = [p for p in manager.get_plugins() if p is not module]
        caller = manager.subset_hook_caller("jobtracker_collectors", remove_plugins=others)
        try:
            classes = [cls for result in caller() for cls in result]
            problems = [(cls, examine(cls)) for cls in classes]
            for cls in (cls for cls, found in problems if not found):
                if why := cls.unavailable():
                    self.unavailable[cls.info.name] = str(why)
        except (Exception, SystemExit) as error:  # noqa: BLE001
            self._broken("collectors", error)
            return
        for cls, found in problems:
            if found:
                label = getattr(getattr(cls, "info", None), "name", getattr(cls, "__name__", "?"))
                self.errors += [
                    Defect(stage=p.stage, message=f"{label!r}: {p.message}", hint=p.hint)
                    for p in found
                ]
            else:
                self.classes.append(cls)

    def _broken(self, stage: str, error: BaseException) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1:]
        place = f" ({where[0].filename}:{where[0].lineno})" if where else ""
        self.errors.append(
            Defect(
                stage=stage,
                message=f"{type(error).__name__}: {error}{place}",
                hint=f"update or uninstall {self.distribution}",
            )
        )

    def report(self) -> Plugin:
        status: Status = "ok"
        if self.off:
            status = "off"
        elif self.errors:
            status = "warning" if self.classes else "broken"
        elif self.warnings:
            status = "warning"
        return Plugin(
            name=self.name,
            distribution=self.distribution,
            version=self.version,
            status=status,
            collectors=tuple(cls.info.name for cls in self.classes),
            unavailable=self.unavailable,
            problems=(*self.errors, *self.warnings),
        )


def _refuse_duplicates(found: list[_Loaded]) -> None:
    """Refuse both owners of a name: which of them a user means, nobody can know."""
    for name, owners in _owners(found):
        for owner in {id(o): o for o in owners}.values():
            distributions = " and ".join(sorted({o.distribution for o in owners}))
            owner.classes = [cls for cls in owner.classes if cls.info.name != name]
            owner.errors.append(
                Defect(
                    stage="duplicate",
                    message=f"the collector name {name!r} is claimed by {distributions}",
                    hint="uninstall one of them, or leave one out with JOBTRACKER_PLUGINS",
                )
            )


def _owners(found: list[_Loaded]) -> Iterator[tuple[str, list[_Loaded]]]:
    owners: dict[str, list[_Loaded]] = {}
    for loaded in found:
        for cls in loaded.classes:
            owners.setdefault(cls.info.name, []).append(loaded)
    return ((name, loaded) for name, loaded in owners.items() if len(loaded) > 1)
