"""API tokens: made once, shown once, valid until they are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic, sleep

import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.contract.access import Scope
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.security.credentials import make_token
from jobtracker_core.storage import tokens as stored
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy, NotFound
from jobtracker_core.storage.request_keys import Answered, RequestKey
from jobtracker_core.storage.tables import metadata
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.tokens import TokenMemory
from rows import NOON


def dump(tracker: JobTracker) -> str:
    """All that is stored, as text."""
    with tracker.database.read() as conn:
        return repr([conn.execute(sa.select(table)).all() for table in metadata.sorted_tables])


def test_a_token_opens_what_its_scopes_allow(tracker: JobTracker) -> None:
    made = tracker.tokens.create("my script", ["jobs:write", Scope.INGEST], collector="linkedin")
    token = tracker.tokens.verify(made.text)
    assert token is not None
    assert (token.id, token.name, token.collector) == (made.token.id, "my script", "linkedin")
    assert [scope for scope in Scope if token.allows(scope)] == [
        Scope.JOBS_READ,
        Scope.JOBS_WRITE,
        Scope.INGEST,
    ]


def test_the_secret_is_nowhere_but_in_the_answer(tracker: JobTracker, audited) -> None:
    view = tracker.acting(
        Actor(kind="user", id=1, name="ann"), RequestKey(actor="user:1", key="k", digest=b"d")
    )
    made = view.tokens.create("my script", ["admin"])
    secret = made.text.rpartition(made.token.key + "_")[2]
    assert secret not in dump(tracker)
    assert secret not in repr(made) + repr(made.token)
    assert audited()[0][:2] == ("token.create", f"token:{made.token.id}")
    with pytest.raises(Answered) as again:
        tracker.acting(
            Actor(kind="user", id=1, name="ann"), RequestKey(actor="user:1", key="k", digest=b"d")
        ).tokens.create("my script", ["admin"])
    assert again.value.answer is None
    assert len(tracker.tokens.list()) == 1


def test_a_wrong_text_opens_nothing(tracker: JobTracker) -> None:
    made = tracker.tokens.create("a", ["admin"])
    other = tracker.tokens.create("b", ["admin"])
    mixed = f"jt_{made.token.key}_{other.text[12:]}"
    for text in (mixed, made.text[:-1], made.text + "x", "", "jt_", other.text.swapcase()):
        assert tracker.tokens.verify(text) is None


def test_it_expires_after_90_days_or_never(tracker: JobTracker, time: FrozenTime) -> None:
    usual = tracker.tokens.create("usual", ["admin"])
    for_good = tracker.tokens.create("for good", ["admin"], expires_in=None)
    assert usual.token.expires_at == time.at + timedelta(days=90)
    time.advance(days=90, seconds=-1)
    assert tracker.tokens.verify(usual.text) is not None
    tracker._opened.token_memory.drop()
    time.advance(seconds=1)
    assert tracker.tokens.verify(usual.text) is None
    assert tracker.tokens.verify(for_good.text) is not None


def test_its_last_use_is_noted_once_a_minute(tracker: JobTracker, time: FrozenTime) -> None:
    made = tracker.tokens.create("a", ["admin"])
    first = time.at
    for seconds in (0, 30, 29):
        time.advance(seconds=seconds)
        tracker._opened.token_memory.drop()
        assert tracker.tokens.verify(made.text) is not None
        tracker._opened.token_uses.write()
        assert tracker.tokens.list()[0].last_used_at == first
    time.advance(seconds=1)
    tracker._opened.token_memory.drop()
    token = tracker.tokens.verify(made.text)
    tracker._opened.token_uses.write()
    assert token is not None
    assert token.last_used_at == tracker.tokens.list()[0].last_used_at == time.at


def test_uses_are_written_together_and_no_request_waits_for_it(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [tracker.tokens.create(name, ["admin"]) for name in "abc"]
    texts = [token.text for token in made]
    noted, note = [], stored.note_uses

    def busy(*_: object) -> None:
        raise Busy("locked")

    def count(db: Database, uses: Mapping[int, datetime]) -> None:
        noted.append(sorted(uses))
        note(db, uses)

    monkeypatch.setattr(stored, "note_uses", busy)
    # On SQLite nobody else can write meanwhile.
    with tracker.database.write():
        assert None not in [tracker.tokens.verify(text) for text in texts]
        tracker._opened.token_uses.write()
    monkeypatch.setattr(stored, "note_uses", count)
    tracker._opened.token_memory.drop()
    assert None not in [tracker.tokens.verify(text) for text in texts]
    deadline = monotonic() + 60
    while None in [token.last_used_at for token in tracker.tokens.list()]:
        assert monotonic() < deadline
        sleep(0.01)
    assert noted == [sorted(token.token.id for token in made)]


def test_uses_are_written_at_the_end_too(tracker: JobTracker) -> None:
    made = tracker.tokens.create("a", ["admin"])
    tracker.tokens.verify(made.text)
    tracker.close()
    with JobTracker(tracker.settings) as again:
        assert again.tokens.list()[0].last_used_at is not None


def test_revocation_is_instant_in_every_view_and_leaves_a_row(tracker: JobTracker, audited) -> None:
    made = tracker.tokens.create("a", ["admin"])
    view = tracker.acting(Actor(kind="user", id=1, name="ann"))
    assert view.tokens.verify(made.text) is not None
    revoked = tracker.tokens.revoke(made.token.id)
    assert revoked.revoked_at is not None
    assert view.tokens.verify(made.text) is None
    assert tracker.tokens.verify(made.text) is None
    assert tracker.tokens.list() == ()
    assert tracker.tokens.list(with_revoked=True) == (revoked,)
    assert audited()[-1] == ("token.revoke", f"token:{made.token.id}", {"name": "a"})
    for number in (made.token.id, 99, 2**70, -1):
        with pytest.raises(NotFound, match="no token"):
            tracker.tokens.revoke(number)


def test_another_process_forgets_it_within_a_second() -> None:
    at = 100.0
    memory = TokenMemory(lambda: at)
    credential = make_token()
    token = stored.Token(
        id=1,
        key=credential.key,
        name="a",
        scopes=(),
        collector=None,
        created_at=NOON,
        expires_at=None,
        last_used_at=None,
        revoked_at=None,
    )
    memory.hold(credential, token, memory.moment())
    assert memory.get(credential) is token
    at = 101.0
    assert memory.get(credential) is None
    began = memory.moment()
    memory.drop()
    memory.hold(credential, token, began)
    assert memory.get(credential) is None
    # A look that took longer, on a machine that stood still, says nothing of now.
    began = memory.moment()
    at = 102.0
    memory.hold(credential, token, began)
    assert memory.get(credential) is None


def test_a_remembered_token_costs_no_read(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tracker.tokens.create("a", ["admin"])
    read: list[str] = []
    find = stored.find

    def counted(db: Database, key: str) -> stored.FoundToken | None:
        read.append(key)
        return find(db, key)

    monkeypatch.setattr(stored, "find", counted)
    tracker._opened.token_memory = memory = TokenMemory(lambda: 1.0)
    view = tracker.acting(tracker.actor)
    for _ in range(3):
        assert view.tokens.verify(made.text) is not None
        assert tracker.acting(tracker.actor).tokens.verify("jt_" + "x" * 8 + "_" + "y" * 43) is None
    assert read.count(made.token.key) == 1
    assert read.count("x" * 8) == 3
    assert memory.moment().revocations == 0


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"name": ""}, {"name": "no name"}),
        ({"name": "a\nb"}, {"name": "no name"}),
        ({"scopes": []}, {"scopes": "at least one"}),
        ({"scopes": ["jobs:read", "all"]}, {"scopes": "there is no all; there are jobs:read"}),
        ({"expires_in": timedelta(0)}, {"expires_in": "1 to 3650 days"}),
        ({"expires_in": timedelta(days=9999)}, {"expires_in": "1 to 3650 days"}),
        ({"collector": "linkedin"}, {"collector": "only a token with the scope ingest"}),
        ({"collector": "Linked In"}, {"collector": "no collector's name"}),
        ({"name": "", "scopes": []}, {"name": "no name", "scopes": "at least one"}),
    ],
)
def test_each_fault_is_named(tracker: JobTracker, fields, problems) -> None:
    words = {"name": "a", "scopes": ["jobs:read"], **fields}
    with pytest.raises(FormError) as refused:
        tracker.tokens.create(words.pop("name"), words.pop("scopes"), **words)
    assert sorted(refused.value.problems) == sorted(problems)
    for field, words in problems.items():
        assert words in refused.value.problems[field]
    assert tracker.tokens.list() == ()


def test_revoked_here_means_revoked_in_other_processes(
    db_url: str, tracker: JobTracker, processes: Callable[..., list[str]]
) -> None:
    made = tracker.tokens.create("a", ["admin"])
    script = f"""
import time
from jobtracker_core import JobTracker, Settings
tracker = JobTracker(Settings(database_url=url, plugins=()))
assert tracker.tokens.verify({made.text!r}) is not None
go()
if number == 0:
    tracker.tokens.revoke({made.token.id})
    print(tracker.tokens.verify({made.text!r}) is None)
else:
    deadline = time.monotonic() + 60
    while tracker.tokens.list():
        assert time.monotonic() < deadline
    since = asked = time.monotonic()
    # What counts is when it was asked: a busy machine may answer late what held then.
    while tracker.tokens.verify({made.text!r}) is not None:
        assert asked < since + 1.5, "still valid"
        asked = time.monotonic()
    print(True)
"""
    assert processes(script, db_url, 2) == ["True", "True"]
