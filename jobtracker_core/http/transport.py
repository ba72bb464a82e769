"""The wire: the only place that imports curl_cffi."""

from __future__ import annotations

import re
from typing import Final, cast
from urllib.parse import urlsplit

from jobtracker_core.contract.errors import ErrorClass, Transient
from jobtracker_core.http.exchange import Answer, BadAddress, Request, TooLarge, Transport
from jobtracker_core.http.lightly import without
from jobtracker_core.http.proxies import PROXY_SCHEMES, secrets_of

# Where markdownify is installed, as JobSpy has it, an HTML parser would come along with it: a fifth
# of the time that a run's process needs to begin.
with without("markdownify"):
    from curl_cffi import Curl, CurlECode, CurlError, CurlHttpVersion, CurlInfo, CurlOpt
    from curl_cffi.requests.impersonate import resolve_latest_browser_type

__all__ = ["BODY_CAP", "Answer", "BadAddress", "CurlTransport", "Request", "TooLarge", "Transport"]

BODY_CAP: Final = 10 * 1024 * 1024
"""Bytes of one body after decompression."""

_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ ")
_DETAIL = re.compile(r"curl: \(\d+\) (.*?)\.? See https://curl\.se", re.DOTALL)
_FORBIDDEN_IN_HEADER = re.compile(r"[\x00\r\n]")

_CLASS_BY_CODE: dict[int, ErrorClass] = {
    CurlECode.COULDNT_RESOLVE_HOST: "dns",
    CurlECode.COULDNT_RESOLVE_PROXY: "proxy",
    CurlECode.PROXY: "proxy",
    CurlECode.OPERATION_TIMEDOUT: "timeout",
    **dict.fromkeys(
        (
            CurlECode.SSL_CONNECT_ERROR,
            CurlECode.SSL_ENGINE_NOTFOUND,
            CurlECode.SSL_ENGINE_SETFAILED,
            CurlECode.SSL_CERTPROBLEM,
            CurlECode.SSL_CIPHER,
            CurlECode.PEER_FAILED_VERIFICATION,
            CurlECode.USE_SSL_FAILED,
            CurlECode.SSL_ENGINE_INITFAILED,
            CurlECode.SSL_CACERT_BADFILE,
            CurlECode.SSL_SHUTDOWN_FAILED,
            CurlECode.SSL_CRL_BADFILE,
            CurlECode.SSL_ISSUER_ERROR,
            CurlECode.SSL_PINNEDPUBKEYNOTMATCH,
            CurlECode.SSL_INVALIDCERTSTATUS,
            CurlECode.SSL_CLIENTCERT,
            CurlECode.ECH_REQUIRED,
        ),
        "tls",
    ),
}
"""Every other code is "network"."""

_TOO_LARGE = (CurlECode.TOO_LARGE, CurlECode.FILESIZE_EXCEEDED)


