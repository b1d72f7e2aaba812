"""One transport on trial: followed as the core follows it, by hand and event by event.

The parts of the contract are written with it, and it is public with them. It knows the core and its
ports, and no transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest

from ...core.errors import Unsupported
from ...core.job import Backup, Job, JobKind, UndoCopy
from ...core.lifecycle import JobState, Outcome
from ...core.messages import Cancel, Cancelled, Completed, Event, Failed, Interrupted
from ...core.operations import Operation
from ...core.ports import Clock, Events, Transport
from ...core.reducer import reduce

DEADLINE = 60.0
"""Real seconds after which a test gives up on a transport that hangs."""

UNKNOWN = "0.0.1_19700101T000000000Z"
"""The id of a backup that never was."""


@attrs.frozen
class Setting:
    """What a transport is tried on.

    `transport` makes one, not yet opened, on the same database and store each time, as one process does
    after another; `clock` is the one it lives by. `content` says what the database holds (anything that
    compares), `edit` is somebody else's write to it; without them only what is told is checked.
    """

    transport: Callable[[], Transport]
    clock: Clock
    content: Callable[[], object] = lambda: None
    edit: Callable[[], object] = lambda: None


@attrs.define
class Trial:
    """One opened transport under trial, followed as the core follows it."""

    setting: Setting
    transport: Transport
    _numbers: Any = attrs.field(factory=lambda: count(1))

    def job(self, kind: JobKind = JobKind.CREATION, **known: Any) -> Job:
        """A job that has just been started."""
        now = self.setting.clock.now()
        job_id = f"{next(self._numbers):020x}"
        return Job(job_id, kind, self.transport.database, now, JobState.RUNNING, started=now, **known)

    async def backup(self) -> Backup:
        """A backup of what the database holds now."""
        job, _ = await self.follow(self.job())
        assert Outcome.COMPLETED == job.outcome, job.error
        assert job.backup is not None
        return job.backup

    async def restore(self, backup: Backup) -> UndoCopy:
        """Put `backup` back; what it replaced."""
        job, _ = await self.follow(self.job(JobKind.RESTORATION, backup_id=backup.id))
        assert Outcome.COMPLETED == job.outcome, job.error
        (undo, *_) = await self.transport.undo_copies()
        return undo

    async def follow(
        self, job: Job, events: Events | None = None, *, cancel_at: int | None = None
    ) -> tuple[Job, list[Event]]:
        """Take all that a stream tells; the job that comes of it, and the events.

        Gives a cancel before event number `cancel_at` is asked for (0: before the first).
        """
        events = self.transport.carry_out(job) if events is None else events
        told: list[Event] = []
        answer: bool | None = None
        async with aclosing(events):
            while not (told and settles(told[-1]) and answer is None):
                if len(told) == cancel_at and answer is None:
                    job, _ = reduce(job, Cancel())
                    await self.transport.abort(job)
                try:
                    event = await events.asend(answer)
                except StopAsyncIteration:
                    break
                job, answer = _heard(job, event)
                told.append(event)
        assert told and settles(told[-1]), "A stream must end with a settling event."
        return job, told

    async def advance(self, job: Job, events: Events, *, to_the_end: bool) -> tuple[Job, Event]:
        """Follow a stream to its first event, or to the one that settles, and leave it open there.

        Gives the job as it is before that event, which nobody has made durable yet, and the event.
        """
        while True:
            event = await anext(events)
            if settles(event) or not to_the_end:
                return job, event
            job, _ = _heard(job, event)

    async def has(self, operation: Operation) -> bool:
        """Whether the transport has it; if not, calling it is tried, and must raise Unsupported."""
        if operation in self.transport.operations:
            return True
        with pytest.raises(Unsupported):
            await CALLS[operation](self)
        return False

    async def listed(self) -> list[str]:
        """The ids of the backups, oldest first."""
        if Operation.BACKUPS not in self.transport.operations:
            return []
        return [backup.id for backup in await self.transport.backups()]


def settles(event: Event) -> bool:
    """Whether it is one of those that end a stream."""
    return isinstance(event, Completed | Cancelled | Failed | Interrupted)


def is_offer(event: Event) -> bool:
    """Whether it is a Completed that can still be declined."""
    return isinstance(event, Completed) and event.revocable


def _heard(job: Job, event: Event) -> tuple[Job, bool | None]:
    job, _ = reduce(job, event)
    return job, job.final if is_offer(event) else None


async def _first(events: Events) -> Event:
    async with aclosing(events):
        return await anext(events)


CALLS: dict[Operation, Callable[[Trial], Awaitable[object]]] = {
    Operation.CREATE_BACKUP: lambda it: _first(it.transport.carry_out(it.job())),
    Operation.RESTORE: lambda it: _first(
        it.transport.carry_out(it.job(JobKind.RESTORATION, backup_id=UNKNOWN))
    ),
    Operation.REVERT: lambda it: _first(it.transport.carry_out(it.job(JobKind.RESTORATION, undo_id="u"))),
    Operation.CANCEL: lambda it: it.transport.abort(it.job()),
    Operation.BACKUPS: lambda it: it.transport.backups(),
    Operation.BACKUP: lambda it: it.transport.backup(UNKNOWN),
    Operation.DELETE: lambda it: it.transport.delete(UNKNOWN),
    Operation.UNDO_COPIES: lambda it: it.transport.undo_copies(),
    Operation.FORGET_UNDO: lambda it: it.transport.forget_undo("u"),
    Operation.BACKUP_ASSETS: lambda it: it.transport.keep_assets(({"id": "a"},)),
    Operation.ASSETS: lambda it: it.transport.assets(),
    Operation.ASSET: lambda it: it.transport.asset("a"),
    Operation.ASSET_HISTORY: lambda it: it.transport.asset_history("a"),
}


class Suite:
    """A suite of tests of one transport; a part of the contract, or all of it."""

    def setting(self, folder: Path) -> AbstractAsyncContextManager[Setting]:
        """A fresh database, store and clock; `folder` is empty and this test's own."""
        raise NotImplementedError


def tried(test: Callable[[Any, Trial], Coroutine[Any, Any, None]]) -> Callable[[Any, Path], None]:
    """A test that pytest can call without any plugin: in a loop of its own, on a transport opened for it."""

    async def opened(suite: Suite, folder: Path) -> None:
        async with asyncio.timeout(DEADLINE), suite.setting(folder) as setting:
            transport = setting.transport()
            await transport.open()
            try:
                await test(suite, Trial(setting, transport))
            finally:
                await transport.close()

    def run(self: Suite, tmp_path: Path) -> None:
        asyncio.run(opened(self, tmp_path))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run
