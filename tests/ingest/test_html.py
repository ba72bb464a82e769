import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core.ingest import html

LIMITED = settings(max_examples=150, deadline=None)
ALLOWED = {
    *(
        "a",
        "b",
        "code",
        "em",
        "i",
        "strong",
        "u",
        "blockquote",
        "br",
        "div",
        "h2",
        "h3",
        "h4",
        "h5",
    ),
    *("h6", "li", "ol", "p", "pre", "ul", "table", "thead", "tbody", "tfoot", "tr", "th", "td"),
}


def assert_harmless(markup: str) -> None:
    body = LexborHTMLParser(markup).body
    assert body is not None
    for node in body.css("*"):
        if node.tag == "body":
            continue
        assert node.tag in ALLOWED
        attributes = dict(node.attributes)
        if node.tag == "a":
            href = attributes.pop("href", None)
            if href is not None:
                assert href.startswith(("https://", "http://"))
                assert attributes.pop("rel") == "noopener nofollow"
        attributes.pop("rel", None)
        assert attributes == {}


@pytest.mark.parametrize(
    ("given_markup", "expected"),
    [
        ("one\ntwo\n\n\nthree & <four", "<p>one<br>two</p><p>three &amp; &lt;four</p>"),
        ("one\r\n\r\ntwo", "<p>one</p><p>two</p>"),
        ("<p>a</p><p class=x style='y' id=z>b</p>", "<p>a</p><p>b</p>"),
        (
            "<h1>T</h1><section>a</section><section>b</section>",
            "<h2>T</h2><div>a</div><div>b</div>",
        ),
        ("<h7>a</h7>", "<p>a</p>"),
        ("&lt;p&gt;as a &lt;b&gt;whole&lt;/b&gt;&lt;/p&gt;", "<p>as a <b>whole</b></p>"),
        ("<p>1 &lt; 2</p>", "<p>1 &lt; 2</p>"),
        ("<p>a<img src=x.png>b", "<p>ab</p>"),
        (
            "<a href='HTTPS://X.example/?utm_source=1' target=_blank>x</a>",
            '<a href="https://x.example/" rel="noopener nofollow">x</a>',
        ),
        ("<a href='/relative'>x</a>", '<a rel="noopener nofollow">x</a>'),
        ("<pre>\n\n a\n  b</pre>", "<pre> a\n  b</pre>"),
        ("<pre>" + "\n" * 50 + "a</pre>", "<pre>a</pre>"),
        ("<p>a&#13;b</p>", "<p>a\nb</p>"),
        ("<p>\x00\u202eé</p>", "<p>é</p>"),
        ("<p>e\u0301</p>", "<p>é</p>"),
        ("<p>\u0338x</p>", "<p>\u0338x</p>"),
        *[
            (empty, None)
            for empty in ("", " \n", "<br>", "<p>&nbsp;</p>", "<script>x</script>", "<img>")
        ],
    ],
)
def test_sanitise(given_markup, expected):
    assert html.sanitise(given_markup) == expected


@pytest.mark.parametrize(
    "written",
    [
        *("me@firm.example", "<p>me&#64;firm.example</p>", "<b>me</b>@<i>firm</i>.example"),
        *("me<span>@</span>firm.example", "<p>&#109;&#101;&#x40;firm&period;example</p>"),
        *("<a href='mailto:me@firm.example'>me@firm.example</a>", "me\u200b@firm.example"),
        *("<a href='https://x.example/?to=me@firm.example'>x</a>", "me (at) firm (dot) example"),
        *(
            "&lt;b&gt;me@firm.example&lt;/b&gt;",
            "<a href='https://x.example/me%40firm.example'>x</a>",
        ),
        "<p title='me@firm.example'>x</p>",
    ],
)
def test_addresses_go(written):
    for around in ("{}", "<p>Write to {} or call</p>", "before<br>{}<br>after"):
        sanitised = html.sanitise(around.format(written)) or ""
        shown = html.to_text(sanitised)
        assert "firm" not in sanitised
        assert "@" not in shown


def test_tags_that_break_lines_keep_texts_apart():
    assert html.sanitise("<p>me</p><p>@firm.example</p>") == "<p>me</p><p>@firm.example</p>"


@pytest.mark.parametrize(
    ("markup", "kept"),
    [
        ("<p>to jane@<br>acme.com</p>", "<p>to [e-mail removed]<br></p>"),
        ("<div>jane@</div><div>acme.com</div>", "<div>[e-mail removed]</div><div></div>"),
        (
            "<table><tr><td>jane</td>\n<td>@acme.com</td></tr></table>",
            "<table><tbody><tr><td>[e-mail removed]</td><td></td></tr></tbody></table>",
        ),
        (
            "<div>Jane</div><div>a@b.de</div><div>x</div>",
            "<div>Jane</div><div>[e-mail removed]</div><div>x</div>",
        ),
    ],
)
def test_addresses_over_lines_and_cells_go(markup, kept):
    assert html.sanitise(markup) == kept


