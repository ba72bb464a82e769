"""The whole server: in this process, and as a process of its own."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from litestar.testing import TestClient

from access import bearer, let_in
from jobtracker_core.server.application import Application
from jobtracker_core.tracker import JobTracker
from live_server import serving
from standing import app_of


@pytest.fixture
def app(tracker: JobTracker) -> Application:
    return app_of(tracker)


@pytest.fixture
def client(app: Application, tracker: JobTracker) -> Iterator[TestClient[Application]]:
    """A client that is let in everywhere."""
    with TestClient(app, base_url="http://127.0.0.1") as client:
        let_in(client, tracker)
        yield client


class Program:
    """A running `jobtracker`; `said` is what it printed up to the address, which is `url`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.said = ""
        while "JobTracker at " not in self.said:
            line = process.stdout.readline()
            assert line, self.said + process.communicate()[1]
            self.said += line
        self.url = re.findall(r"JobTracker at (http://\S+/)", self.said)[0]

    def get(self, path: str, token: str | None = None) -> bytes:
        headers = {} if token is None else bearer(token)
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit code and what was written to standard error."""
        self.process.send_signal(number)
        err = self.process.communicate(timeout=60)[1]
        return self.process.returncode, err


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start `jobtracker` with arguments, and wait until it says where it listens.

    `patched` is code that is run before it.
    """
    with ExitStack() as stack:

        def run(
            *arguments: str, database: str | None = None, patched: str = "", **settings: str
        ) -> Program:
            env = {"PATH": os.environ["PATH"], "JOBTRACKER_DATA_DIR": str(tmp_path / "data")}
            env |= {"PYTHONUNBUFFERED": "1", "JOBTRACKER_PLUGINS": "hiringcafe"}
            if database is not None:
                env["JOBTRACKER_DATABASE_URL"] = database
            env |= {f"JOBTRACKER_{name.upper()}": value for name, value in settings.items()}
            program = f"{patched}\nfrom jobtracker_core.cli import main\nmain()"
            command = ["-c", program] if patched else ["-m", "jobtracker_core"]
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, *command, *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=env,
                )
            )
            stack.callback(process.kill)
            return Program(process)

        yield run


class Line:
    """A connection, and the answers that come over it."""

    def __init__(self, connection: socket.socket) -> None:
        self.send: Callable[[bytes], None] = connection.sendall
        self._connection = connection
        self._file = connection.makefile("rb")

    def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """Return status, headers and body of the next answer."""
        status = int(self._file.readline().split()[1])
        headers: dict[bytes, bytes] = {}
        while line := self._file.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        return status, headers, self._file.read(int(headers[b"content-length"]))

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def is_cut_off(self) -> bool:
        """Wait until the other side cuts the connection off, without reading of it."""
        watch = select.poll()
        watch.register(self._connection, 0)
        return bool(watch.poll(20_000))

    def is_closed(self) -> bool:
        """Wait until the other side hangs up, and say whether it did without another word."""
        return self._file.read() == b""


@pytest.fixture
def line(tracker: JobTracker) -> Iterator[Callable[[], Line]]:
    with serving(tracker) as url:
        place = urlsplit(url)
        lines: list[Line] = []

        def connect() -> Line:
            connection = socket.create_connection((place.hostname, place.port or 80), timeout=60)
            lines.append(Line(connection))
            return lines[-1]

        yield connect
        for opened in lines:
            opened.close()
