"""What single parts cost: the core, the journal, a start, a snapshot.

Each part is measured in a process of its own (`python -m tests.bench.parts PART`), which prints its figures
as one JSON object: names (with their units) and values.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import attrs

from .bridge import bridge
from .processes import run
from .service import service

RUNS = 15
REDUCTIONS = 100_000
JOBS = 10_000
TICKS = 100

Values = Mapping[str, float]


def measure(part: str, *words: str) -> dict[str, float]:
    """The figures of one part."""
    command = (sys.executable, "-m", "tests.bench.parts", part, *words)
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(said)
    return figures


# -- the core -------------------------------------------------------------------------------


def core() -> Values:
    """The pure part alone, and everything that a job passes through in virtual time."""
    from reprieve.core.job import Job, JobKind, Progress
    from reprieve.core.messages import Completed, Progressed, Start
    from reprieve.core.reducer import reduce

    now = datetime.now(UTC)
    job = Job("job", JobKind.CREATION, "database", now)
    running, _ = reduce(job, Start(now))
    messages = [Progressed(Progress("backup", done, REDUCTIONS)) for done in range(REDUCTIONS)]

    def change_state() -> None:
        for _ in range(REDUCTIONS // 2):
            reduce(reduce(job, Start(now))[0], Completed(at=now))

    def progress() -> None:
        known = running
        for message in messages:
            known, _ = reduce(known, message)

    whole = _processor_seconds(lambda: asyncio.run(_jobs(TICKS)))
    bare = _processor_seconds(lambda: asyncio.run(_jobs(1)))
    return {
        "a change of state, reduce alone, µs": _processor_seconds(change_state) / REDUCTIONS * 1e6,
        "a progress message, reduce alone, µs": _processor_seconds(progress) / REDUCTIONS * 1e6,
        f"{JOBS} jobs of {TICKS} progress messages in virtual time, s": whole,
        "of these a job, without its progress, µs": bare / JOBS * 1e6,
        "of these a progress message, transport to observer, µs": (whole - bare) / JOBS / (TICKS - 1) * 1e6,
    }


async def _jobs(ticks: int) -> None:
    """Jobs with one observer of all of them, a hundred at once."""
    from reprieve.core.job import Job, JobKind
    from reprieve.core.orchestrator import Orchestrator
    from reprieve.core.ports import Transport
    from reprieve.core.request import Request
    from reprieve.transports.offline.draws import stream
    from reprieve.transports.offline.memory_journal import MemoryJournal
    from reprieve.transports.offline.scenario import Scenario
    from reprieve.transports.offline.transport import OfflineTransport
    from reprieve.transports.offline.virtual_time import VirtualClock
    from reprieve.transports.offline.world import OfflineWorld

    async def nobody(job: Job) -> Transport:
        raise AssertionError("Nobody has left a job behind.")

    scenario = Scenario(seed=1, ticks=ticks, size=4000, rate=1000)
    clock = VirtualClock()
    world = OfflineWorld(scenario, clock.now())
    orchestrator = Orchestrator(MemoryJournal(), clock, nobody, limit=100, random=stream(1, "core"))
    await orchestrator.open()

    async def one(number: int) -> None:
        target = attrs.evolve(scenario, database=f"database {number}")
        job = await orchestrator.submit(Request(JobKind.CREATION), OfflineTransport(target, clock, world))
        await orchestrator.wait(job.id)

    async def observe() -> None:
        async for _ in await orchestrator.watch_all():
            pass

    observer = asyncio.create_task(observe())
    await asyncio.gather(*map(one, range(JOBS)))
    await orchestrator.close()
    await observer


# -- the journal ----------------------------------------------------------------------------


def journal(folder: str) -> Values:
    """Durable appends on the disk of `folder`, by one job and by a hundred at once."""
    return asyncio.run(_appends(Path(folder)))


async def _appends(folder: Path) -> Values:
    from reprieve.transports.local.home import Home
    from reprieve.transports.local.journal import SqliteJournal
    from tests.transports.local.journal_bench import APPENDS, append_to_many, seconds

    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        opened = SqliteJournal(Home(Path(fresh), Path(fresh)))
        await opened.open()
        alone = await seconds(append_to_many(opened, 1))
        many = await seconds(append_to_many(opened, 100))
        await opened.close()
    return {"durable appends a second, one job": APPENDS / alone, "of 100 jobs": APPENDS / many}


# -- a start --------------------------------------------------------------------------------


def start(folder: str) -> Values:
    """Whole processes, from nothing: the interpreter alone, an import, the command, an unchanged backup."""
    from .library import main as make_library

    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        database = Path(fresh) / "small.db"
        make_library("make", str(database), "8")
        time.sleep(2.5)  # a younger file is read again (snapshot/fingerprint.py)
        reprieve = str(Path(sys.executable).with_name("reprieve"))
        backup = (reprieve, "backup", str(database), "--store", "store")
        commands = {
            "the interpreter alone": (sys.executable, "-c", ""),
            "import reprieve": (sys.executable, "-c", "import reprieve"),
            "reprieve --version": (reprieve, "--version"),
            "an unchanged backup, 8 MiB": backup,
        }
        environment = os.environ | {"REPRIEVE_HOME": str(Path(fresh) / "home")}
        run(backup, environment=environment, folder=Path(fresh))
        runs = [
            [run(words, environment=environment, folder=Path(fresh)) for words in commands.values()]
            for _ in range(RUNS)
        ]
    values = {}
    for name, of_one in zip(commands, zip(*runs, strict=True), strict=True):
        values[f"{name}, ms"] = median(ran.seconds for ran in of_one) * 1e3
        values[f"{name}, ms of processor"] = median(ran.processor for ran in of_one) * 1e3
    return values


# -- a snapshot -----------------------------------------------------------------------------


@attrs.define
class _Nowhere:
    """A sink that forgets."""

    def begin(self, page_size: int, page_count: int) -> None: ...

    def write(self, first_page: int, data: bytes) -> None: ...

    def resize(self, page_count: int) -> None: ...


def snapshot(database: str, method: str, check: str) -> Values:
    """Every page of a database read, and forgotten."""
    from reprieve.transports.local.snapshot.take import Method, take

    def read() -> None:
        take(
            Path(database),
            _Nowhere(),
            cancelled=lambda: False,
            check="quick" if check == "quick" else "none",
            method=Method(method),
            copy=lambda: Path(database).with_suffix(".copy"),
        )

    return {"seconds": min(_seconds(read) for _ in range(3))}


def _processor_seconds(work: Callable[[], object]) -> float:
    """For what does nothing but compute: other programs of the machine do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def mode(database: str, journal_mode: str) -> Values:
    """Put a database into a journal mode."""
    import sqlite3

    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.close()
    return {}


PARTS: Mapping[str, Callable[..., Values]] = {
    "core": core,
    "journal": journal,
    "start": start,
    "mode": mode,
    "snapshot": snapshot,
    "service": service,
    "bridge": bridge,
}


if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](*sys.argv[2:])))
