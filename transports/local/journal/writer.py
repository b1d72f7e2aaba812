"""The one thread that writes the journal: group commit, and the heartbeat.

Whatever waits when a transaction begins shares it, and its one fsync. A request that is refused
undoes only its own part (a savepoint); a disk that fails, fails the whole group. The heartbeat lives here and
not in the event loop, so that a busy program does not lose its jobs. Knows requests and transactions; what
is written is the ledger's matter.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import attrs

from ....core.errors import StorageError
from ....core.job import Job
from ....core.ports import Claim
from .. import failpoints
from .file import error_of
from .ledger import Ledger

FAILPOINTS = ("journal.commit.before", "journal.commit.after")

_T = TypeVar("_T")
_log = logging.getLogger("reprieve.journal")


@attrs.frozen(eq=False)
class _Request:
    work: Callable[[], Any]
    future: asyncio.Future[Any]


@attrs.frozen
class _Outcome:
    request: _Request
    result: Any = None
    error: Exception | None = None

    def tell(self) -> None:
        if self.request.future.done():  # its caller was cancelled; what was asked is recorded all the same
            return
        if self.error is None:
            self.request.future.set_result(self.result)
        else:
            self.request.future.set_exception(self.error)


class Writer:
    """Runs requests on the ledger's connection, in order, in a thread of its own."""

    def __init__(self, ledger: Ledger, path: Path, heartbeat: float) -> None:
        self._ledger = ledger
        self._path = path
        self._heartbeat = heartbeat
        self._loop = asyncio.get_running_loop()
        self._condition = threading.Condition()
        self._queue: list[_Request] = []
        self._progress: dict[str, tuple[Claim, Job]] = {}
        self._closing = False
        self._holds_jobs = False
        self._next_beat = 0.0
        self._thread = threading.Thread(target=self._run, name="reprieve-journal", daemon=True)
        self._thread.start()

    async def ask(self, work: Callable[[], _T]) -> _T:
        """What `work` gives, once it is durable; what it raises, having written nothing.

        If the caller is cancelled meanwhile, `work` may have been done all the same.
        """
        result: _T = await self.put(work)
        return result

    def put(self, work: Callable[[], object]) -> asyncio.Future[Any]:
        """Have `work` done after all that was asked before; the future is told when it is durable."""
        request = _Request(work, self._loop.create_future())
        with self._condition:
            if self._closing:
                raise StorageError(f"The journal {self._path} is closed; open it again to go on.")
            self._queue.append(request)
            self._condition.notify()
        return request.future

    def progressed(self, claim: Claim, job: Job) -> None:
        """Write this with the next heartbeat, unless something newer comes."""
        with self._condition:
            self._progress[job.id] = (claim, job)

    def forget_progress(self, job_id: str) -> None:
        """A transition says more than the progress before it."""
        with self._condition:
            self._progress.pop(job_id, None)

    def finish(self) -> None:
        """Write what is left, and end the thread. Blocks."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()

    # -- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            requests, progress, closing = self._next_group()
            if requests or progress or self._is_due():
                self._commit(requests, progress)
            if closing:
                return

    def _next_group(self) -> tuple[list[_Request], list[tuple[Claim, Job]], bool]:
        """Wait for requests, for the next heartbeat if there is something to renew, or for the end."""
        with self._condition:
            wait = max(0.0, self._next_beat - time.monotonic()) if self._holds_jobs else None
            self._condition.wait_for(lambda: self._queue or self._closing, wait)
            requests, self._queue = self._queue, []
            progress: list[tuple[Claim, Job]] = []
            if self._is_due() or self._closing:
                progress = list(self._progress.values())
                self._progress.clear()
            return requests, progress, self._closing and not requests

    def _is_due(self) -> bool:
        return self._holds_jobs and time.monotonic() >= self._next_beat

    def _commit(self, requests: list[_Request], progress: list[tuple[Claim, Job]]) -> None:
        try:
            outcomes = self._transaction(requests, progress)
        except Exception as error:  # whatever it is, those who wait must hear of it
            failure = error_of(self._path, error) if isinstance(error, sqlite3.Error | OSError) else error
            self._roll_back()
            outcomes = [_Outcome(request, error=failure) for request in requests]
            if not requests:
                _log.warning("The journal's heartbeat failed and will be tried again: %s", failure)
        if outcomes:
            self._loop.call_soon_threadsafe(_tell, outcomes)

    def _transaction(self, requests: list[_Request], progress: list[tuple[Claim, Job]]) -> list[_Outcome]:
        execute = self._ledger.connection.execute
        execute("BEGIN IMMEDIATE")
        outcomes = [self._do(request) for request in requests]
        self._ledger.note_progress(progress)
        holds_jobs = self._ledger.holds_jobs()
        renews = holds_jobs and (not self._holds_jobs or self._is_due())
        if renews:
            self._ledger.renew()
        failpoints.reach("journal.commit.before")
        execute("COMMIT")
        failpoints.reach("journal.commit.after")
        self._holds_jobs = holds_jobs
        if renews:
            self._next_beat = time.monotonic() + self._heartbeat
        return outcomes

    def _do(self, request: _Request) -> _Outcome:
        execute = self._ledger.connection.execute
        execute("SAVEPOINT request")
        try:
            outcome = _Outcome(request, request.work())
        except (sqlite3.Error, OSError):
            raise  # the disk's or the file's fault, and so everybody's
        except Exception as error:  # this caller's own, who gets it as it is
            execute("ROLLBACK TO request")
            outcome = _Outcome(request, error=error)
        execute("RELEASE request")
        return outcome

    def _roll_back(self) -> None:
        self._next_beat = time.monotonic() + self._heartbeat
        if self._ledger.connection.in_transaction:  # a full disk may have rolled it back already
            self._ledger.connection.execute("ROLLBACK")


def _tell(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        outcome.tell()
