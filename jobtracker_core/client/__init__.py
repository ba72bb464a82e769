"""The facade over HTTP: what `JobTracker` does on a database, done by a server's API."""

from jobtracker_core.client.errors import RemoteError
from jobtracker_core.client.tracker import RemoteTracker, connect

__all__ = ["RemoteError", "RemoteTracker", "connect"]
