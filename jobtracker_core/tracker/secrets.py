"""What is stored encrypted, taken as a whole."""

from __future__ import annotations

from jobtracker_core.storage import secrets
from jobtracker_core.storage.secrets import Rotation
from jobtracker_core.tracker.stored import Installation


class Secrets:
    """Secrets of this installation. None of them is ever shown."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def rotate(self) -> Rotation:
        """Encrypt everything anew that an older key than the first one encrypted.

        In batches: whoever is stopped half-way leaves everything readable by the same keys. Raises
        MissingKey and WrongKey.
        """
        rotation = secrets.rotate(self._tracker.database)
        with self._tracker.change("secrets.rotate") as change:
            change.note(secrets=rotation.secrets, renewed=rotation.renewed)
            return change.made(rotation, change.target)
