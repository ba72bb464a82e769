"""What comes over a connection: broken, endless, in pieces, and with other wishes."""

from __future__ import annotations

import pytest

from access import token_for
from jobtracker_core.server.protocol import LARGEST_HEAD

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /theme HTTP/1.1\r\nHost: localhost\r\n"


def test_what_is_no_request_is_refused_and_the_connection_with_it(line) -> None:
    for broken in (
        b"no request at all\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
        # Two lengths, or a length beside chunks: who else reads it may see another request.
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 1e3\r\n\r\n",
        GET + b"Broken header\r\n\r\n",
        GET + b"Spaced : x\r\n\r\n",
        GET + b" folded: x\r\n\r\n",
        GET + b"Zero: a\x00b\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        talk = line()
        talk.send(broken)
        assert talk.answer()[0] == 400, broken
        assert talk.is_closed(), broken
    for unended in (b"xchunked\r\n\r\n0\r\n\r\n", b"chunked\r\n\r\nnone\r\n{}\r\n"):
        # The answer has begun by then, or may have: there is nothing more to say.
        talk = line()
        talk.send(POST + b"Transfer-Encoding: " + unended)
        assert talk.is_closed(), unended
    well = line()
    well.send(GET + b"\r\n")
    assert well.answer()[0] == 200


def test_a_head_has_an_end(line) -> None:
    fits = line()
    fits.send(GET + b"X-Long: " + b"x" * (LARGEST_HEAD // 2) + b"\r\n\r\n")
    assert fits.answer()[0] == 200
    many = b"".join(b"X-%d: x\r\n" % n for n in range(LARGEST_HEAD // 4))
    for endless in (GET + b"X-Long: " + b"x" * 2 * LARGEST_HEAD, GET + many):
        talk = line()
        talk.send(endless)
        assert talk.answer()[0] == 400
    large = line()
    large.send(GET + many[: LARGEST_HEAD + 2000].rpartition(b"\r\n")[0] + b"\r\n\r\n")
    assert large.answer()[0] == 400


def test_a_large_body_in_one_piece_with_its_head_is_no_large_head(line) -> None:
    talk = line()
    body = b"theme=" + b"x" * (2 * LARGEST_HEAD)
    talk.send(POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    assert talk.answer()[0] != 400 or b"Invalid HTTP request" not in talk.answer()[2]


def test_trailers_are_no_headers_and_have_an_end(line, tracker) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    head = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    talk = line()
    talk.send(head + chunked + f"Authorization: Bearer {token_for(tracker)}\r\n\r\n".encode())
    assert talk.answer()[0] == 401
    endless = line()
    with pytest.raises(OSError):  # noqa: PT012  (whichever of them meets the end)
        endless.send(POST + chunked + b"X-Long: " + b"x" * 2 * LARGEST_HEAD)
        while True:
            endless.send(b"x" * LARGEST_HEAD)


def test_who_wishes_for_another_protocol_is_answered_in_this_one(line) -> None:
    wish = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    talk = line()
    body = b'{"name": "x"}'
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    for _ in range(2):
        talk.send(GET + wish + b"\r\n")
        assert talk.answer()[0] == 200
        talk.send(b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n" + wish + length + body)
        assert talk.answer()[0] == 401
        talk.send(GET + b"\r\n")
        assert talk.answer()[0] == 200
    socket_like = line()
    socket_like.send(GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert socket_like.answer()[0] == 200


def test_requests_that_follow_at_once_are_answered_in_their_order(line) -> None:
    talk = line()
    paths = (b"/healthz", b"/api/v1/jobs", b"/nowhere", b"/healthz")
    talk.send(b"".join(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths))
    assert [talk.answer()[0] for _ in paths] == [200, 401, 404, 200]
    slow = line()
    for byte in GET + b"\r\n":
        slow.send(bytes([byte]))
    assert slow.answer()[0] == 200
    last = line()
    last.send(GET + b"Connection: close\r\n\r\n")
    status, headers, _ = last.answer()
    assert (status, headers[b"connection"]) == (200, b"close")
    assert last.is_closed()
