"""What a site answered, kept in memory and given again."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

from msgspec import Struct

from jobtracker_core.contract.errors import Transient
from jobtracker_core.http.exchange import Answer, Request, Transport
from jobtracker_core.runner.clock import Clock


class Exchange(Struct, frozen=True, kw_only=True):
    """A request, what was answered, and the seconds on the run's clock when it was sent."""

    request: Request
    answer: Answer
    at: float


class Taping:
    """A transport that notes what passes through another one.

    Attributes:
        sent: All requests, those too that were not answered, with the clock's time.
        exchanges: Those that were answered.
    """

    def __init__(self, inner: Transport, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self.sent: list[tuple[float, Request]] = []
        self.exchanges: list[Exchange] = []

    def send(self, request: Request, *, timeout: float) -> Answer:
        """See Transport."""
        at = self._clock.monotonic()
        self.sent.append((at, request))
        answer = self._inner.send(request, timeout=timeout)
        self.exchanges.append(Exchange(request=request, answer=answer, at=at))
        return answer

    def close(self) -> None:
        """See Transport."""
        self._inner.close()


class TapeTransport:
    """A transport that answers from what was taped.

    Several answers to one request come in their order, and the last one again and again. What was
    never asked goes to `beyond`; without it, that is `Transient`, as if there were no network.
    """

    def __init__(
        self,
        exchanges: list[Exchange],
        beyond: Transport | None = None,
        *,
        alter: Callable[[int, Answer], Answer] | None = None,
    ) -> None:
        self._beyond = beyond
        self._answers: dict[tuple[str, str, bytes], deque[Answer]] = defaultdict(deque)
        for number, exchange in enumerate(exchanges):
            answer = exchange.answer
            if alter is not None:
                answer = alter(number, answer)
            self._answers[_key(exchange.request)].append(answer)

    def send(self, request: Request, *, timeout: float) -> Answer:
        """See Transport."""
        answers = self._answers.get(_key(request))
        if answers:
            return answers.popleft() if len(answers) > 1 else answers[0]
        if self._beyond is not None:
            return self._beyond.send(request, timeout=timeout)
        raise Transient(f"{request.method} {request.url} is not on the recording")

    def close(self) -> None:
        """Nothing of its own is open."""


def _key(request: Request) -> tuple[str, str, bytes]:
    return request.method, request.url, request.body or b""
