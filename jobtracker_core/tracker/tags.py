"""Tags as their user sees them."""

from __future__ import annotations

from collections.abc import Sequence

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage import tags
from jobtracker_core.storage.fields import TagName
from jobtracker_core.storage.tags import Tag, Tagged
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.stored import Installation

_MOST = 50


class Tags:
    """Words on jobs and on applications; case does not tell them apart.

    A tag is made when it is first put on something. All raise NotFound for what is not there, and
    FormError for a name that is none.
    """

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self) -> tuple[Tag, ...]:
        """List all tags by name, with how many jobs and applications carry them."""
        return tags.list_all(self._tracker.database)

    def of(self, kind: Tagged, number: int) -> tuple[str, ...]:
        """Return the tags of a job or of an application."""
        return tags.of(self._tracker.database, kind, number)

    def add(self, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
        """Put tags on a job or an application; return all that it has then."""
        wanted = check_names(names)
        with self._tracker.change(f"{kind}.tag", f"{kind}:{number}") as change:
            change.note(tags=wanted)
            return change.made(tags.add(change.db, kind, number, wanted), change.target)

    def remove(self, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
        """Take tags off a job or an application; return what it has then."""
        wanted = check_names(names)
        with self._tracker.change(f"{kind}.untag", f"{kind}:{number}") as change:
            change.note(tags=wanted)
            return change.made(tags.take_off(change.db, kind, number, wanted), change.target)

    def put(self, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
        """Make these the tags of a job or an application, and no others."""
        wanted = check_names(names) if names else ()
        with self._tracker.change(f"{kind}.tag", f"{kind}:{number}") as change:
            change.note(tags=wanted)
            return change.made(tags.put(change.db, kind, number, wanted), change.target)

    def rename(self, tag_id: int, name: str) -> Tag:
        """Give a tag another name wherever it is; raises Duplicate."""
        [wanted] = check_names([name])
        with self._tracker.change("tag.update", f"tag:{tag_id}") as change:
            change.note(name=wanted)
            return change.made(tags.rename(change.db, tag_id, wanted), change.target)

    def delete(self, tag_id: int) -> None:
        """Take a tag off everything and forget it."""
        with self._tracker.change("tag.delete", f"tag:{tag_id}") as change:
            tags.delete(change.db, tag_id)


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of tags, clean; raises FormError."""
    if isinstance(names, str) or not 0 < len(names) <= _MOST:
        raise FormError({"tags": f"takes a list of 1 to {_MOST} names"})
    checked: tuple[str, ...] = entries.check_value("tags", tuple(names), tuple[TagName, ...])
    return checked
