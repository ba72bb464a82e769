from __future__ import annotations

import json
import pickle

import pytest

from jobtracker_core.contract.errors import CollectError, LayoutChanged
from jobtracker_core.http.client import Client
from jobtracker_core.http.exchange import Answer, Request, Transport
from jobtracker_core.http.record import FORMAT, Recorder, RecordError, ReplayMiss, ReplayTransport

URL = "https://jobs.example/list"
MANIFEST = {"collector": "practice", "plugin": "1.2.3", "query": {"text": "python"}}


def get(url: str = URL, **headers: str) -> Request:
    return Request(method="GET", url=url, headers=tuple(headers.items()))


def post(body: bytes, url: str = URL) -> Request:
    return Request(method="POST", url=url, body=body)


def answer(content: bytes = b"{}", *, status: int = 200, **headers: str) -> Answer:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status=status, url=URL, headers=pairs, content=content, elapsed=1.5)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "deep" / "capture"


@pytest.fixture
def recorder(folder):
    return Recorder(
        folder,
        redact=lambda content, kind: content.replace(b"canary", b"[blank]"),
        manifest=MANIFEST,
    )


def test_what_was_recorded_is_replayed(folder, recorder):
    bodies = {
        "text": b'{"a": "\xc3\xa9\\u0000"}',
        "bytes": bytes(range(256)),
        "latin-1": b"caf\xe9",
        "empty": b"",
    }
    for name, body in bodies.items():
        recorder.record(get(f"{URL}?n={name}"), answer(body, content_type="text/x", status=404))
    replay: Transport = ReplayTransport(folder)
    for name, body in bodies.items():
        again = replay.send(get(f"{URL}?n={name}"), timeout=1)
        assert (again.content, again.status, again.url) == (body, 404, f"{URL}?n={name}")
        assert again.headers == (("content-type", "text/x"),)
    replay.close()


def test_the_manifest_says_what_it_is_of(folder, recorder):
    assert ReplayTransport(folder).manifest == {**MANIFEST, "format": FORMAT}


def test_no_secret_reaches_the_disk(folder, recorder):
    secret_headers = {
        "Authorization": "Bearer canary",
        "Cookie": "s=canary",
        "X-Api-Key": "canary",
        "indeed-api-key": "canary",
        "Referer": "https://jobs.example/?session=canary&x=canary",
        "Accept": "text/html",
    }
    url = (
        "https://u:canary@jobs.example/list?q=python&token=canary&API_KEY=canary&sig=canary"
        "&password=canary&to=canary%40mail.example#canary"
    )
    recorder.record(
        get(url, **secret_headers),
        Answer(
            status=302,
            url=url,
            headers=(
                ("set-cookie", "s=canary"),
                ("set-cookie", "t=canary"),
                ("x-auth-token", "canary"),
                ("location", "/next?access_token=canary&page=2"),
                ("retry-after", "5"),
                ("www-authenticate", "canary"),
            ),
            content=b"hello canary",
            elapsed=0,
        ),
    )
    recorder.record(post(b"password=canary"), answer(b"\xff canary"))
    written = {path.name: path.read_text() for path in folder.iterdir()}
    assert sorted(written) == ["0001.json", "0002.json", "manifest.json"]
    assert [name for name, text in written.items() if "canary" in text] == []
    first = json.loads(written["0001.json"])
    assert "q=python" in first["request"]["url"]
    assert first["request"]["headers"] == {
        "accept": "text/html",
        "referer": "https://jobs.example/",
    }
    assert first["response"]["headers"] == [
        ["location", "/next?access_token=[removed]&page=2"],
        ["retry-after", "5"],
    ]
    assert first["response"]["body"] == "hello [blank]"


def test_the_redactor_is_told_the_content_type(folder):
    kinds = []

    def redact(content, kind):
        kinds.append(kind)
        return content

    recorder = Recorder(folder, redact=redact, manifest={})
    recorder.record(get(), answer(content_type="text/html; charset=x"))
    recorder.record(get(), answer())
    assert kinds == ["text/html; charset=x", ""]


