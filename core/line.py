"""Who may start next: jobs wait in line on their database, and at most so many run at once.

A pure value holder: the orchestrator tells it what happens and asks for the next.
"""

from __future__ import annotations

from collections import OrderedDict, deque


class Line:
    """The jobs that wait, one line for each database, and those that run."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: dict[str, deque[str]] = {}
        self._heads: OrderedDict[str, None] = OrderedDict()
        self._blocked: set[str] = set()
        self._running: set[str] = set()

    def join(self, job_id: str, database: str) -> None:
        """The job waits behind those that wait for the same database."""
        line = self._lines.setdefault(database, deque())
        line.append(job_id)
        if len(line) == 1:
            self._heads[database] = None

    def next(self) -> str | None:
        """The job whose turn it is, if there is room for it. Answer with `started` or `blocked`."""
        if len(self._running) >= self._limit or not self._heads:
            return None
        database, _ = self._heads.popitem(last=False)
        return self._lines[database][0]

    def started(self, job_id: str) -> None:
        """The job that `next` gave runs now."""
        self._running.add(job_id)

    def blocked(self, job_id: str, database: str) -> None:
        """Another process has the database of the job that `next` gave: ask again after `retry`."""
        line = self._lines.get(database)
        if line and line[0] == job_id:
            self._blocked.add(database)

    def retry(self) -> None:
        """Whatever was blocked may be asked for again."""
        self._heads.update(dict.fromkeys(sorted(self._blocked)))
        self._blocked.clear()

    def leave(self, job_id: str, database: str) -> None:
        """The job has ended, whether it ran, waited or was never in line."""
        self._running.discard(job_id)
        line = self._lines.get(database)
        if not line or job_id not in line:
            return
        was_first = line[0] == job_id
        line.remove(job_id)
        if was_first:
            self._heads.pop(database, None)
            self._blocked.discard(database)
            if line:
                self._heads[database] = None
        if not line:
            del self._lines[database]
