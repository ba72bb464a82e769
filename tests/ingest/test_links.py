import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.ingest import links

LIMITED = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Example.COM:443/a/../b/./c?b=2&a=1#top", "https://example.com/b/c?b=2&a=1"),
        ("http://example.com:80", "http://example.com/"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("https://example.com./x", "https://example.com/x"),
        (
            "https://münchen.example/ä ö?q=ü",
            "https://xn--mnchen-3ya.example/%C3%A4%20%C3%B6?q=%C3%BC",
        ),
        ("https://x.example/%7euser/%2e%2e/%3f", "https://x.example/%3F"),
        ("https://x.example/100%", "https://x.example/100%25"),
        ("https://x.example/#/jobs/1", "https://x.example/#/jobs/1"),
        ("https://x.example/#!jobs", "https://x.example/#!jobs"),
        (
            "https://x.example/?utm_source=a&gclid=b&trk=c&trackingId=d&refId=e&id=1",
            "https://x.example/?id=1",
        ),
        ("https://x.example/?id=1&id=2&&q=", "https://x.example/?id=1&id=2&q="),
        ("https://x.example/apply?for=me%40firm.de&id=1", "https://x.example/apply?id=1"),
        ("https://x.example/?m=me&#64;firm.de&id=1", "https://x.example/?id=1"),
        ("https://x.example/?m=me%2540firm.de&id=1", "https://x.example/?id=1"),
        ("https://x.example/?m=me%26%2364%3Bfirm%2Ede&id=1", "https://x.example/?id=1"),
        ("https://x.example/?m=me＠firm.de&id=1", "https://x.example/?id=1"),
        ("https://x.example/a/me%2540firm.de/b", "https://x.example/a/removed/b"),
        ("https://x.example/a@b.com@c.de/1", "https://x.example/removed/1"),
        ("https://x.example/#/a?m=me%252540firm.de", "https://x.example/"),
        ("https://x.example/me@firm.de/1", "https://x.example/removed/1"),
        ("https://x.example/@user.name/1", "https://x.example/@user.name/1"),
        ("https://x.example/logo@2x.png", "https://x.example/logo@2x.png"),
        (" https://x.example/a\n\tb ", "https://x.example/ab"),
        ("https://[2001:DB8::1]/", "https://[2001:db8::1]/"),
    ],
)
def test_canonical(url, expected):
    assert links.canonical(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "/jobs/1",
            "//x.example/",
            "ftp://x.example/",
            "javascript:alert(1)",
            "mailto:a@b.de",
        ),
        *("https://", "https://user:pw@x.example/", "https://x.example:99999/", "https://x..y/"),
        *("https://x.example:port/", "https://a b.example/", "https://x.example\\@evil.example/"),
        *("https://[::1/", "https://%41.example/", "https://-x.example/", "data:text/html,x"),
        "https://x.example/" + "a" * 2000,
    ],
)
def test_what_is_no_usable_link_is_refused(url):
    assert links.canonical(url) is None


def test_tracking_does_not_make_a_link_too_long():
    assert links.canonical("https://x.example/?utm_id=" + "a" * 5000) == "https://x.example/"


@LIMITED
@given(st.data())
def test_canonical_is_idempotent_short_and_ascii(some, data):
    url = links.canonical(data.draw(some.urls))
    if url is not None:
        assert links.canonical(url) == url
        assert len(url) <= links.LIMIT
        assert url.isascii()
        assert url.startswith(("http://", "https://"))


@LIMITED
@given(st.data())
def test_no_address_is_left(some, address, data):
    email = data.draw(some.emails)
    for url in (
        f"https://x.example/a/{email}?q={email}#/{email}",
        f"https://x.example/?a&b={email}&c",
    ):
        canonical = links.canonical(url.replace("@", data.draw(st.sampled_from(["@", "%40"]))))
        assert canonical is not None
        assert not address.search(canonical)
