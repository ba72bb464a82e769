"""What a run in a child process may use up, and how patient its supervisor is."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

MEGABYTE: Final = 1024 * 1024


class RunLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hard limits of one run; beyond one of them its processes are killed.

    `memory_mb` is what one process may allocate; all processes of a run together may hold half as
    much again. `cpu_s` is of all of them together. Raises ValueError for a number out of range.
    """

    memory_mb: Annotated[
        int, Meta(description="Megabytes of memory; a collector needs 256", ge=256, le=1_048_576)
    ] = 512
    cpu_s: Annotated[int, Meta(description="Seconds of processor time", ge=1, le=86_400)] = 600
    runtime_s: Annotated[float, Meta(description="Seconds from start to end", gt=0, le=604_800)] = (
        1_800
    )
    output_mb: Annotated[
        int, Meta(description="Megabytes of log, progress and printed text", ge=1, le=10_240)
    ] = 64
    pages_mb: Annotated[
        int, Meta(description="Megabytes of pages and details", ge=1, le=102_400)
    ] = 1_024
    files: Annotated[
        int, Meta(description="Files and connections open at once", ge=64, le=65_536)
    ] = 256

    def __post_init__(self) -> None:
        for field in msgspec.structs.fields(self):
            try:
                msgspec.convert(getattr(self, field.name), field.type)
            except msgspec.ValidationError as error:
                raise ValueError(f"{field.name}: {error}") from None


class Patience(Struct, frozen=True, kw_only=True):
    """How long a supervisor waits, in seconds.

    Attributes:
        loading: For the plugin to be imported.
        silence: Between two signs of life of a run.
        grace: Between asking a run to stop and killing it.
        tick: Between two looks at clock, memory and processor time.
    """

    loading: float = 60.0
    silence: float = 600.0
    grace: float = 10.0
    tick: float = 0.5