def test_nothing_is_written_of_what_cannot_be_redacted(folder):
    def redact(content, kind):
        raise RuntimeError("no")

    recorder = Recorder(folder, redact=redact, manifest={})
    with pytest.raises(RuntimeError):
        recorder.record(get(), answer(b"canary"))
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_answers_to_one_request_come_in_order_and_none_twice(folder, recorder):
    for number in range(12):
        recorder.record(get(), answer(str(number).encode()))
    replay = ReplayTransport(folder)
    assert [replay.send(get(), timeout=1).content for _ in range(12)] == [
        str(number).encode() for number in range(12)
    ]
    with pytest.raises(ReplayMiss, match="was recorded 12 times and is asked once more"):
        replay.send(get(), timeout=1)


def test_requests_differ_by_method_address_and_body(folder, recorder):
    recorder.record(get(), answer(b"get"))
    recorder.record(get(f"{URL}?p=1"), answer(b"page 1"))
    recorder.record(post(b"a"), answer(b"post a"))
    recorder.record(post(b"b"), answer(b"post b"))
    replay = ReplayTransport(folder)
    asked = [post(b"b"), get(f"{URL}?p=1"), post(b"a"), get()]
    assert [replay.send(request, timeout=1).content for request in asked] == [
        b"post b",
        b"page 1",
        b"post a",
        b"get",
    ]


def test_secret_values_and_the_order_of_parameters_do_not_matter(folder, recorder):
    recorder.record(get(f"{URL}?token=old&q=a%20b"), answer(b"found"))
    replay = ReplayTransport(folder)
    assert replay.send(get(f"{URL}?q=a+b&token=new"), timeout=1).content == b"found"


def test_a_miss_names_the_request_and_the_nearest(folder, recorder):
    recorder.record(get(f"{URL}?q=python&page=1"), answer())
    recorder.record(get("https://jobs.example/other"), answer())
    with pytest.raises(ReplayMiss) as caught:
        ReplayTransport(folder).send(get(f"{URL}?q=python&page=2&key=canary"), timeout=1)
    text = str(caught.value)
    assert "page=2" in text
    assert "nearest that was: GET https://jobs.example/list?page=1&q=python" in text
    assert "canary" not in text


def test_an_empty_capture_misses_everything(folder, recorder):
    with pytest.raises(ReplayMiss, match="the capture is empty"):
        ReplayTransport(folder).send(get(), timeout=1)


def test_what_was_never_asked_is_listed(folder, recorder):
    for url in (f"{URL}?p=1", f"{URL}?p=2", f"{URL}?p=2"):
        recorder.record(get(url), answer())
    replay = ReplayTransport(folder)
    replay.send(get(f"{URL}?p=2"), timeout=1)
    assert sorted(replay.unused()) == [f"GET {URL}?p=1", f"GET {URL}?p=2"]
    replay.send(get(f"{URL}?p=2"), timeout=1)
    replay.send(get(f"{URL}?p=1"), timeout=1)
    assert replay.unused() == []


def test_another_host_answers_only_if_that_is_wanted(folder, recorder):
    recorder.record(get("http://127.0.0.1:1111/a?b=c"), answer(b"found"))
    request = get("http://127.0.0.1:2222/a?b=c")
    with pytest.raises(ReplayMiss):
        ReplayTransport(folder).send(request, timeout=1)
    again = ReplayTransport(folder, any_host=True).send(request, timeout=1)
    assert (again.content, again.url) == (b"found", "http://127.0.0.1:2222/a?b=c")


@pytest.mark.parametrize(
    ("location", "replayed"),
    [
        ("http://127.0.0.1:1111/b?c=d", "http://127.0.0.1:2222/b?c=d"),
        ("/b", "/b"),
        ("https://elsewhere.example/b", "https://elsewhere.example/b"),
    ],
)
def test_redirects_within_the_recorded_host_move_with_it(folder, recorder, location, replayed):
    recorder.record(get("http://127.0.0.1:1111/a"), answer(status=302, location=location))
    replay = ReplayTransport(folder, any_host=True)
    assert replay.send(get("http://127.0.0.1:2222/a"), timeout=1).header("location") == replayed


def test_a_folder_with_a_capture_is_not_written_to(folder, recorder):
    recorder.record(get(), answer(b"old"))
    with pytest.raises(RecordError, match="name another directory") as caught:
        Recorder(folder, redact=lambda content, kind: content, manifest={})
    assert str(folder) in str(caught.value)
    assert ReplayTransport(folder).send(get(), timeout=1).content == b"old"


def test_exchanges_without_a_manifest_are_not_overwritten_either(tmp_path):
    (tmp_path / "0007.json").write_text("mine")
    with pytest.raises(RecordError, match="is not empty"):
        Recorder(tmp_path, redact=lambda content, kind: content, manifest={})


