"""How a run ends whose process told no result: one pure function."""

from __future__ import annotations

import signal

from msgspec import Struct

from jobtracker_core.contract.errors import Cancelled, CancelReason, ErrorClass
from jobtracker_core.contract.run import RunState
from jobtracker_core.runner.outcome import MORE_MEMORY, Outcome

_TELL_AUTHOR = "Report it to the plugin's author, with what the process printed."
_HINTS: dict[ErrorClass, str] = {
    "memory_limit": MORE_MEMORY,
    "cpu_limit": "Narrow the search, or give it more processor time; or the plugin never ends.",
    "runtime_limit": "Narrow the search, or give it more time; or the plugin hangs.",
    "output_limit": "The plugin logs or prints without end, or its pages have no bound.",
    "plugin_import": "Update or uninstall the plugin.",
}


class Kill(Struct, frozen=True, kw_only=True):
    """Why the supervisor ended the processes."""

    error_class: ErrorClass
    message: str


class Death(Struct, frozen=True, kw_only=True):
    """What is known of a process that is gone.

    Attributes:
        code: Its exit code; below 0, minus the signal that ended it.
        kill: Why the supervisor ended it, if it did.
        stop: Why it had been asked to stop, if it was.
        loaded: The plugin was imported.
        pages: List pages committed.
        list_read: The list had come to an end.
        cpu_used_up: All processor time was used when it was last looked at.
        printed: The end of what it printed.
    """

    code: int
    kill: Kill | None = None
    stop: CancelReason | None = None
    loaded: bool = True
    pages: int = 0
    list_read: bool = False
    cpu_used_up: bool = False
    printed: str = ""


def judge(death: Death) -> Outcome:
    """Return the end that a death calls for; pages committed before it stay."""
    kill = death.kill or _cause(death)
    state = RunState.FAILED
    if kill.error_class in {"cancelled", "drained"}:
        state = RunState.CANCELLED
    elif kill.error_class == "runtime_limit" and death.pages:
        state = RunState.PARTIAL
    return Outcome(
        state=state,
        keep_cursor=not death.list_read,
        error_class=kill.error_class,
        message=kill.message,
        hint=Cancelled.hint
        if state is RunState.CANCELLED
        else _HINTS.get(kill.error_class, _TELL_AUTHOR),
        detail=death.printed or None,
    )


def killed_after(stop: CancelReason) -> Kill:
    """Return why a run is ended that was asked to stop."""
    error = Cancelled(stop)
    return Kill(error_class=error.error_class, message=str(error))


def _cause(death: Death) -> Kill:
    if death.stop is not None:
        return killed_after(death.stop)
    if death.code == -signal.SIGXCPU or (death.code == -signal.SIGKILL and death.cpu_used_up):
        return Kill(error_class="cpu_limit", message="the run's processor time is used up")
    if death.code < 0:
        return Kill(error_class="crash_signal", message=_signalled(-death.code))
    if not death.loaded:
        return Kill(
            error_class="plugin_import",
            message=f"the process ended with code {death.code} while the plugin was imported",
        )
    return Kill(
        error_class="internal",
        message=f"the process ended with code {death.code} before the run did",
    )


def _signalled(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    text = f"the process was ended by signal {name}"
    if number == signal.SIGKILL:
        text += "; the system does that when it runs out of memory"
    return text
