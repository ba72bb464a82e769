"""`jobtracker proxies`: pools of proxies that runs can go through."""

from __future__ import annotations

import sys

import click

from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.output import clean, print_json, print_table
from jobtracker_core.cli.place import Family, curl_option, open_place
from jobtracker_core.http.address import read_address
from jobtracker_core.http.exchange import BadAddress
from jobtracker_core.http.guard import Refused
from jobtracker_core.tracker.proxies import DEFAULT_POOL


@click.group(cls=Family, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def proxies(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Keep pools of proxies, and see whether they work."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, pool=None, as_json=as_json)


@proxies.command("list")
@click.option("--pool", metavar="NAME", help="Only those of this pool.")
@curl_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(pool: str | None, as_json: bool, curl: bool) -> None:  # noqa: FBT001
    """List proxies, without their users and passwords."""
    with open_place(curl=curl) as tracker:
        found = tracker.proxies.list(pool=pool)
    if as_json:
        print_json(found)
        return
    print_table(
        (
            "ID",
            "POOL",
            "LABEL",
            "ADDRESS",
            "LOGIN",
            "FAILURES",
            "SET ASIDE UNTIL",
            "LAST OK",
            "WHY",
        ),
        (
            (
                p.id,
                p.pool,
                p.label,
                p.address,
                p.has_credentials,
                p.failures,
                p.quarantined_until,
                p.last_ok_at,
                p.last_error,
            )
            for p in found
        ),
        prose=("LABEL",),
    )


@proxies.command()
@click.argument("url")
@click.option("--pool", metavar="NAME", default=DEFAULT_POOL, show_default=True)
@click.option("--label", metavar="TEXT", help="What it is called in lists.  [default: host:port]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(url: str, pool: str, label: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Add a proxy: SCHEME://[USER:PASSWORD@]HOST:PORT, with http, https, socks5 or socks5h.

    `-` reads addresses from standard input, one a line: no other user of this machine sees them.
    """
    urls = [line for line in sys.stdin.read().splitlines() if line.strip()] if url == "-" else [url]
    if not urls:
        raise click.UsageError("no address was read from standard input")
    if label is not None and len(urls) != 1:
        raise click.UsageError("--label is for a single proxy")
    with open_place() as tracker:
        added = [tracker.proxies.add(one, pool=pool, label=label) for one in urls]
    if as_json:
        print_json(added)
        return
    for proxy in added:
        click.echo(clean(f"Proxy {proxy.id} is {proxy.label} in pool {proxy.pool}."))


@proxies.command()
@click.argument("proxy_id", type=click.IntRange(min=1), metavar="[ID]", required=False)
@click.option("--pool", metavar="NAME", help="Delete that pool with all its proxies.")
def remove(proxy_id: int | None, pool: str | None) -> None:
    """Delete a proxy, or a whole pool."""
    if (proxy_id is None) == (pool is None):
        raise click.UsageError("name either a proxy's ID or --pool NAME")
    with open_place() as tracker:
        if proxy_id is not None:
            gone = tracker.proxies.remove(proxy_id)
            click.echo(clean(f"Proxy {gone.id}, {gone.label}, is gone from pool {gone.pool}."))
        else:
            emptied = tracker.proxies.remove_pool(pool or "")
            click.echo(clean(f"Pool {emptied.name} is gone with {emptied.proxies} proxies."))


@proxies.command()
@click.option("--collector", metavar="NAME", help="Ask for that collector's homepage.")
@click.option("--url", metavar="URL", help="Ask for this address.")
@click.option("--pool", metavar="NAME", help="Only those of this pool.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(collector: str | None, url: str | None, pool: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Ask for one page through each proxy. Exits with 1 if one of them fails.

    Which page is yours to say: a proxy may well reach one site and be refused by another.
    """
    if (collector is None) == (url is None):
        raise click.UsageError("say what to ask for: --collector NAME or --url URL")
    if url is not None:
        try:
            read_address(url)
        except BadAddress as error:
            raise click.BadParameter(str(error), param_hint="--url") from error
    with open_place() as tracker:
        try:
            tested = tracker.proxies.test(collector=collector, url=url, pool=pool)
        except Refused as error:
            raise click.BadParameter(f"{error}. {error.hint}", param_hint="--url") from error
    if as_json:
        print_json(tested)
    else:
        print_table(
            ("ID", "POOL", "LABEL", "OK", "MS", "STATUS", "CAUSE", "WHY"),
            (
                (
                    t.proxy.id,
                    t.proxy.pool,
                    t.proxy.label,
                    t.ok,
                    t.ms,
                    t.status,
                    t.error_class,
                    t.message,
                )
                for t in tested
            ),
            prose=("LABEL", "WHY"),
        )
    return 0 if all(t.ok for t in tested) else FAILED
