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
        self._told = _report(job)
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
        if last != self._told:
            self._outbox.put(self._message(last))
        self._outbox.put(self._message(WorkDone(Step.END, job.id, _ending(job))))
        self._over()

    def _tell(self) -> None:
        self._timer = None
        self._due = self._loop.time() + PAUSE
        report = _report(self._job)
        if report != self._told:
            self._told = report
            self._outbox.report(self._token, lambda: self._message(report))

    def _message(self, value: WorkDone) -> bytes:
        return Peer.notify("$/progress", members(Progress(self._token, value)))


class Offer:
    """A token of ours, offered to a client that has none; `taken` once it has agreed."""

    def __init__(self, token: Token, answer: asyncio.Future[Answer]) -> None:
        self.token = token
        self._answer = answer

    @property
    def taken(self) -> bool:
        """Whether progress may be told under it now."""
        done = self._answer.done() and not self._answer.cancelled()
        return done and self._answer.result().error is None

    def withdraw(self) -> None:
        """It is no longer waited for, whatever the client answers."""
        self._answer.cancel()


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

    def offer(self, cancel: Callable[[], None]) -> Offer | None:
        """A token for a request that came without one; None where the client would not know what to do."""
        if not self._offers():
            return None
        self._offered += 1
        token = f"reprieve/{self._offered}"
        self.claim(token, cancel)
        return Offer(token, self._ask("window/workDoneProgress/create", {"token": token}))

    def begin(self, token: Token, title: str, job: Job) -> Telling:
        """Tell a job's progress under a token that is in use."""
        return Telling(token, title, job, self._outbox, lambda: self.free(token))

    def cancel(self, token: Token) -> None:
        """The client no longer wants the job whose progress this is; silence, if there is none."""
        if token in self._live:
            self._live[token]()

    def free(self, token: Token | None) -> None:
        """It may be used again."""
        if token is not None:
            self._live.pop(token, None)


def _report(job: Job) -> WorkDone:
    return WorkDone(Step.REPORT, job.id, _words(job), int(job.percentage))


def _words(job: Job) -> str:
    if job.state is JobState.IDLE:
        return "waiting"
    return "cancelling" if job.state is JobState.CANCELLING else job.progress.phase or "starting"


def _ending(job: Job) -> str:
    if not job.final:
        return "The bridge leaves; the job's own changes tell how it went on."
    if job.error and job.state is JobState.FAILED:
        return job.error.message
    return "Cancelled; everything is as it was before." if job.outcome is Outcome.CANCELLED else "Done."
