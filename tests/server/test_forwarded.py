"""Where a request came from: only the operator's own proxies are believed."""

from __future__ import annotations

from typing import Any

import pytest

from jobtracker_core.server.forwarded import Forwarded

PROXY = "10.0.0.2"


def seen(trusted: list[str], client: str | None, **headers: str) -> tuple[Any, str]:
    scope: Any = {
        "client": None if client is None else (client, 1234),
        "scheme": "http",
        "headers": [
            (f"x-forwarded-{name}".encode(), value.encode()) for name, value in headers.items()
        ],
    }
    Forwarded(trusted).apply(scope)
    return (scope["client"] and scope["client"][0]), scope["scheme"]


def told(addresses: str, proto: str = "https") -> dict[str, str]:
    return {"for": addresses, "proto": proto}


def test_without_proxies_nobody_is_believed() -> None:
    assert seen([], PROXY, **told("192.0.2.1")) == (PROXY, "http")


def test_a_stranger_is_not_believed() -> None:
    assert seen([PROXY], "192.0.2.9", **told("192.0.2.1")) == ("192.0.2.9", "http")


@pytest.mark.parametrize(
    ("addresses", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1, 10.0.0.3", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("rubbish", PROXY),
        ("192.0.2.1, rubbish", PROXY),
        ("", PROXY),
    ],
)
def test_the_first_stranger_from_the_right_is_the_client(addresses: str, client: str) -> None:
    assert seen(["10.0.0.0/24"], PROXY, **told(addresses)) == (client, "https")


def test_a_scheme_that_is_none_is_left_out() -> None:
    assert seen([PROXY], PROXY, **told("192.0.2.1", "javascript")) == ("192.0.2.1", "http")


def test_a_connection_without_an_address() -> None:
    assert seen([PROXY], None, **told("192.0.2.1")) == (None, "http")


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        Forwarded(["proxy.lan"])
