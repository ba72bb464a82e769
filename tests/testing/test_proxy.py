"""The proxy that watches collectors with their own HTTP."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from jobtracker_core.testing.proxy import MARK, PASSWORD, InterceptProxy, Passed
from tests.testing.board import BoardSite


@pytest.fixture
def site() -> Iterator[BoardSite]:
    with BoardSite(postings=5) as site:
        yield site


@pytest.fixture
def proxy(site: BoardSite) -> Iterator[InterceptProxy]:
    with InterceptProxy(site) as proxy:
        yield proxy


def get(proxy: InterceptProxy, url: str, *, through: str | None = None) -> bytes:
    address = through or proxy.url
    context = ssl.create_default_context(cafile=str(proxy.ca_cert))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": address, "https": address}),
        urllib.request.HTTPSHandler(context=context),
    )
    with opener.open(url, timeout=60) as response:
        return bytes(response.read())


def test_any_host_is_answered_by_the_site(proxy: InterceptProxy, site: BoardSite) -> None:
    over_tls = get(proxy, "https://board.example/api/jobs/job-1")
    plain = get(proxy, "http://other.example:81/api/jobs/job-1?a=b")
    assert b"Engineer & Builder 1" in over_tls
    assert over_tls == plain
    assert proxy.passed == [
        Passed(scheme="https", host="board.example", method="GET", path="/api/jobs/job-1"),
        Passed(scheme="http", host="other.example:81", method="GET", path="/api/jobs/job-1"),
    ]
    assert [seen.headers[MARK] for seen in site.requests] == [proxy.mark] * 2
    assert [seen.headers["host"] for seen in site.requests] == ["board.example", "other.example:81"]
    assert site.requests[1].query == {"a": "b"}
    assert "proxy-authorization" not in site.requests[1].headers


@pytest.mark.parametrize("url", ["http://board.example/", "https://board.example/"])
def test_nobody_passes_without_the_password(proxy: InterceptProxy, url: str) -> None:
    stranger = proxy.url.replace(PASSWORD, "guess")
    with pytest.raises((urllib.error.HTTPError, OSError), match="407") as caught:
        get(proxy, url, through=stranger)
    if isinstance(caught.value, urllib.error.HTTPError):
        caught.value.close()
    assert proxy.passed == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("fault", "status"), [("proxy_login", 407), ("challenge", 403), ("rate_limit", 429)]
)
def test_faults_strike_after_a_number(
    proxy: InterceptProxy, scheme: str, fault: str, status: int
) -> None:
    url = f"{scheme}://board.example/api/jobs"
    proxy.fail(fault, after=1)
    get(proxy, url)
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(proxy, url)
    assert caught.value.code == status
    caught.value.close()
    assert proxy.struck == 1
    proxy.fail(None)
    assert get(proxy, url)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_reset_is_one(proxy: InterceptProxy, scheme: str) -> None:
    proxy.fail("reset")
    with pytest.raises(OSError, match=r"reset|closed|EOF"):
        get(proxy, f"{scheme}://board.example/api/jobs")
    assert proxy.struck == 1


def test_an_unknown_fault_is_named(proxy: InterceptProxy) -> None:
    with pytest.raises(ValueError, match="no fault 'rain'"):
        proxy.fail("rain")


def test_it_has_no_address_before_it_runs(site: BoardSite) -> None:
    proxy = InterceptProxy(site)
    with pytest.raises(RuntimeError, match="not running"):
        _ = proxy.url
    proxy.stop()
