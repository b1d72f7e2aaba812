"""A program that uses reprieve, in a process of its own; run as `person.py`, driven by JSON lines.

The first line of its input says which library to open. Each later one asks for something (`do`, a method of
Person) under a number, and is answered under that number when it is done: a later one may be answered first.
Ends when its input does, having closed the library.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from reprieve.core.errors import Problem, ReprieveError
from reprieve.core.job import Job
from reprieve.library import Library
from reprieve.running_job import RunningJob
from reprieve.transports.local import failpoints
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal
from reprieve.transports.local.leftovers import clear_up
from reprieve.transports.local.opening import open_local

Answer = dict[str, Any]


class Person:
    """What a person can do with one library; `held` is the embedder's own connection to the database."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.jobs: dict[str, RunningJob[Any]] = {}
        self.held: sqlite3.Connection | None = None

    async def aim(self, failpoint: str | None) -> None:
        """From now on this process (at `journal.…`) or the workers that it starts have this failpoint."""
        if failpoint is None:
            os.environ.pop(failpoints.VARIABLE, None)
            failpoints.install(None)
        else:
            os.environ[failpoints.VARIABLE] = failpoint
            failpoints.install_from_environment()

    async def create(self, **options: Any) -> str:
        return self._asked(await self.library.create_backup(**options))

    async def restore(self, backup: str, **options: Any) -> str:
        return self._asked(await self.library.restore(backup, **options))

    async def restore_wholly(self, backup: str, key: str) -> Answer:
        return await self.settled(await self.restore(backup, idempotency_key=key))

    async def revert(self, undo: str | None = None) -> str:
        return self._asked(await self.library.revert(undo))

    async def outcome(self, job: str) -> Answer:
        """What awaiting the job gives."""
        result = await self.jobs[job].outcome()
        return {} if result is None else {"id": result.id, "bytes": result.bytes}

    async def settled(self, job: str) -> Answer:
        return _job(await (await self.library.follow(job)).settled())

    async def seen(self, job: str) -> list[tuple[str, float]]:
        """What iterating over the job gives: its states and percentages."""
        return [(one.state, one.percentage) async for one in await self.library.follow(job)]

    async def percentage(self, job: str) -> float:
        """How far the job is, as any process may ask."""
        return (await self.library.job(job)).percentage

    async def cancel(self, job: str) -> Answer:
        return _job(await self.library.cancel(job))

    async def list_jobs(self, unsettled: bool = False) -> list[Answer]:
        return [_job(job) for job in await self.library.jobs(unsettled=unsettled)]

    async def backups(self) -> list[str]:
        return [backup.id for backup in await self.library.backups()]

    async def damaged(self) -> list[bool]:
        """Which backups were forced from a damaged database."""
        return [backup.source_damaged for backup in await self.library.backups()]

    async def undo_copies(self) -> list[str]:
        return [copy.id for copy in await self.library.undo_copies()]

    async def forget_undo(self, undo: str) -> None:
        await self.library.forget_undo(undo)

    async def hold(self, *statements: str) -> None:
        """Have the database open as an embedder does, in this very process."""
        self.held = sqlite3.connect(self.library.database, isolation_level=None, timeout=0)
        for statement in statements:
            self.held.execute(statement).fetchall()

    async def ask_held(self, statement: str) -> list[Any]:
        assert self.held
        return self.held.execute(statement).fetchall()

    def _asked(self, job: RunningJob[Any]) -> str:
        self.jobs[job.id] = job
        return job.id


def _job(job: Job) -> Answer:
    return {
        "id": job.id,
        "kind": job.kind,
        "key": job.idempotency_key,
        "state": job.state,
        "outcome": job.outcome,
        "attempt": job.attempt,
        "error": job.error.kind if job.error else None,
        "message": job.error.message if job.error else None,
        "backup": job.backup.id if job.backup else None,
        "undo": job.undo.id if job.undo else None,
    }


def open_library(settings: Answer) -> Library:
    folder = Path(settings["home"])
    home = Home(folder, folder)
    opened = open_local(
        settings["database"],
        store=settings["store"],
        home=home,
        passphrase=settings["passphrase"],
        any_database=True,  # its backups are those of the scene that it is a copy of
    )
    if settings["lease"]:
        journal = SqliteJournal(home, lease=settings["lease"], heartbeat=settings["lease"] / 5)
        sweep = partial(clear_up, home, Path(settings["database"]), journal)
        opened = attrs.evolve(opened, journal=journal, clear_up=sweep)
    return Library(opened, long_lived=settings["long_lived"])


async def answer(person: Person, asked: Answer) -> None:
    try:
        result = await getattr(person, asked["do"])(*asked["args"], **asked["options"])
    except ReprieveError as error:
        problem = Problem.of(error)
        say({"number": asked["number"], "error": problem.kind, "message": problem.message})
    else:
        say({"number": asked["number"], "result": result})


def say(what: Answer) -> None:
    print(json.dumps(what), flush=True)


def listen(lines: asyncio.Queue[str], loop: asyncio.AbstractEventLoop) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(lines.put_nowait, line)
    loop.call_soon_threadsafe(lines.put_nowait, "")


async def main() -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    threading.Thread(target=listen, args=(lines, asyncio.get_running_loop()), daemon=True).start()
    settings = json.loads(await lines.get())
    failpoint = settings["failpoint"]
    if failpoint:
        os.environ[failpoints.VARIABLE] = failpoint
    async with open_library(settings) as library, asyncio.TaskGroup() as tasks:
        person = Person(library)
        say({"number": 0, "result": await person.list_jobs()})
        while line := await lines.get():
            tasks.create_task(answer(person, json.loads(line)))


if __name__ == "__main__":
    if hasattr(signal, "SIGHUP"):
        # When this process dies, the system sends a stopped worker SIGHUP and SIGCONT. Under nohup, which has
        # SIGHUP ignored, it would go on.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    asyncio.run(main())