def test_a_comment_around_a_sign_is_still_a_comment():
    assert html.sanitise("<!-- a < b -->text") == "<p>text</p>"
    assert html.sanitise("<!-- a < b") == html.sanitise("&lt;!-- a &lt; b")


def test_nh3_gets_at_most_64_kb(monkeypatch):
    sizes = []

    class Spy:
        def clean(self, markup):
            sizes.append(len(markup.encode()))
            return "<p>x</p>"

    monkeypatch.setattr(html, "_CLEANER", Spy())
    for source in ("<div>" * 100_000, "ä" * 100_000, "&lt;p>" * 100_000, "a\n\n" * 60_000):
        html.sanitise(source)
    assert sizes
    assert max(sizes) <= 64 * 1024


@pytest.mark.parametrize(
    "source",
    [
        *("<b>x" * 30_000, "<a href=https://x.example>y" * 8_000, "&" * 70_000, "€" * 40_000),
        *("<table>" * 9_000 + "x", "<p>" * 30_000 + "x", "me@x.de " * 10_000, "&amp;" * 14_000),
    ],
)
def test_the_result_fits_and_is_stable(source):
    sanitised = html.sanitise(source)
    if sanitised is not None:
        assert len(sanitised.encode()) <= html.LIMIT
        assert html.sanitise(sanitised) == sanitised


def test_cut_keeps_characters_and_tags_whole():
    assert html.cut("aä<b>", 5) == "aä"
    assert html.cut("aä<b>", 6) == "aä<b>"
    assert html.cut("aaä", 3) == "aa"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a\n b</p><p>c</p>", "a b\n\nc"),
        ("<ul><li>a</li><li><p>b</p></li></ul>x", "- a\n- b\n\nx"),
        ("<div>a</div><div>b<br>c</div>", "a\nb\nc"),
        ("<pre>a\n b</pre>", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("<p>1 &lt; 2 &amp;amp; 3</p><script>x</script>", "1 < 2 &amp; 3"),
        ("", ""),
    ],
)
def test_to_text(markup, expected):
    assert html.to_text(markup) == expected


@LIMITED
@given(st.data())
def test_sanitise_is_idempotent_and_harmless(some, address, data):
    sanitised = html.sanitise(data.draw(some.markup))
    if sanitised is not None:
        assert html.sanitise(sanitised) == sanitised
        assert_harmless(sanitised)
        assert not address.search(sanitised)
        assert not address.search(html.to_text(sanitised))


@LIMITED
@given(st.text(st.characters(codec=None)))
@example("\ud800<p>\ud800")
def test_any_text_can_be_sanitised_and_stored(source):
    for kept in (html.sanitise(source) or "", html.to_text(source)):
        assert kept.encode().decode() == kept
        assert "\x00" not in kept


XSS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=`x` onerror=alert(1)//",
    "<IMG SRC=javascript:alert('x')>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math href='javascript:alert(1)'>x</math>",
    "<body onload=alert(1)>x",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#106;&#97;vascript&colon;alert(1)'>x</a>",
    "<a href=' \x01javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='//evil.example' onmouseover=alert(1)>x</a>",
    "<a href='https://x.example/\" onclick=\"alert(1)'>x</a>",
    "<a href=https://x.example style=position:fixed;inset:0>x</a>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>x</iframe>",
    "<object data=javascript:alert(1)>x</object>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<base href='javascript:/'>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<title><img src=x onerror=alert(1)></title>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<template><img src=x onerror=alert(1)></template>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><img src=x onerror=alert(1)>",
    "<select><option><style></option></select><img src=x onerror=alert(1)></style>",
    "<table><td background=javascript:alert(1)>x",
    "&lt;script&gt;alert(1)&lt;/script&gt;<p>x",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&amp;lt;img src=x onerror=alert(1)&amp;gt;",
    "<p>\ufeff<\x00script>alert(1)</script>",
    "<\u200bscript>alert(1)</script>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<x onclick=alert(1)>x</x>",
    "<plaintext><img src=x onerror=alert(1)>",
]


@pytest.mark.parametrize("vector", XSS)
def test_attacks_do_nothing(vector):
    for source in (vector, f"<p>before {vector} after</p>", f"<ul><li>{vector}</ul>" * 2):
        sanitised = html.sanitise(source)
        if sanitised is not None:
            assert_harmless(sanitised)
            assert html.sanitise(sanitised) == sanitised


@pytest.mark.parametrize(
    "markup",
    [
        "".join(f"<i class=c{number}><p>" for number in range(3_000)) + "Hello",
        "<div>" * 8_000 + "Hello",
        "<div>" * 3_000 + "Hello",
    ],
    ids=["reopened", "nested", "nested once they are closed"],
)
def test_tags_that_would_cost_gigabytes_are_left_out(markup: str) -> None:
    assert html.sanitise(markup) == "<p>Hello</p>"
    assert html.to_text(markup) == "Hello"
