"""A scripted transport, a journal that records and fails on command, and time that jumps.

The journal double is one World with as many JournalDoubles (owners) as a test has processes. It keeps the
rules that ports.py states, writes down what happened in which order, and waits once before each write,
so that whatever can come in between does.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import attrs

from reprieve.core.errors import (
    Conflict,
    NotFound,
    OwnershipLost,
    Problem,
    ReprieveError,
    StorageError,
    Unsupported,
)
from reprieve.core.job import AssetVersion, Backup, Job, JobKind, Progress, UndoCopy
from reprieve.core.messages import Cancelled, Completed, Failed, Progressed
from reprieve.core.operations import Operation
from reprieve.core.orchestrator import Orchestrator
from reprieve.core.ports import Claim, Entry, Events, Takeover
from reprieve.core.request import Request
from reprieve.core.retry import RetryPolicy

_T = TypeVar("_T")

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class JumpingClock:
    """A clock that jumps to its next sleeper once nobody else has run for some rounds of the loop."""

    def __init__(self, quiet_rounds: int = 40) -> None:
        self._time = 0.0
        self._quiet_rounds = quiet_rounds
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._turns = count()
        self._task: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self._time)

    def monotonic(self) -> float:
        return self._time

    async def sleep(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._time + seconds, next(self._turns), alarm))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._jump())
        await alarm

    async def stop(self) -> None:
        """Nobody sleeps any more: let go of the loop."""
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _jump(self) -> None:
        while self._sleepers:
            for _ in range(self._quiet_rounds):
                await asyncio.sleep(0)
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if self._sleepers:
                due, _, alarm = heapq.heappop(self._sleepers)
                self._time = max(self._time, due)
                alarm.set_result(None)


@attrs.define
class _Kept:
    job: Job
    claim: Claim
    alive: bool = True
    active: bool = False
    cancel_asked: bool = False


@attrs.define
class World:
    """What several owners share: jobs, lines, and `log`, where everybody writes what happened."""

    kept: dict[str, _Kept] = attrs.field(factory=dict)
    lines: list[Entry] = attrs.field(factory=list)
    log: list[tuple[object, ...]] = attrs.field(factory=list)
    fences: count[int] = attrs.field(factory=lambda: count(1))
    owners: count[int] = attrs.field(factory=lambda: count(1))


class JournalDouble:
    """One owner's view of a World. `trouble` is raised by each write while it is set.

    The writes numbered in `fail_at` raise and write nothing; those in `lose_at` write, and raise.
    """

    def __init__(self, world: World, *, shared: bool = False) -> None:
        self.world = world
        self.shared = shared
        self.owner = ""
        self.trouble: StorageError | None = None
        self.writes = 0
        self.fail_at: range = range(0)
        self.lose_at: range = range(0)

    async def open(self) -> None:
        self.owner = f"owner-{next(self.world.owners)}"

    async def close(self) -> None:
        self.die()
        self.owner = ""

    def die(self) -> None:
        """What its process leaves behind is abandoned from now on."""
        for kept in self.world.kept.values():
            if kept.claim.owner == self.owner:
                kept.alive = False

    def seize(self, job_id: str) -> None:
        """Let everybody believe that this owner is gone, though it goes on (SIGSTOP, a long pause)."""
        self.world.kept[job_id].alive = False

    async def create(self, job: Job) -> tuple[Job, Claim | None]:
        await self._write()
        for kept in self.world.kept.values():
            if job.idempotency_key and kept.job.idempotency_key == job.idempotency_key:
                return kept.job, None
            if kept.job.database == job.database and not kept.job.final:
                if kept.job.kind is job.kind is JobKind.RESTORATION:
                    raise Conflict(f"Job {kept.job.id} restores {job.database} already.")
        claim = Claim(job.id, self.owner, next(self.world.fences))
        self.world.kept[job.id] = _Kept(job, claim)
        self._line(Entry(job, None))
        return self._answer((job, claim))

    async def activate(self, claim: Claim) -> bool:
        await self._write()
        mine = self._mine(claim)
        for kept in self.world.kept.values():
            if kept is mine:
                break
            if kept.job.database == mine.job.database and not kept.job.final and kept.alive:
                return False
        others = (kept for kept in self.world.kept.values() if kept is not mine)
        if any(kept.active and kept.job.database == mine.job.database for kept in others):
            return False
        mine.active = True
        return self._answer(True)

    async def append(self, claim: Claim, entries: tuple[Entry, ...]) -> None:
        await self._write()
        kept = self._mine(claim)
        assert not kept.job.final
        for entry in entries:
            assert entry.job.version == kept.job.version + 1
            kept.job = entry.job
            self._line(entry)
        kept.active = not kept.job.final and (kept.active or kept.job.state != "idle")
        same = [other.job.id for other in self.world.kept.values() if other.active]
        databases = [self.world.kept[job_id].job.database for job_id in same]
        assert sorted(set(databases)) == sorted(databases), "two active jobs on one database"
        self._answer(None)

    def progressed(self, claim: Claim, job: Job) -> None:
        kept = self.world.kept[claim.job_id]
        if kept.claim == claim and not kept.job.final:
            kept.job = attrs.evolve(kept.job, progress=job.progress, percentage=job.percentage)

    async def ask_cancel(self, job_id: str) -> bool:
        await asyncio.sleep(0)
        kept = self._kept(job_id)
        kept.cancel_asked = not kept.job.final
        return kept.cancel_asked

    async def asked_cancels(self) -> tuple[str, ...]:
        await self._write()
        mine = (kept for kept in self.world.kept.values() if kept.claim.owner == self.owner)
        return tuple(kept.job.id for kept in mine if kept.cancel_asked and not kept.job.final)

    async def abandoned(self) -> tuple[Job, ...]:
        await asyncio.sleep(0)
        return tuple(k.job for k in self.world.kept.values() if not (k.alive or k.job.final))

    async def claim(self, job_id: str) -> Takeover | None:
        await self._write()
        kept = self._kept(job_id)
        if kept.job.final or (kept.alive and kept.claim.owner != self.owner):
            return None
        kept.claim = Claim(job_id, self.owner, next(self.world.fences))
        kept.alive = True
        return self._answer(Takeover(kept.job, kept.claim, kept.cancel_asked))

    async def job(self, job_id: str) -> Job:
        await asyncio.sleep(0)
        return self._kept(job_id).job

    async def jobs(
        self, *, database: str | None = None, unsettled: bool = False, limit: int = 1000
    ) -> tuple[Job, ...]:
        await asyncio.sleep(0)
        jobs = (kept.job for kept in reversed(self.world.kept.values()))
        wanted = (j for j in jobs if database in (None, j.database) and not (unsettled and j.final))
        return tuple(wanted)[:limit]

    async def seq(self) -> int:
        await asyncio.sleep(0)
        return len(self.world.lines)

    async def entries(
        self, *, after: int = 0, job_id: str | None = None, limit: int = 1000
    ) -> tuple[Entry, ...]:
        await asyncio.sleep(0)
        found = (line for line in self.world.lines[after:] if job_id in (None, line.job.id))
        return tuple(found)[:limit]

    async def _write(self) -> None:
        await asyncio.sleep(0)
        self.writes += 1
        if self.trouble or self.writes in self.fail_at:
            raise self.trouble or StorageError("The journal's disk is full; make room.")

    def _answer(self, answer: _T) -> _T:
        """What a write gives, unless its answer is lost."""
        if self.writes in self.lose_at:
            raise StorageError("The journal's answer was lost; make room.")
        return answer

    def _kept(self, job_id: str) -> _Kept:
        if job_id not in self.world.kept:
            raise NotFound(f"There is no job {job_id}.")
        return self.world.kept[job_id]

    def _mine(self, claim: Claim) -> _Kept:
        kept = self._kept(claim.job_id)
        if kept.claim != claim or not self.owner:
            raise OwnershipLost(f"Job {claim.job_id} belongs to {kept.claim.owner} now.")
        return kept

    def _line(self, entry: Entry) -> None:
        line = attrs.evolve(entry, seq=len(self.world.lines) + 1, owner=self.owner)
        self.world.lines.append(line)
        self.world.log.append(("durable", entry.job.id, entry.job.version, entry.job.state.value))


Script = Callable[["ScriptedTransport", Job], Events]


def a_backup(backup_id: str = "b1", database: str = "db") -> Backup:
    return Backup(backup_id, "1.0.0", "20260101T000000000Z", BEGINNING, 4096, database, "device", "linux")


def an_undo_copy(undo_id: str = "u1", database: str = "db") -> UndoCopy:
    return UndoCopy(undo_id, database, BEGINNING, 4096, "restored", "job")


async def works(transport: ScriptedTransport, job: Job) -> Events:
    """The plainest of scripts: half-way, and done."""
    yield Progressed(Progress("copy", 50, 100))
    yield Completed(a_backup(), an_undo_copy() if job.kind is JobKind.RESTORATION else None)


async def untouched(transport: ScriptedTransport, job: Job) -> Events:
    """The plainest recovery: nothing was done."""
    if job.state == "cancelling":
        yield Cancelled()
    else:
        yield Failed(Problem("interrupted", "It was interrupted; the database is untouched."))


class ScriptedTransport:
    """A transport whose work, recovery and abort are what a test says.

    `scripts` are used up one for each attempt, the last for all that follow. `aborted` is set by an
    abort, for scripts that wait for it.
    """

    def __init__(
        self,
        *scripts: Script,
        recovers: Script = untouched,
        abort: Callable[[Job], Awaitable[None]] | None = None,
        database: str = "db",
        log: list[tuple[object, ...]] | None = None,
        operations: frozenset[Operation] = frozenset(Operation),
    ) -> None:
        self.scripts = list(scripts or (works,))
        self.recovers = recovers
        self.database = database
        self.operations = operations
        self.log = log if log is not None else []
        self.aborted = asyncio.Event()
        self.gone = asyncio.Event()
        self.at_work = 0
        self.most_at_work = 0
        self._abort = abort

    async def open(self) -> None:
        self.log.append(("transport", "open"))

    async def close(self) -> None:
        self.log.append(("transport", "close"))

    def carry_out(self, job: Job) -> Events:
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        return self._play("carry_out", script, job)

    def recover(self, job: Job) -> Events:
        return self._play("recover", self.recovers, job)

    async def abort(self, job: Job) -> None:
        self.log.append(("abort", job.id, job.version))
        if self._abort:
            await self._abort(job)
        self.aborted.set()

    async def _play(self, what: str, script: Script, job: Job) -> Events:
        self.log.append((what, job.id, job.version))
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            async with aclosing(script(self, job)) as events:
                answer: bool | None = None
                while True:
                    try:
                        event = await events.asend(answer)
                    except StopAsyncIteration:
                        return
                    answer = yield event
                    if answer is not None:
                        self.log.append(("answered", job.id, answer))
        finally:
            self.at_work -= 1
            self.log.append(("closed", job.id))
            self.gone.set()

    async def backups(self) -> tuple[Backup, ...]:
        return (a_backup(),)

    async def backup(self, backup_id: str) -> Backup:
        if backup_id != "b1":
            raise NotFound(f"There is no backup {backup_id}; list the backups to see those that there are.")
        return a_backup()

    async def other_backups(self) -> int:
        return 0

    async def delete(self, backup_id: str) -> None:
        await self.backup(backup_id)

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        return (an_undo_copy("u2"), an_undo_copy("u1"))

    async def forget_undo(self, undo_id: str) -> None:
        self.log.append(("forget", undo_id))

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        return tuple(AssetVersion(str(document["id"]), 1, BEGINNING, 2) for document in documents)

    async def assets(self) -> tuple[AssetVersion, ...]:
        return ()

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        return {"id": asset_id, "version": version}

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        raise Unsupported("This transport keeps no history.")


class Process:
    """One orchestrator over its own view of a World: what one operating-system process would be."""

    def __init__(
        self,
        transport: ScriptedTransport,
        world: World | None = None,
        clock: JumpingClock | None = None,
        *,
        shared: bool = False,
        limit: int = 2,
        retry: RetryPolicy | None = None,
        resumes_detached: bool = False,
    ) -> None:
        self.transport = transport
        self.world = world or World()
        self.clock = clock or JumpingClock()
        self.journal = JournalDouble(self.world, shared=shared)
        self.opens: ReprieveError | None = None
        transport.log = self.world.log
        self.orchestrator = Orchestrator(
            self.journal,
            self.clock,
            self._transport_of,
            limit=limit,
            retry=retry,
            resumes_detached=resumes_detached,
        )

    async def _transport_of(self, job: Job) -> ScriptedTransport:
        if self.opens:
            raise self.opens
        return self.transport

    async def __aenter__(self) -> Orchestrator:
        await self.orchestrator.open()
        return self.orchestrator

    async def __aexit__(self, *_: object) -> None:
        await self.orchestrator.close()

    async def create(self, **request: Any) -> Job:
        """Ask for a creation on the scripted transport."""
        return await self.orchestrator.submit(Request(JobKind.CREATION, **request), self.transport)

    async def restore(self, **request: Any) -> Job:
        """Ask for a restoration on the scripted transport."""
        request = {"backup_id": "b1", **request}
        return await self.orchestrator.submit(Request(JobKind.RESTORATION, **request), self.transport)

    async def told(self, job_id: str) -> list[str]:
        """The states that the journal holds of a job, in order."""
        return [line.job.state.value for line in self.world.lines if line.job.id == job_id]

    async def crash(self) -> None:
        """End as a killed process does: nothing more is written, and what it owned is abandoned."""
        self.journal.die()
        self.journal.owner = ""
        self.journal.shared = False
        tasks = tuple(self.orchestrator._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def until(condition: Callable[[], bool], rounds: int = 5000) -> None:
    """Let everybody run until `condition` holds; a generous number of rounds of the loop, no time."""
    for _ in range(rounds):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("It never came to that.")
