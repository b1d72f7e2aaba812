"""Another process with a journal of its own, which does what a test tells it, line by line.

Run as a script it reads commands (JSON lists) from its standard input and answers each with one line
of JSON. Imported, it gives tests the class Process, which starts such a script and speaks with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from reprieve.core.errors import Problem, ReprieveError
from reprieve.core.job import Job, JobKind
from reprieve.core.messages import Completed, Message, Noted, Start
from reprieve.core.ports import Claim, Entry
from reprieve.core.reducer import reduce
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal


class Process:
    """A process with an open journal; used as a context manager, at whose end it is killed."""

    def __init__(
        self, folder: Path, *, lease: float = 10.0, heartbeat: float = 1.0, failpoint: str = ""
    ) -> None:
        environment: Mapping[str, str] = {**os.environ, "REPRIEVE_FAILPOINT": failpoint}
        self._popen = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(lease), str(heartbeat)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.pid = self._popen.pid

    def say(self, *command: object) -> None:
        """Tell it to do something; `hear` gives what came of it."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps(command) + "\n")
        self._popen.stdin.flush()

    def hear(self) -> Any:
        """Its next answer; None if it is dead."""
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        return json.loads(line) if line else None

    def do(self, *command: object) -> Any:
        """Tell it to do something, and wait for what came of it."""
        self.say(*command)
        return self.hear()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._popen.kill()
        self._popen.wait()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        assert self._popen.stdin is not None and self._popen.stdout is not None
        self._popen.stdout.close()
        try:
            self._popen.stdin.close()
        except BrokenPipeError:
            return  # it was killed with a command on its way


class Puppet:
    """The script's side: each public method is a command."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self._jobs: dict[str, tuple[Job, Claim]] = {}

    async def create(self, job_id: str, database: str, key: str | None = None) -> object:
        job, claim = await self._journal.create(
            Job(job_id, JobKind.CREATION, database, datetime.now(UTC), idempotency_key=key)
        )
        if claim is not None:
            self._jobs[job.id] = job, claim
        return [job.id, claim is not None]

    async def create_many(self, names: list[str], key: str) -> object:
        return await asyncio.gather(*(self.create(name, "/db", key) for name in names))

    async def start(self, job_id: str) -> object:
        _, claim = self._jobs[job_id]
        while not await self._journal.activate(claim):
            await asyncio.sleep(0.005)
        return await self._tell(job_id, Start(datetime.now(UTC)))

    async def note(self, job_id: str, step: str) -> object:
        return await self._tell(job_id, Noted(step, at=datetime.now(UTC)))

    async def complete(self, job_id: str) -> object:
        return await self._tell(job_id, Completed(at=datetime.now(UTC)))

    async def note_many(self, job_id: str, count: int) -> object:
        for number in range(count):
            await self.note(job_id, str(number))
        return count

    async def take_turns(self, names: list[str], database: str) -> object:
        """See each of these jobs through; nobody else may be at work on the database meanwhile."""
        return await asyncio.gather(*(self._take_turn(name, database) for name in names))

    async def claim(self, job_id: str) -> object:
        abandoned = [job.id for job in await self._journal.abandoned()]
        takeover = await self._journal.claim(job_id) if job_id in abandoned else None
        if takeover is None:
            return None
        self._jobs[job_id] = takeover.job, takeover.claim
        return takeover.claim.fence

    async def block_the_loop(self) -> object:
        """Do nothing, in the event loop's own thread, until the next line comes."""
        print(json.dumps("blocked"), flush=True)
        return sys.stdin.readline().strip()

    async def limit_file_size(self, size: int) -> object:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        return size

    async def _take_turn(self, job_id: str, database: str) -> str:
        await self.create(job_id, database)
        await self.start(job_id)
        os.close(os.open(database, os.O_CREAT | os.O_EXCL))
        await self.note(job_id, "working")
        os.unlink(database)
        await self.complete(job_id)
        return job_id

    async def _tell(self, job_id: str, message: Message) -> str:
        before, claim = self._jobs[job_id]
        job, _ = reduce(before, message)
        await self._journal.append(claim, (Entry(job, message),))
        self._jobs[job_id] = job, claim
        return job.state


async def _obey(folder: Path, lease: float, heartbeat: float) -> None:
    journal = SqliteJournal(Home(folder, folder), lease=lease, heartbeat=heartbeat)
    await journal.open()
    puppet = Puppet(journal)
    print(json.dumps("open"), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        name, *values = json.loads(line)
        try:
            answer = await getattr(puppet, name)(*values)
        except (ReprieveError, OSError) as error:
            answer = {"error": Problem.of(error).kind, "message": str(error)}
        print(json.dumps(answer), flush=True)
    await journal.close()


if __name__ == "__main__":
    asyncio.run(_obey(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
