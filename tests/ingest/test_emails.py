import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.contract.info import Private
from jobtracker_core.ingest import emails, html, private, text

LIMITED = settings(max_examples=100, deadline=None)

DISGUISES = [
    *("jane＠acme.com", "jane﹫acme.com", "jane＠ａｃｍｅ．ｃｏｍ", "ⓙⓐⓝⓔ@ⓐⓒⓜⓔ.ⓒⓞⓜ"),
    *("jane@\u200dacme.com", "ja\u00adne@ac\u00adme.c\u200dom", "jane\u2060@\u2066acme\u2069.com"),
    *("jane@acme。com", "jane@acme․com", "jane@acme｡com"),
    *('"jane doe"@acme.com', "jane @ acme.com", "Jane.Doe @ Acme.com", "jane@acme dot com"),
    *("jane%40acme.com", "jane%2540acme%252Ecom", "jane %40 acme.com", "jane@acme[.]com"),
    *("jane at acme dot com", "jane at acme [dot] co [dot] uk", "jane (at) acme dot com"),
    *("jane [at] acme [dot] com", "jane(at)acme.com", "jane {at} acme {dot} com"),
    *("jane&#64;acme.com", "jane&#x40;acme&#46;com", "jane&amp;#64;acme.com"),
    *("jane&commat;acme&period;com", "&#106;&#97;ne&amp;amp;#064;&#97;cme.com"),
]


@pytest.mark.parametrize("written", DISGUISES)
def test_no_disguise_helps(written):
    sentence = f"Write (to) {written}, or call"
    gone = f"Write (to) {emails.REMOVED}, or call"
    assert emails.has_email(sentence)
    assert emails.replace_emails(sentence) == gone
    assert text.clean(sentence, 500) == gone
    assert html.sanitise(sentence) == f"<p>{gone}</p>"
    assert html.sanitise(f"<b>x</b> {sentence}") == f"<b>x</b> {gone}"
    assert private.redact_text(sentence, Private()) == gone
    assert private.redact_text(f"<p>{sentence}</p>", Private()) == f"<p>{gone}</p>"
    assert private.blank_json({"a": [sentence]}, Private()) == {"a": [gone]}


@pytest.mark.parametrize(
    "written", ["jane&#x40;acme&#46;com", "jane&amp;#64;acme.com", "jane＠acme.com"]
)
def test_json_is_searched_for_encoded_addresses(written):
    body = f'{{"a": "to {written}", "b": "R&amp;D &#38; &#64;"}}'
    kept = private.redact(body.encode(), "application/json", Private()).decode()
    assert kept == '{"a": "to [e-mail removed]", "b": "R&amp;D &#38; &#64;"}'


@pytest.mark.parametrize(
    "sentence",
    [
        *("Engineer @ Booking.com", "data engineer @ booking.com", "Follow us @acme.com", "C@ too"),
        *("look at the dot in it", "work at a dot com company", "Meet at Acme.com", "at 5 dot com"),
        *("look at this. Dot com boom", "20 @ 5.00 per hour", "logo@2x.png", "logo @ 2x.png"),
        *("会社@東京。大阪", "50%40 done", "&#64; and &amp;#64;", '{"b":"@acme.com","c":"@x.de"}'),
    ],
)
def test_what_is_no_address_stays(sentence):
    assert emails.replace_emails(sentence) == sentence
    assert not emails.has_email(sentence)


def test_find_emails_gives_their_places():
    written = "a me@x.de b&#64;&amp; you&#64;y%2Eexample.com ＠"
    assert [written[start:end] for start, end in emails.find_emails(written)] == [
        "me@x.de",
        "you&#64;y%2Eexample.com",
    ]


def test_an_address_goes_on_behind_a_break_only_at_its_sign():
    mark = emails.LINE_BREAK
    for written in (f"me@{mark} {mark}x.de", f"me {mark}@x.de", f"me@x{mark}.de"):
        assert emails.find_emails(written) == [(0, len(written))]
    written = f"Contact{mark}me@x.de{mark}or"
    assert emails.find_emails(written) == [(8, 15)]


@LIMITED
@given(st.data())
def test_replacing_is_idempotent(some, data):
    written = data.draw(st.lists(st.one_of(st.sampled_from(DISGUISES), some.words)).map(" ".join))
    kept = emails.replace_emails(written)
    assert emails.replace_emails(kept) == kept
    assert not emails.has_email(kept)


LONG = 64 * 1024
PREFIXES = [
    *(
        "<!--",
        "<a ",
        '<a href="',
        "&#",
        "&amp;",
        '{"',
        '\\"',
        "\\",
        "@",
        "a@",
        "a@a ",
        "a@a.",
        "$1",
    ),
    *("<pre>", "<pre ", "<br>", "<br>@<br>a.", "<td>@</td>", "<script ", "<script>", "userId={"),
    *("userId:", "'userId':", "&quot;", "%25", "a%40a.", "\\u0040", " at a dot ", "[at]a(dot)"),
    *(
        "\u200d",
        "a\u200d@",
        "\ue002@",
        "a@\u3002",
        '"a"@',
        " @ a",
        "\\u005c",
        '="',
        "value=",
        "<div></div>",
    ),
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_repeated_openings_take_little_time(prefix):
    source = (prefix * (LONG // len(prefix)))[:LONG]
    known = Private(json_keys=frozenset(["userId"]))
    begun = time.process_time()
    html.sanitise(source)
    html.to_text(source)
    text.clean(source, 5_000)
    for media in ("application/json", "text/html", "text/javascript", "text/plain"):
        private.redact((source + " ").encode(), media, known)
    # A generous bound: what costs the square of its input takes far longer.
    assert time.process_time() - begun < 8


PIECES = [
    *("jo", "ann.b", "@", " at ", " AT ", "(at)", "[ @ ]", "&#64;", "%40", "%2540", "\\u0040"),
    *("&commat;", "mail", ".", " dot ", "(dot)", "example", "com", "io", " ", "\n", '"', "at"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_what_is_passed_over_quickly_holds_no_address(text: str) -> None:
    if emails.has_email(text):
        assert emails.replace_emails(text) != text