class CurlTransport:
    """A browser's TLS and HTTP fingerprint, one connection pool and one cookie jar.

    It drives curl's own handle and not `curl_cffi.Session`: a session's streamed request has no
    total deadline (its timeout is a low-speed limit), and its plain request keeps any body whole.

    The certificate is always verified, against the system's bundle or the one that
    `SSL_CERT_FILE`, `CURL_CA_BUNDLE` or `REQUESTS_CA_BUNDLE` names. The environment's proxies and
    its `NO_PROXY` are ignored. A body that ends before its announced length or its last chunk is an
    error; a compressed stream that ends early inside a complete body is not (curl does not tell).
    Use it from one thread.

    Args:
        impersonate: A browser that curl_cffi knows, such as "chrome"; None for curl's own face.
        proxy: `scheme://[user:password@]host:port` with scheme http, https or socks4/5; every
            request goes through it, and none goes around it.
        body_cap: Bytes of one body, after decompression.
        pins: `HOST:PORT:ADDRESS[,ADDRESS…]`, IPv6 in brackets: where these hosts are, instead of
            what the system's resolver says.
    """

    def __init__(
        self,
        *,
        impersonate: str | None = "chrome",
        proxy: str | None = None,
        body_cap: int = BODY_CAP,
        pins: tuple[str, ...] = (),
    ) -> None:
        if proxy is not None and urlsplit(proxy).scheme not in PROXY_SCHEMES:
            raise ValueError(f"a proxy's address starts with one of {', '.join(PROXY_SCHEMES)}")
        self._proxy = proxy
        self._cap = body_cap
        self._pins = pins
        self._browser: str | None = impersonate
        if impersonate is not None:
            self._browser = resolve_latest_browser_type(impersonate)  # type: ignore[no-untyped-call]
        self._curl = Curl()
        if self._browser is not None and self._curl.impersonate(self._browser) != 0:
            self._curl.close()
            raise ValueError(f"curl_cffi cannot impersonate {impersonate!r}")
        self._curl.reset()

    def send(self, request: Request, *, timeout: float) -> Answer:
        """Send a request; see `Transport.send`. `timeout` covers resolving to the last byte."""
        scheme, host = _check_address(request.url)
        body = bytearray()
        lines: list[bytes] = []
        try:
            self._prepare(request, scheme, timeout, body, lines)
            self._curl.perform()
            status = cast("int", self._curl.getinfo(CurlInfo.RESPONSE_CODE))
            elapsed = cast("float", self._curl.getinfo(CurlInfo.TOTAL_TIME))
        except CurlError as error:
            # curl's own words may hold the proxy's password, and tracebacks show causes.
            cause = error if self._proxy is None else None
            raise self._explain(error, host, len(body)) from cause
        finally:
            self._curl.reset()
        return Answer(
            status=status,
            url=request.url,
            headers=_read_headers(lines),
            content=bytes(body),
            elapsed=elapsed,
        )

    def close(self) -> None:
        """Give up connections and cookies."""
        self._curl.close()

    def _prepare(
        self, request: Request, scheme: str, timeout: float, body: bytearray, lines: list[bytes]
    ) -> None:
        def take(chunk: bytes) -> int:
            if len(body) + len(chunk) > self._cap:
                raise TooLarge(f"the body is larger than {self._cap:,} bytes", received=len(body))
            body.extend(chunk)
            return len(chunk)

        def note(line: bytes) -> int:
            lines.append(line)
            return len(line)

        curl = self._curl
        curl.setopt(CurlOpt.URL, request.url.encode())
        curl.setopt(CurlOpt.PROTOCOLS_STR, "http,https")
        curl.setopt(CurlOpt.REDIR_PROTOCOLS_STR, "http,https")
        curl.setopt(CurlOpt.FOLLOWLOCATION, 0)
        curl.setopt(CurlOpt.NOSIGNAL, 1)
        # Set even when empty: an unset option makes curl read the environment.
        curl.setopt(CurlOpt.PROXY, self._proxy or "")
        curl.setopt(CurlOpt.NOPROXY, "")
        if self._pins:
            curl.setopt(CurlOpt.RESOLVE, list(self._pins))
        curl.setopt(CurlOpt.COOKIEFILE, b"")
        if request.method == "POST":
            content = request.body or b""
            curl.setopt(CurlOpt.POST, 1)
            curl.setopt(CurlOpt.POSTFIELDS, content)
            curl.setopt(CurlOpt.POSTFIELDSIZE, len(content))
        curl.setopt(CurlOpt.HTTPHEADER, _write_headers(request.headers))
        curl.setopt(CurlOpt.ACCEPT_ENCODING, b"gzip, deflate, br, zstd")
        # Whole milliseconds, and 0 would mean "no limit".
        curl.setopt(CurlOpt.TIMEOUT_MS, max(1, int(timeout * 1000)))
        if self._browser is not None:
            curl.impersonate(self._browser)
        if scheme == "http":
            # No browser offers h2c, but the impersonated version number would.
            curl.setopt(CurlOpt.HTTP_VERSION, CurlHttpVersion.V1_1)
        curl.setopt(CurlOpt.WRITEFUNCTION, take)
        curl.setopt(CurlOpt.HEADERFUNCTION, note)

    def _explain(self, error: CurlError, host: str, received: int) -> Exception:
        found = _DETAIL.search(str(error))
        detail = found[1] if found else str(error)
        # curl quotes a proxy's address that it cannot use.
        for secret in () if self._proxy is None else secrets_of(self._proxy):
            detail = detail.replace(secret, "***")
        if error.code == 0:
            return RuntimeError(f"this transport was closed: {detail}")
        if error.code == CurlECode.URL_MALFORMAT:
            return BadAddress(f"curl does not accept the address of {host}: {detail}")
        if error.code in _TOO_LARGE:
            return TooLarge(f"the headers are too large: {detail}", received=received)
        cause = _CLASS_BY_CODE.get(int(error.code), "network")
        # With a proxy, the peer of every connection is the proxy; a refused tunnel comes as a
        # receive error that names the CONNECT.
        if self._proxy is not None and (
            error.code == CurlECode.COULDNT_CONNECT
            or (error.code == CurlECode.RECV_ERROR and "CONNECT" in detail)
        ):
            cause = "proxy"
        return Transient(f"{host}: {detail}", error_class=cause)


def _check_address(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise BadAddress(f"not an address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise BadAddress(f"only http and https addresses are asked, not {parts.scheme or url!r}")
    return parts.scheme, host


def _write_headers(headers: tuple[tuple[str, str | None], ...]) -> list[bytes]:
    lines = []
    for name, value in headers:
        if _FORBIDDEN_IN_HEADER.search(name + (value or "")):
            raise ValueError(f"header {name!r} holds a line break")
        if value is None:
            lines.append(f"{name}:")
        else:
            # "name;" is curl's way to send a header without a value; "name:" removes it.
            lines.append(f"{name}: {value}" if value else f"{name};")
    return [line.encode() for line in (*lines, "Expect:")]


def _read_headers(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    """Read the last header block: before it may stand a proxy's answer or a 103."""
    pairs: list[tuple[str, str]] = []
    for line in lines:
        if _STATUS_LINE.match(line):
            pairs.clear()
            continue
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            pairs.append((name.strip().lower(), value.strip()))
    return tuple(pairs)
