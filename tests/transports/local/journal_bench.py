"""What the SQLite journal costs: `python -m tests.transports.local.journal_bench [FOLDER]`.

Opens in a fresh folder (of FOLDER, whose disk is measured), appends with 1 and with 100 jobs at once.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path

from reprieve.core.job import Job, JobKind
from reprieve.core.messages import Message, Noted, Start
from reprieve.core.ports import Entry
from reprieve.core.reducer import reduce
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal

NOW = datetime.now(UTC)
APPENDS = 2000


async def seconds(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def append_to_one_job(journal: SqliteJournal, name: str, count: int) -> None:
    job, claim = await journal.create(Job(name, JobKind.CREATION, f"/{name}", NOW))
    assert claim is not None
    message: Message = Start(NOW)
    for number in range(count):
        job, _ = reduce(job, message)
        await journal.append(claim, (Entry(job, message),))
        message = Noted(f"step {number}", {"page": number}, at=NOW)


async def append_to_many(journal: SqliteJournal, jobs: int) -> None:
    await asyncio.gather(
        *(append_to_one_job(journal, f"{jobs}-{number}", APPENDS // jobs) for number in range(jobs))
    )


async def measure(folder: Path) -> None:
    journal = SqliteJournal(Home(folder, folder))
    for what in ("a new journal", "it again"):
        print(f"open {what:15} {1e3 * await seconds(journal.open()):8.2f} ms")
        print(f"close                {1e3 * await seconds(journal.close()):8.2f} ms")
    await journal.open()
    for jobs in (1, 10, 100):
        took = await seconds(append_to_many(journal, jobs))
        print(
            f"appends, {jobs:3} at once {APPENDS / took:8.0f} a second, {1e3 * took * jobs / APPENDS:.2f} ms"
        )
    print(f"asked_cancels        {1e3 * await seconds(journal.asked_cancels()):8.2f} ms")
    print(f"jobs, all of {len(await journal.jobs()):3}     {1e3 * await seconds(journal.jobs()):8.2f} ms")
    print(f"close                {1e3 * await seconds(journal.close()):8.2f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as fresh:
        asyncio.run(measure(Path(fresh)))
