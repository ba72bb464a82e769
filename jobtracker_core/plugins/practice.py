"""Practice sites: small local servers that stand in for the real ones, shipped by the plugins.

They are found through the entry-point group `jobtracker.practice`, under the collector's name.
"""

from __future__ import annotations

from importlib_metadata import entry_points

GROUP = "jobtracker.practice"


def practice_sites() -> dict[str, type]:
    """Return the practice site classes of all installed plugins, by collector name.

    Raises what a plugin's module raises: whoever asks for practice sites wants to know.
    """
    return {entry.name: entry.load() for entry in sorted(entry_points(group=GROUP))}
