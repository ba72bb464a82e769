import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.contract.info import Private
from jobtracker_core.ingest import private

LIMITED = settings(max_examples=100, deadline=None)
PRIVATE = Private(
    json_keys=frozenset(["userId", "viewers", "recruiter"]),
    selectors=(".recruiter", "#me", "p[data-user]"),
)
JSON, HTML = "application/json; charset=utf-8", "text/html; charset=utf-8"
CANARY = "hush4711"


def redact(body: str, content_type: str = JSON) -> str:
    kept = private.redact(body.encode(), content_type, PRIVATE)
    assert private.redact(kept, content_type, PRIVATE) == kept
    return kept.decode()


def shape(value: object) -> object:
    """Types alone: what typed decoding sees."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('{"userId": "u1", "a": 1}', '{"userId": "", "a": 1}'),
        ('{"userId": 12.5e3}', '{"userId": 0}'),
        ('{"userId": null, "a": [{"userId": true}]}', '{"userId": null, "a": [{"userId": false}]}'),
        ('{"viewers": ["a", {"b": "]"}], "z": 1}', '{"viewers": [], "z": 1}'),
        ('{"recruiter": {"name": "}\\"", "x": [1]}, "z": 1}', '{"recruiter": {}, "z": 1}'),
        ('{"user\\u0049d": "u1"}', '{"user\\u0049d": ""}'),
        ('{"accessToken": "t", "api_key": "k", "Authorization": "b"}',
         '{"accessToken": "[removed]", "api_key": "[removed]", "Authorization": "[removed]"}'),
        ('{"session": {"id": 7, "v": ["s", ""]}, "z": "s"}', '{"session": {"id": 0, "v": ["[removed]", ""]}, "z": "s"}'),
        ('{"nextPageToken": "cursor", "tokens": 5}', '{"nextPageToken": "cursor", "tokens": 5}'),
        ('{"a": "me@firm.de", "b": "me\\u0040firm.de"}', '{"a": "[e-mail removed]", "b": "[e-mail removed]"}'),
        ('{"me@firm.de": 1}', '{"[e-mail removed]": 1}'),
        ('{"nested": "{\\"userId\\": \\"u1\\", \\"n\\": 1}"}', '{"nested": "{\\"userId\\": \\"\\", \\"n\\": 1}"}'),
        ('[1E400, 1.0, 123456789012345678901234567890, "\\/", "\\ud83d"]',
         '[1E400, 1.0, 123456789012345678901234567890, "\\/", "\\ud83d"]'),
        ("\ufeff{}", "{}"),
        ("", ""),
    ],
)  # fmt: skip
def test_json(body, kept):
    assert redact(body) == kept


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('{"userId": "secr', '{"userId": ""'),
        ('{"userId": "secr\\u00', '{"userId": ""'),
        ('{"viewers": [{"a": "secr', '{"viewers": []'),
        ('{"userId": 12', '{"userId": 0'),
        ('{"userId": tr', '{"userId": null'),
        ('{"token": "secr', '{"token": "[removed]"'),
        ('{"a": "write to jo.doe@fir', '{"a": "write to '),
        ('{"a": "half an esc\\u00', '{"a": "half an esc\\u00'),
        (')]}\',\n{"userId": "u1"}', ')]}\',\n{"userId": ""}'),
    ],
)
def test_cut_and_guarded_json(body, kept):
    assert redact(body) == kept


HEAD = "<!DOCTYPE html><html><head><title>t</title></head><body>"


@pytest.mark.parametrize(
    "part",
    [
        f'<div class="recruiter"><b>{CANARY}</b><p class="recruiter">x</p></div>',
        f'<p data-user="1">{CANARY}</p>',
        f'<script type="application/json">{{"userId": "{CANARY}"}}</script>',
        f'<script id=__NEXT_DATA__ type=application/json>{{"a": {{"viewers": ["{CANARY}"]}}}}</script>',
        f'<script type="application/ld+json">[{{"userId": "{CANARY}"}}]</script>',
        f'<script>window.state = {{userId: "{CANARY}", "viewers": [["{CANARY}"]], x: 1}};</script>',
        f"<script>var x = JSON.parse('{{\\\"userId\\\": \\\"{CANARY}\\\"}}'); var csrf = '{CANARY}'</script>",
        f'<code><!--{{"userId": "{CANARY}"}}--></code>',
        f"<code>{{&quot;userId&quot;:&quot;{CANARY}&quot;,&quot;a&quot;:1}}</code>",
        f'<div data-x=\'{{"userId": "{CANARY}"}}\'>x</div>',
        f'<div data-x="{{&quot;viewers&quot;:[&quot;{CANARY}&quot;]}}">x</div>',
        f'<input type=hidden name="csrf_token" value="{CANARY}">',
        f'<meta name="csrf-token" content="{CANARY}">',
        f"<p>{CANARY}@firm.de</p>",
        f"<p>{CANARY}&#64;firm&#46;de</p>",
        f'<a href="mailto:{CANARY}@firm.de?subject=x">x</a>',
        f"<a title='{CANARY}@firm.de'>x</a>",
        f'<script>var x = "{CANARY}\\u0040firm.de"</script>',
        '<span data-cfemail="abcdef4711">x</span>',
    ],
)
def test_html(part):
    page = f"{HEAD}<p>before</p>{part}<p>after</p></body></html>"
    kept = redact(page, HTML)
    assert CANARY not in kept
    assert "abcdef4711" not in kept
    assert "<p>before</p>" in kept
    assert "<p>after</p>" in kept
    cut = redact(page[: page.index("after")], HTML)
    assert CANARY not in cut


def test_json_in_html_stays_json():
    item = {"userId": 5, "text": "</script> me@firm.de", "n": [1, None]}
    script = json.dumps(item).replace("</", "<\\/")
    kept = redact(
        f'{HEAD}<script id="d" type="application/json">{script}</script></body></html>', HTML
    )
    found = kept.partition('type="application/json">')[2].partition("</script>")[0]
    assert json.loads(found) == {"userId": 0, "text": "</script> [e-mail removed]", "n": [1, None]}


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html>\n\n<!---->",
        "<li>a<li>b",
        "<p class=x>1 &lt 2 &copy; 'q'</p>\n<br/>",
        HEAD,
        "<svg/>",
    ],
)
def test_html_without_anything_private_stays_as_it_is(page):
    assert redact(page, HTML) == page


def test_a_fragment_stays_a_fragment():
    assert redact('<li class="recruiter">a</li><li>b</li>', HTML) == "<li>b</li>"


@pytest.mark.parametrize(
    ("body", "content_type", "kept"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", "image/png", b""),
        (b"\x00\x01", "text/html", b""),
        (b"\xff\xfe\xfd", "", b""),
        (b'{"userId": "u1"}', "", b'{"userId": ""}'),
        (b'{"userId": "u1"}', "text/plain", b'{"userId": ""}'),
        (b"<p id=me>x</p><p>y</p>", "application/json", b"<p>y</p>"),
        ('{"a": "ü", "userId": "ü"}'.encode("latin-1"), "application/json; charset=latin-1", '{"a": "ü", "userId": ""}'.encode("latin-1")),
        (b'{"userId": "u1"}', "application/json; charset=no-such", b'{"userId": ""}'),
        (b'{"userId": "u1\xc3"}', "application/json; charset=idna", b'{"userId": ""}'),
        (b'{"a": "\xc3', "application/json", '{"a": "\ufffd'.encode()),
        (b"token=t&q=x&userId=u&to=me%40firm.de&e=", "application/x-www-form-urlencoded", b"token=[removed]&q=x&userId=&to=[e-mail removed]&e="),
        (b'var a = {userId: "u1"}', "text/javascript", b'var a = {userId: ""}'),
        (b"write to me@firm.de", "text/plain", b"write to [e-mail removed]"),
    ],
)  # fmt: skip
def test_kinds_of_bodies(body, content_type, kept):
    assert private.redact(body, content_type, PRIVATE) == kept
    assert private.redact(kept, content_type, PRIVATE) == kept


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("{'userId':['u1']}", "{'userId':[]}"),
        ("[1, {'userId': 'u1, u2', 'a': 1}]", "[1, {'userId': '', 'a': 1}]"),
        ("userId=[u1,u2], a", "userId=[], a"),
        ("userId: u1, u2\nnext", "userId: \nnext"),
        ("X(userId=('u1', 'u)2'), a=1)", "X(userId=(), a=1)"),
        ("userId = {'u1', 'u2'} a", "userId = {} a"),
        ("[log] viewers=<Users u1 u2>; a", "[log] viewers=; a"),
        ("'userId':\n  a", "'userId':\n  null"),
        ("no_userId: a, userIds: b, userId == c", "no_userId: a, userIds: b, userId == c"),
    ],
)
def test_messages(message, kept):
    assert private.redact_text(message, PRIVATE) == kept
    assert redact(message, "text/plain") == kept


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("""{"html": "<div class='recruiter'>Jane R</div>x"}""", '{"html": "x"}'),
        ('{"n": "{\\"h\\": \\"<p id=me>J</p>y\\"}"}', '{"n": "{\\"h\\": \\"y\\"}"}'),
        ('{"a": "<p>1 &lt 2<br/>\\u00e9", "b": "<i id=me>x</i>"}', '{"a": "<p>1 &lt 2<br/>\\u00e9", "b": ""}'),
        ('{"a": "y<div id=me>Jane', '{"a": "y'),
    ],
)  # fmt: skip
def test_selectors_reach_html_within_json(body, kept):
    assert redact(body) == kept
    script = '<script type="application/json">{}</script>'
    assert script.format(kept) in redact(HEAD + script.format(body), HTML)


def test_selectors_reach_html_within_raw_items():
    item = {"a": ["<p class=recruiter>Jane</p><p>x</p>"], "b": "<p>1 &lt 2<br/>"}
    assert private.blank_json(item, PRIVATE) == {"a": ["<p>x</p>"], "b": "<p>1 &lt 2<br/>"}


def test_strings_nested_without_end_are_no_trouble():
    quotes = ["\\" + "u005c" * depth + "u0022" for depth in range(400)]
    kept = private.redact(('{"{' + "{".join(quotes)).encode(), JSON, PRIVATE)
    assert kept.startswith(b'{"{')


def test_a_bad_selector_is_named():
    with pytest.raises(ValueError, match=r"'p\[\[' is not valid CSS"):
        private.blank_html("<p>x</p>", Private(selectors=("p[[",)))


def test_blank_json():
    item = {
        "userId": 5,
        "inner": [{"viewers": ["a"], "recruiter": {"n": 1}, "userId": "x"}],
        "token": "t",
        "text": "me@firm.de\x00",
        "nan": float("nan"),
        "html": '<p>{"userId": "u1"}</p>',
        "ok": True,
    }
    before = json.dumps(item)
    assert private.blank_json(item, PRIVATE) == {
        "userId": 0,
        "inner": [{"viewers": [], "recruiter": {}, "userId": ""}],
        "token": "[removed]",
        "text": "[e-mail removed]",
        "nan": None,
        "html": '<p>{"userId": ""}</p>',
        "ok": True,
    }
    assert json.dumps(item) == before


def test_blank_json_ends_at_great_depth():
    item: object = "deep"
    for _ in range(5_000):
        item = [item]
    assert "deep" not in json.dumps(private.blank_json(item, PRIVATE))


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
keys = st.one_of(st.sampled_from(["id", "title", "a b", 'q"', "x\\"]), st.text(max_size=5))
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
hidden = st.one_of(
    st.just(CANARY),
    st.text(max_size=5).map(lambda text: text + CANARY),
    st.lists(st.just(CANARY), min_size=1, max_size=2),
    st.fixed_dictionaries(
        {"name": st.just(CANARY), "more": st.lists(st.just([CANARY]), max_size=2)}
    ),
)


@st.composite
def documents(draw):
    return {
        "before": draw(trees),
        "list": [
            draw(trees),
            {draw(st.sampled_from(sorted(PRIVATE.json_keys))): draw(hidden), "x": draw(trees)},
        ],
        "recruiter": draw(hidden),
        "after": draw(trees),
    }


@LIMITED
@given(documents(), st.booleans(), st.sampled_from([None, 2]))
def test_redacted_json_is_json_without_private_values(document, ascii_only, indent):
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    kept = private.redact(body, JSON, PRIVATE)
    found = json.loads(kept)
    assert CANARY.encode() not in kept
    assert private.redact(kept, JSON, PRIVATE) == kept
    assert found["recruiter"] == type(document["recruiter"])()
    assert shape(found["before"]) == shape(json.loads(body)["before"])
    assert CANARY not in json.dumps(private.blank_json(document, PRIVATE))


@LIMITED
@given(documents(), st.data())
def test_a_prefix_of_json_never_shows_a_private_value(document, data):
    body = json.dumps(document).encode()
    cut = data.draw(st.integers(0, len(body)))
    kept = private.redact(body[:cut], JSON, PRIVATE)
    # Not even its beginning; short ones may stand elsewhere by chance.
    assert CANARY[:5].encode() not in kept
    assert private.redact(kept, JSON, PRIVATE) == kept


def test_every_prefix_of_one_document():
    document = {
        "a": 'x\\"',
        "viewers": [{"n": f'"{CANARY}\\'}, [CANARY]],
        "n": {"userId": CANARY},
        "z": "é",
    }
    body = json.dumps(document)
    for cut in range(len(body) + 1):
        assert CANARY[:4] not in redact(body[:cut])


@LIMITED
@given(st.data())
def test_any_text_can_be_redacted(some, address, data):
    written = data.draw(some.markup) + data.draw(
        st.sampled_from(["", '{"userId": "', "<script>x={", "'"])
    )
    content_type = data.draw(st.sampled_from([JSON, HTML, "text/plain", "text/javascript", ""]))
    body = written.encode("utf-8", "replace")
    kept = private.redact(body, content_type, PRIVATE)
    assert not address.search(kept.decode())
    assert private.redact(kept, content_type, PRIVATE) == kept


def test_recordings_stay_readable():
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    if not folder:
        pytest.skip("JOBTRACKER_RECORDINGS is not set")
    bodies = [path for path in Path(folder).rglob("*") if path.suffix in {".json", ".html"}]
    assert bodies
    for path in bodies:
        body = path.read_bytes()
        content_type = JSON if path.suffix == ".json" else HTML
        kept = private.redact(body, content_type, PRIVATE)
        assert private.redact(kept, content_type, PRIVATE) == kept, path.name
        if path.suffix == ".json":
            assert shape(json.loads(kept)) == shape(json.loads(body)), path.name


def test_what_one_pass_makes_of_a_broken_text_is_redacted_again() -> None:
    keys = Private(json_keys=frozenset({"userId"}))
    once = private.redact(b'<A@0.AA{"userId": "', "application/json", keys)
    assert private.redact(once, "application/json", keys) == once
    assert b"A@0.AA" not in once
