"""Collectors that do their own HTTP, watched from a proxy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jobtracker_core.contract.run import RunState
from jobtracker_core.http.address import Hosts, read_address
from jobtracker_core.testing.bench import Bench
from jobtracker_core.testing.proxy import MARK, PASSWORD, PROXY_FAULTS, InterceptProxy
from jobtracker_core.testing.registry import Check
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.verdict import require

OUTCOMES: Final = {
    "reset": frozenset({"network", "proxy", "timeout", "http_5xx"}),
    "proxy_login": frozenset({"proxy", "network"}),
    "challenge": frozenset({"blocked"}),
    "rate_limit": frozenset({"http_429", "blocked"}),
}
"""How a run may end, by fault: a library tells less of them than the core's own client."""


def _bench(subject: Subject) -> tuple[Bench, InterceptProxy]:
    bench = subject.on_site
    proxy = bench.proxy
    assert proxy is not None  # noqa: S101  (a collector with its own HTTP has one)
    return bench, proxy


def proxy_hosts(subject: Subject) -> None:
    """Through the proxy it asks its declared hosts and no other."""
    bench, proxy = _bench(subject)
    _ = bench.plain
    allowed = Hosts(bench.info.hosts, bench.settings.base_url)
    outside = [
        passed
        for passed in proxy.passed
        if not allowed.allow(read_address(f"{passed.scheme}://{passed.host}{passed.path}"))
    ]
    require(
        not outside,
        f"it asked for {outside[0].scheme}://{outside[0].host}{outside[0].path}, a host that it "
        "has not declared"
        if outside
        else "",
        "declare the host in info.hosts, or do not ask it",
    )


def proxy_only(subject: Subject) -> None:
    """It asks through its run's proxy, and never around it."""
    bench, proxy = _bench(subject)
    ran = bench.plain.ran
    assert bench.site is not None  # noqa: S101
    around = [seen.path for seen in bench.site.requests if seen.headers.get(MARK) != proxy.mark]
    step = "give ctx.proxy_url() to every session and every request of the library"
    require(not around, f"it went around its proxy to {around[:1]}", step)
    require(proxy.passed, "it gave postings and asked for nothing through its proxy", step)
    told = [event for _, event, values in ran.host.events if PASSWORD in f"{event} {values}"]
    require(
        not told,
        f"the proxy's password stands in the log: {told[:1]}",
        "log nothing that holds ctx.proxy_url()",
    )


def _checked(name: str) -> Callable[[Subject], None]:
    def fault(subject: Subject) -> None:
        bench, proxy = _bench(subject)
        plain = bench.plain
        for after in (0, 1):
            proxy.fail(name, after=after)
            try:
                ran = bench.run()
            finally:
                struck = proxy.struck
                proxy.fail(None)
            if not struck:
                continue
            outcome = ran.result.outcome
            same = outcome.state is RunState.SUCCEEDED and set(ran.ids) == set(plain.ran.ids)
            require(
                outcome.error_class in OUTCOMES[name] or same,
                f"{PROXY_FAULTS[name]}, after {after} good answers: the run ended {ran.ending}; "
                f"allowed: {' or '.join(sorted(OUTCOMES[name]))}",
                "read what the library reports as errors and warnings, and raise the class for it",
            )

    return fault


CHECKS = (
    Check(
        name="proxy_hosts",
        proves="through its proxy it asks only its declared hosts",
        needs="site",
        run=proxy_hosts,
        only_own_http=True,
    ),
    Check(
        name="proxy_only",
        proves="nothing goes around its proxy, whose password it does not log",
        needs="site",
        run=proxy_only,
        only_own_http=True,
    ),
    *(
        Check(
            name=f"proxy_{name.removeprefix('proxy_')}",
            proves=f"{does}: ends as {' or '.join(sorted(OUTCOMES[name]))}",
            needs="site",
            run=_checked(name),
            only_own_http=True,
        )
        for name, does in PROXY_FAULTS.items()
    ),
)
