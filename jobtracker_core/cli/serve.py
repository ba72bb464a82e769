"""`jobtracker serve`: the portal and the API over HTTP."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Collection, Iterator

import click
import uvicorn

from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.output import open_tracker
from jobtracker_core.cli.setup import open_log
from jobtracker_core.server.compose import create_app, handler_threads
from jobtracker_core.server.hosts import Hosts
from jobtracker_core.settings import Flag
from jobtracker_core.tracker import JobTracker

_GRACE_S = 3
"""Seconds that answers under way have after the signal to stop."""


@click.command()
@click.option(
    "--listen",
    "--listen-addr",
    "address",
    metavar="HOST:PORT",
    help="Where to listen; port 0 takes a free one.  [default: the setting `listen`]",
)
@click.option(
    "--allow-network",
    is_flag=True,
    help="Let other machines in. There is no login yet: whoever reaches the port sees everything.",
)
@click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="Answer to this host name too; may be given several times.",
)
def serve(address: str | None, allow_network: bool, host_names: tuple[str, ...]) -> int:  # noqa: FBT001
    """Serve the portal and the API until Ctrl-C."""
    flags = [] if address is None else [Flag(setting="listen", value=address, option="--listen")]
    with open_tracker(*flags) as tracker:
        return _serve(tracker, allow_network=allow_network, host_names=host_names)


def _serve(tracker: JobTracker, *, allow_network: bool, host_names: tuple[str, ...]) -> int:
    host, port = tracker.settings.address
    try:
        Hosts(host_names)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--host-name") from error
    if not allow_network and not _is_loopback(host):
        click.echo(
            f"Error: {host} can be reached from other machines, and there is no login yet", err=True
        )
        click.echo(
            f"Next: listen on 127.0.0.1:{port}, or add --allow-network if you trust everybody "
            "who can reach that address",
            err=True,
        )
        return 2
    try:
        listener = listen(host, port)
    except OSError as error:
        click.echo(f"Error: cannot listen on {host}:{port}: {error.strerror or error}", err=True)
        click.echo("Next: stop what listens there, or choose another port: --listen", err=True)
        return FAILED
    open_log()  # libraries' warnings go to it
    with listener:
        tracker.check_database()  # what is wrong with it is said here, and not to each visitor
        click.echo(f"JobTracker at {url_of(listener)} (Ctrl-C stops it)")
        serve_until_stopped(tracker, listener, allowed_hosts=[*host_names, *_answered_to(host)])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; connections wait in it until somebody serves. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address that a person opens."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def serve_until_stopped(
    tracker: JobTracker, listener: socket.socket, *, allowed_hosts: Collection[str] = ()
) -> None:
    """Serve in this thread, the main one, until SIGTERM or Ctrl-C; a second one ends it at once."""
    config = uvicorn.Config(
        create_app(tracker, allowed_hosts=allowed_hosts),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )
    with handler_threads(tracker.settings.api_threads), _raised_again_in_vain():
        uvicorn.Server(config).run(sockets=[listener])


@contextlib.contextmanager
def _raised_again_in_vain() -> Iterator[None]:
    # The server has ended in good order by then; the signal must not end the program as well.
    before = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _answered_to(host: str) -> tuple[str, ...]:
    """Return the hosts that come with an address to listen on."""
    try:
        unspecified = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        unspecified = False
    # Nobody can point an address elsewhere as they can a name.
    return ("0.0.0.0/0", "::/0") if unspecified else (host,)
