"""Sites that never end, never answer or unpack without bound, read by a run in its own process."""

from __future__ import annotations

import functools
import json
import math
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest
from msgspec.structs import replace

from jobtracker_core import CollectorSettings, RunState


@functools.cache
def bomb() -> bytes:
    """200 MB in 200 kB."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(200)) + packer.flush()


DEEP, MANY = 100_000, 1_000_000
HUGE = b"9" * 5_000
"""A number with more digits than Python reads."""


def keys() -> bytes:
    return b",".join(b'"%05x":0' % number for number in range(MANY))


JSON: dict[str, Callable[[], bytes]] = {
    "deep": lambda: b'{"items":%s%s}' % (b"[" * DEEP, b"]" * DEEP),
    "deep_elsewhere": lambda: b'{"x":%s1%s,"items":[]}' % (b'{"a":' * DEEP, b"}" * DEEP),
    "only_opened": lambda: b'{"items":' * DEEP,
    "nan": lambda: b'{"items":[{"id":1,"pay":NaN}]}',
    "infinity": lambda: b'{"items":[{"id":1,"pay":-Infinity}]}',
    "no_double": lambda: b'{"items":[{"id":1,"pay":1e999}]}',
    "keys": lambda: b"{%s}" % keys(),
    "cut": lambda: b'{"items":[{"id":1,"title":"Jo',
    "huge_ids": lambda: b'{"items":[{"id":%s}]}' % HUGE,
    "long_ids": lambda: b'{"items":[{"id":"%s"},{"id":"%s"}]}' % (HUGE, HUGE),
    "keys_in_an_item": lambda: b'{"items":[{"id":1},{"id":2,%s}]}' % keys(),
    "huge_number_in_an_item": lambda: b'{"items":[{"id":1},{"id":2,"n":%s}]}' % HUGE,
}


class Site(BaseHTTPRequestHandler):
    """Answers by the path's first word."""

    protocol_version = "HTTP/1.1"
    closing = threading.Event()

    def do_GET(self) -> None:
        try:
            name = self.path.strip("/")
            if name.endswith(".json"):
                self.json(name.removesuffix(".json"))
            else:
                getattr(self, name)()
        except OSError:
            self.close_connection = True

    def head(self, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def silence(self) -> None:
        self.closing.wait(20)
        self.close_connection = True

    def drip(self) -> None:
        self.head(("Content-Length", "100000"))
        while not self.closing.wait(0.1):
            self.wfile.write(b"x")
            self.wfile.flush()

    def endless(self) -> None:
        self.head(("Connection", "close"))
        while not self.closing.is_set():
            self.wfile.write(b"x" * 65_536)

    def bomb(self) -> None:
        self.head(("Content-Encoding", "gzip"), ("Content-Length", str(len(bomb()))))
        self.wfile.write(bomb())

    def json(self, name: str) -> None:
        body = JSON[name]()
        self.head(("Content-Length", str(len(body))))
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of such a site."""
    Site.closing.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        Site.closing.set()
        server.shutdown()


@pytest.mark.fault(
    "F25",
    done="A site accepted and never answered, sent one byte at a time, or sent without end.",
    holds="The request ended at its deadline or at the cap, and memory did not grow.",
)
@pytest.mark.fault(
    "F29",
    done="A site sent a body without end.",
    holds="The run failed as too_large at the cap, and memory did not grow.",
)
@pytest.mark.fault(
    "F30",
    done="A site sent 200 kB that unpack to 200 MB.",
    holds="The run failed as too_large at the cap, and memory did not grow.",
)
@pytest.mark.parametrize(
    ("path", "board", "state", "error_class"),
    [
        ("silence", "hostile_hasty", RunState.FAILED, "timeout"),
        ("drip", "hostile_hasty", RunState.FAILED, "timeout"),
        ("endless", "hostile", RunState.FAILED, "too_large"),
        ("bomb", "hostile", RunState.FAILED, "too_large"),
    ],
)
def test_each_ends_within_its_time_and_its_memory(
    supervised, site, path, board, state, error_class
) -> None:
    # The smallest memory there is; a body kept whole would not fit.
    supervised.settings = CollectorSettings(base_url=site)
    before = psutil.Process().memory_info().rss
    result = supervised.run(f"{site}/{path}", collector=board)
    assert (result.outcome.state, result.outcome.error_class) == (state, error_class)
    assert result.counts.http_requests == (3 if error_class == "timeout" else 1)
    assert supervised.left() == []
    assert psutil.Process().memory_info().rss - before < 50 * 1024 * 1024


UNCAPPED = """
from jobtracker_core.http import transport
transport.CurlTransport.__init__.__kwdefaults__["body_cap"] = 1 << 40
from jobtracker_core.runner import child
child.main()
"""


@pytest.mark.full
@pytest.mark.fault(
    "F30",
    done="Twin: the cap of a body was taken away.",
    holds="The 200 MB were unpacked, and the run was ended for its memory.",
)
def test_without_the_cap_a_bomb_takes_the_memory(supervised, site) -> None:
    supervised.settings = CollectorSettings(base_url=site)
    supervised.command = [sys.executable, "-P", "-c", UNCAPPED]
    result = supervised.run(f"{site}/bomb")
    assert result.outcome.error_class == "memory_limit", result.outcome
    assert supervised.left() == []


@pytest.mark.fault(
    "F25",
    done="A site never answered, and the run's time was shorter than its tries.",
    holds="The run ended at its own limit of time.",
)
def test_a_site_that_never_answers_does_not_outlast_the_run(supervised, site) -> None:
    supervised.settings = CollectorSettings(base_url=site)
    supervised.limits = replace(supervised.limits, runtime_s=2.5)
    result = supervised.run(f"{site}/silence", collector="hostile_hasty")
    assert result.outcome.error_class == "runtime_limit"
    assert result.outcome.state is not RunState.SUCCEEDED
    assert supervised.left() == []


@pytest.fixture
def no_worse(supervised, site) -> Iterator[None]:
    """Whatever came, this process has not grown by it and nothing of the run is left."""
    supervised.settings = CollectorSettings(base_url=site)
    before = psutil.Process().memory_info().rss
    yield
    assert supervised.left() == []
    assert psutil.Process().memory_info().rss - before < 50 * 1024 * 1024


@pytest.mark.usefixtures("no_worse")
@pytest.mark.parametrize(
    "name",
    [
        "deep", "deep_elsewhere", "only_opened", "nan", "infinity", "no_double", "keys", "cut",
        "huge_ids", "huge_number_in_an_item",
    ],
)  # fmt: skip
@pytest.mark.fault(
    "F28",
    done="A site answered with JSON 100,000 deep, cut off, with a million keys, with NaN, or with numbers beyond all bounds.",
    holds="The run failed as decode with words that say where, within seconds, and the supervisor did not grow.",
)
def test_json_without_sense_fails_as_such(supervised, site, name) -> None:
    result = supervised.run(f"{site}/{name}.json")
    assert (result.outcome.state, result.outcome.error_class) == (RunState.FAILED, "decode")
    assert result.outcome.message.startswith("$"), result.outcome.message
    assert supervised.host.listed == {}


@pytest.mark.usefixtures("no_worse")
@pytest.mark.fault(
    "F28",
    done="An item of a site had a million keys that nobody knows.",
    holds="Its posting was stored without what the site said of it, and so were the others.",
)
def test_what_is_too_much_in_an_item_is_left_out(supervised, site) -> None:
    result = supervised.run(f"{site}/keys_in_an_item.json")
    assert result.outcome.state is RunState.SUCCEEDED, result.outcome
    raws = {number: record.raw for number, record in supervised.host.listed.items()}
    assert raws == {"1": '{"id": 1}', "2": None}


@pytest.mark.usefixtures("no_worse")
@pytest.mark.fault(
    "F28",
    done="All items of a site had ids of a wrong type, thousands of digits long.",
    holds="The run failed as parse, with words that say where.",
)
def test_items_that_none_can_be_read_of_fail_as_such(supervised, site) -> None:
    result = supervised.run(f"{site}/long_ids.json")
    assert (result.outcome.state, result.outcome.error_class) == (RunState.FAILED, "parse")
    assert result.outcome.message.startswith("$.items[0].id"), result.outcome.message


# How each delivery must end, and which postings are kept with what they were read from.
ONLY_ITSELF = RunState.SUCCEEDED, None, ["1", "3"]
ITS_RAW = RunState.SUCCEEDED, None, ["1", "2", "3"]
DELIVERED = {
    "deep": ONLY_ITSELF,
    "a_bit_deep": ITS_RAW,
    "endless": ONLY_ITSELF,
    "nan": ITS_RAW,
    "many_keys": ITS_RAW,
    "huge_number": ITS_RAW,
    "deep_text": ITS_RAW,
    "odd_pay": (RunState.SUCCEEDED, None, ["0", "1", "2", "3"]),
    "huge_total": (RunState.FAILED, "internal", []),
}


@pytest.mark.usefixtures("no_worse")
@pytest.mark.parametrize("kind", DELIVERED)
@pytest.mark.fault(
    "F28",
    done="A plugin delivered raw items that were 100,000 deep, endless, of a million keys, with NaN or of 300,000 digits, and numbers beyond all bounds.",
    holds="Each cost itself or its raw item and nothing else, or the run failed as internal, within seconds.",
)
def test_what_a_plugin_makes_of_it_costs_only_itself(supervised, kind) -> None:
    result = supervised.run(f"delivers {kind}")
    outcome = result.outcome
    found = (outcome.state, outcome.error_class, sorted(supervised.host.listed))
    assert found == DELIVERED[kind], outcome
    if kind == "huge_total":
        assert "total_hint" in outcome.message
    for record in supervised.host.listed.values():
        json.loads(record.raw or "null", parse_constant=pytest.fail)
        amounts = (record.pay.min, record.pay.max) if record.pay else ()
        assert all(amount is None or math.isfinite(amount) for amount in amounts)