@pytest.mark.parametrize("name", ["notes.txt", "result.json", ".manifest.json.draft"])
def test_a_folder_with_other_things_is_refused_and_left_as_it_was(tmp_path, name):
    victim = tmp_path.parent / f"victim of {tmp_path.name}"
    victim.write_text("mine")
    (tmp_path / name).symlink_to(victim)
    with pytest.raises(RecordError, match="is not empty"):
        Recorder(tmp_path, redact=lambda content, kind: content, manifest={})
    assert victim.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_no_link_is_followed_that_was_laid_meanwhile(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    recorder = Recorder(tmp_path / "in", redact=lambda content, kind: content, manifest={})
    (tmp_path / "in" / ".0001.json.draft").symlink_to(victim)
    with pytest.raises(RecordError, match="cannot write"):
        recorder.record(get(), answer())
    assert victim.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RecordError, match=r"cannot write to .*name another directory"):
            Recorder(place, redact=lambda content, kind: content, manifest={})


def test_a_disk_that_fails_on_the_way_is_reported(folder, recorder):
    (folder / "manifest.json").unlink()
    folder.rmdir()
    with pytest.raises(RecordError, match=r"cannot write .*0001\.json"):
        recorder.record(get(), answer())


def test_an_exchange_is_whole_or_not_there(folder, recorder, monkeypatch):
    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(RecordError, match="No space left"):
        recorder.record(get(), answer())
    monkeypatch.undo()
    assert not (folder / "0001.json").exists()
    with pytest.raises(ReplayMiss):
        ReplayTransport(folder).send(get(), timeout=1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest.json", None, "cannot read .*manifest.json"),
        ("manifest.json", "{", "manifest.json is damaged"),
        ("manifest.json", "[]", "manifest.json is damaged"),
        ("manifest.json", '{"a":' * 5000, "manifest.json is damaged"),
        ("manifest.json", "{}", "manifest.json names no format"),
        ("manifest.json", '{"format": "1"}', "manifest.json names no format"),
        ("manifest.json", '{"format": 999}', "format 999, this version reads up to 1: update"),
        ("0001.json", "", "0001.json is damaged"),
        ("0001.json", '{"request": {}}', "0001.json is damaged"),
        (
            "0001.json",
            (
                '{"request":{"method":"GET","url":"a","headers":{}},"response":'
                '{"status":200,"url":"a","headers":[],"encoding":"base64","body":"%%%"}}'
            ),
            "0001.json is damaged",
        ),
    ],
)
def test_what_is_no_capture_is_refused_by_name(folder, recorder, name, content, message):
    recorder.record(get(), answer())
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(RecordError, match=message):
        ReplayTransport(folder)


def test_a_folder_that_is_not_there_is_no_capture(tmp_path):
    with pytest.raises(RecordError, match="no capture"):
        ReplayTransport(tmp_path / "nowhere")


def test_errors_survive_the_way_between_processes():
    error = pickle.loads(pickle.dumps(ReplayMiss("GET x was not recorded")))
    assert isinstance(error, CollectError)
    assert (type(error), str(error)) == (ReplayMiss, "GET x was not recorded")


def test_a_run_is_recorded_with_redirects_and_failures_and_replays_alike(
    site, transport, make_client, folder, recorder, world
):
    site.answer(
        "/a", status=302, headers=[("Location", f"{site.url}/b"), ("Set-Cookie", "s=canary")]
    )
    site.answer("/b", b"fine", headers=[("Content-Type", "text/plain")])
    site.answer("/gone", b"gone", status=404)

    def run(client: Client, base: str) -> list[object]:
        outcome = [client.get(f"{base}/a").text, client.get(f"{base}/b").content_type]
        with pytest.raises(LayoutChanged) as caught:
            client.post(f"{base}/gone", json={"a": 1})
        return [*outcome, str(caught.value), client.requests, client.bytes_in]

    first = run(make_client(transport=transport, base_url=site.url, recorder=recorder), site.url)
    replay = ReplayTransport(folder, any_host=True)
    base = "http://127.0.0.1:1"
    second = run(make_client(transport=replay, base_url=base), base)
    assert first == second
    assert first[:2] == ["fine", "text/plain"]
    assert replay.unused() == []
    assert len(list(folder.glob("0*.json"))) == 4
    assert not any("canary" in path.read_text() for path in folder.iterdir())
