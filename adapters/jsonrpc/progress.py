"""Progress as LSP tells it: begin, reports that rise, one end; for each token at most ten reports a second.

Knows jobs and the outbox; nothing of requests. Source: `$/progress` and work done progress of LSP 3.17.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reprieve.core.job import Job
from reprieve.core.lifecycle import JobState, Outcome

from ..wire import members
from .errors import Refused, invalid_params
from .greeting import Token
from .messages import Answer
from .outbox import Outbox
from .peer import Peer
from .shapes import Progress, Step, WorkDone

PAUSE = 0.12
"""Seconds between two reports: nine in a second, and the last, which is told at once."""


class Telling:
    """One job's progress under one token. `job` is how it was seen last."""

    def __init__(self, token: Token, title: str, job: Job, outbox: Outbox, over: Callable[[], None]) -> None:
        self._token = token
        self._outbox = outbox
        self._over = over
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._job = job
        self._told = members(_report(job))
        begin = WorkDone(Step.BEGIN, job.id, _words(job), int(job.percentage), title, cancellable=True)
        outbox.put(self._message(begin))

    def report(self, job: Job) -> None:
        """How far it is now."""
        self._job = job
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._tell)

    def end(self, job: Job) -> None:
        """It is over: the exact last report, and the end."""
        if self._timer:
            self._timer.cancel()
        self._outbox.flush(self._token)
        last = _report(job)
        if members(last) != self._told:
            self._outbox.put(self._message(last))
        self._outbox.put(self._message(WorkDone(Step.END, job.id, _ending(job))))
        self._over()

    def _tell(self) -> None:
        self._timer = None
        self._due = self._loop.time() + PAUSE
        report = _report(self._job)
        if members(report) != self._told:
            self._told = members(report)
            self._outbox.report(self._token, lambda: self._message(report))

    def _message(self, value: WorkDone) -> bytes:
        return Peer.notify("$/progress", members(Progress(self._token, value)))


class Offer:
    """Progress under a token of ours, told as soon as the client has agreed to show it; until then, kept."""

    def __init__(
        self,
        answer: asyncio.Future[Answer],
        begin: Callable[[Job], Telling],
        job: Job,
        over: Callable[[], None],
    ) -> None:
        self._answer = answer
        self._begin = begin
        self._job = job
        self._over = over
        self._telling: Telling | None = None
        answer.add_done_callback(self._answered)

    def report(self, job: Job) -> None:
        """How far it is now."""
        self._job = job
        if self._telling:
            self._telling.report(job)

    def end(self, job: Job) -> None:
        """It is over; an answer that has not come by now does not matter any more."""
        if self._telling:
            self._telling.end(job)
        else:
            self._answer.remove_done_callback(self._answered)
            self._answer.cancel()
            self._over()

    def _answered(self, answer: asyncio.Future[Answer]) -> None:
        if not answer.cancelled() and answer.result().error is None:
            self._telling = self._begin(self._job)


class Silence:
    """No progress: the client has no token, and would not know what to do with one of ours."""

    def report(self, job: Job) -> None:
        """Nothing is told."""

    def end(self, job: Job) -> None:
        """Nothing is told."""


Ask = Callable[[str, object], "asyncio.Future[Answer]"]
"""Sends a request to the client."""


class Tellings:
    """The tokens of one client that are in use, and how the job of each is cancelled."""

    def __init__(self, outbox: Outbox, ask: Ask, offers: Callable[[], bool]) -> None:
        self._outbox = outbox
        self._ask = ask
        self._offers = offers
        self._live: dict[Token, Callable[[], None]] = {}
        self._offered = 0

    def claim(self, token: Token, cancel: Callable[[], None]) -> None:
        """It is in use from now on. Raises Refused if it was before."""
        if token in self._live:
            raise Refused(invalid_params(("workDoneToken", "progress is told under this token already")))
        self._live[token] = cancel

    def begin(
        self, token: Token | None, title: str, job: Job, cancel: Callable[[], None]
    ) -> Telling | Offer | Silence:
        """Tell a job's progress under the client's token, which is claimed, or else under one of ours."""
        if token is not None:
            return self._telling(token, title, job)
        if not self._offers():
            return Silence()
        ours = self._ours(cancel)
        answer = self._ask("window/workDoneProgress/create", {"token": ours})
        return Offer(answer, lambda job: self._telling(ours, title, job), job, lambda: self.free(ours))

    def cancel(self, token: Token) -> None:
        """The client no longer wants the job whose progress this is; nothing, if there is none."""
        if token in self._live:
            self._live[token]()

    def free(self, token: Token | None) -> None:
        """It may be used again."""
        if token is not None:
            self._live.pop(token, None)

    def _telling(self, token: Token, title: str, job: Job) -> Telling:
        return Telling(token, title, job, self._outbox, lambda: self.free(token))

    def _ours(self, cancel: Callable[[], None]) -> Token:
        while f"reprieve/{self._offered}" in self._live:
            self._offered += 1
        self.claim(token := f"reprieve/{self._offered}", cancel)
        return token


def _report(job: Job) -> WorkDone:
    return WorkDone(Step.REPORT, job.id, _words(job), int(job.percentage))


def _words(job: Job) -> str:
    if job.state is JobState.IDLE:
        return "waiting"
    return "cancelling" if job.state is JobState.CANCELLING else job.progress.phase or "starting"


def _ending(job: Job) -> str:
    if not job.final:
        return "It goes on; this bridge no longer follows it."
    if job.error and job.state is JobState.FAILED:
        return job.error.message
    return "Cancelled; everything is as it was before." if job.outcome is Outcome.CANCELLED else "Done."
