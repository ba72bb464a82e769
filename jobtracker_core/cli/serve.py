"""`jobtracker serve`: the portal and the API over HTTP, and a worker."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Collection, Iterator
from types import FrameType

import click
import uvicorn

from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.output import open_tracker
from jobtracker_core.cli.setup import open_log
from jobtracker_core.cli.worker import Crew, flags, open_worker, slots_option
from jobtracker_core.runner.worker import Worker
from jobtracker_core.server.compose import create_app
from jobtracker_core.server.hosts import Hosts
from jobtracker_core.server.protocol import BoundedProtocol
from jobtracker_core.server.threads import handler_threads
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
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="Answer to this host name too; may be given several times.",
)
@click.option(
    "--no-worker",
    is_flag=True,
    help="Execute no runs here: `jobtracker worker` does, in other processes.",
)
@slots_option
def serve(
    address: str | None,
    host_names: tuple[str, ...],
    no_worker: bool,  # noqa: FBT001
    slots: str | None,
) -> int:
    """Serve the portal and the API until Ctrl-C, and execute the runs in the queue."""
    with open_tracker(*flags({"listen": address, "slots": slots})) as tracker:
        return _serve(tracker, host_names=host_names, with_worker=not no_worker)


def _serve(tracker: JobTracker, *, host_names: tuple[str, ...], with_worker: bool) -> int:
    host, port = tracker.settings.address
    try:
        Hosts(host_names)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--host-name") from error
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
        code = tracker.accounts.setup_code()
        if code is not None:
            click.echo("There is no account yet. Make yours within the hour at:")
            click.echo(f"  {url_of(listener)}setup?code={code}")
        serve_until_stopped(
            tracker,
            listener,
            allowed_hosts=[*host_names, *_answered_to(host)],
            worker=open_worker(tracker) if with_worker else None,
        )
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


class _Server(uvicorn.Server):
    """A server that outlives its worker: runs are given back while it still answers."""

    crew: Crew | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal: the worker's as long as there is one, then the server's own."""
        if self.crew is None:
            # The second one, whichever it is, waits for no answer that is under way.
            self.force_exit = self.should_exit
            super().handle_exit(sig, frame)
        else:
            self.crew.tell(sig)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, and let the application close what it holds, also where there is no patience."""
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()

    def leave(self) -> None:
        """End in good order; called when the worker has ended, for whatever reason."""
        self.crew = None
        self.should_exit = True


def serve_until_stopped(
    tracker: JobTracker,
    listener: socket.socket,
    *,
    allowed_hosts: Collection[str] = (),
    worker: Worker | None = None,
) -> None:
    """Serve in this thread, the main one, until SIGTERM or Ctrl-C; a second one ends it at once.

    With a worker, the first signal has that drain, during which the server is not ready and still
    answers; the second one ends its runs at once. What a worker fails of is raised here.
    """
    config = uvicorn.Config(
        create_app(
            tracker,
            allowed_hosts=allowed_hosts,
            stopping=lambda: server.should_exit or (worker is not None and worker.draining),
        ),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    with handler_threads(tracker.settings.api_threads), _raised_again_in_vain():
        if worker is None:
            server.run(sockets=[listener])
            return
        crew = server.crew = Crew(worker, on_end=server.leave)
        crew.start()
        try:
            server.run(sockets=[listener])
        finally:
            worker.stop()  # where the server ended by itself
            crew.wait()


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


def _answered_to(host: str) -> tuple[str, ...]:
    """Return the hosts that come with an address to listen on."""
    try:
        unspecified = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        unspecified = False
    # Nobody can point an address elsewhere as they can a name.
    return ("0.0.0.0/0", "::/0") if unspecified else (host,)
