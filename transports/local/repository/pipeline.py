"""Work in several threads, its results in order, and a bound on what is in flight.

Knows threads and nothing else. What is done in them must let go of the interpreter's lock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def threads() -> int:
    """As many threads as this process may use cores, and at most eight."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(8, max(1, count or 1))


class Pipeline(Generic[Item, Result]):
    """`work` on every item in several threads; `take` each result in one thread, in the items' order.

    After a failure nothing more is taken; the failure is raised by the next `put`, or by `close`.
    """

    def __init__(self, work: Callable[[Item], Result], take: Callable[[Result], None]) -> None:
        self._work = work
        self._take = take
        self._slots = Semaphore(threads() + 1)
        self._workers = ThreadPoolExecutor(threads(), "reprieve-frame")
        self._taker = ThreadPoolExecutor(1, "reprieve-write")
        self._failure: BaseException | None = None

    def put(self, item: Item) -> None:
        """Hand over one item; waits while threads + 1 are in flight."""
        self._slots.acquire()
        self._raise_failure()
        self._taker.submit(self._deliver, self._workers.submit(self._work, item))

    def close(self) -> None:
        """Wait until everything was taken."""
        self._workers.shutdown()
        self._taker.shutdown()
        self._raise_failure()

    def abort(self) -> None:
        """Take nothing more; returns when no thread runs."""
        self._failure = self._failure or RuntimeError("The pipeline was aborted.")
        self._workers.shutdown(cancel_futures=True)
        self._taker.shutdown(cancel_futures=True)

    def _deliver(self, future: Future[Result]) -> None:
        try:
            if self._failure is None:
                self._take(future.result())
        except BaseException as failure:  # Raised again, in the thread that puts or closes.
            self._failure = failure
        finally:
            self._slots.release()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def ordered(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The results of `work` in the items' order, made in several threads, threads + 1 ahead at most."""
    ahead: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads(), "reprieve-read")
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > threads():
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
