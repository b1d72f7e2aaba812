"""OfflineTransport: a whole backup service in this process, without any I/O, that fails on command.

It joins a Scenario, a world and a clock into the core's Transport port. How a job goes is
attempt.py's matter, what exists is world.py's.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.job import AssetVersion, Backup, Job, UndoCopy
from ...core.operations import Operation
from ...core.ports import Events
from ..clock import AlarmClock
from .attempt import Attempt
from .draws import stream
from .parameters import problem
from .scenario import Scenario
from .world import OfflineWorld


class OfflineTransport:
    """One database of a simulated service.

    Several transports may share a `world`: on other databases, or one after the other, as processes
    do that die and are followed by others. The scenario's `latency` and `jitter` are those of each call.
    """

    def __init__(self, scenario: Scenario, clock: AlarmClock, world: OfflineWorld | None = None) -> None:
        self.scenario = scenario
        self.world = world if world is not None else OfflineWorld(scenario, clock.now())
        self._clock = clock
        self._calls = stream(scenario.seed, "calls", scenario.database)
        self._attempts: dict[str, Attempt] = {}

    @property
    def operations(self) -> frozenset[Operation]:
        """All there are, but those that the scenario is without."""
        return frozenset(Operation).difference(self.scenario.without)

    @property
    def database(self) -> str:
        """The name that the scenario gives the database."""
        return self.scenario.database

    async def open(self) -> None:
        """Nothing to get ready; it takes as long as any call."""
        await self._travel()

    async def close(self) -> None:
        """Let go of the attempts; the world stays."""
        self._attempts.clear()

    # -- jobs -------------------------------------------------------------------------------

    def carry_out(self, job: Job) -> Events:
        """Play the scenario for one attempt of `job`."""
        return self._followed(job, settle=False)

    def recover(self, job: Job) -> Events:
        """Settle what the world knows of `job`; nothing is begun."""
        return self._followed(job, settle=True)

    async def abort(self, job: Job) -> None:
        """Ask the attempt at `job` to stop. Raises what the scenario refuses a cancel with."""
        self.scenario.need(Operation.CANCEL)
        await self._travel()
        if self.scenario.refuse_cancel is not None:
            raise problem(
                self.scenario.refuse_cancel, "The offline service refused to cancel, as its scenario says."
            ).error()
        attempt = self._attempts.get(job.id)
        if attempt is not None:
            attempt.abort()

    def _followed(self, job: Job, *, settle: bool) -> Events:
        attempt = self._attempts[job.id] = Attempt(job, self.scenario, self.world, self._clock)
        return attempt.settle() if settle else attempt.carry_out()

    # -- the catalogue ----------------------------------------------------------------------

    async def backups(self) -> tuple[Backup, ...]:
        """Every backup that is published and not hidden, oldest first."""
        await self._call(Operation.BACKUPS)
        return self.world.backups(self.database)

    async def backup(self, backup_id: str) -> Backup:
        """One of them. Raises NotFound."""
        await self._call(Operation.BACKUP)
        return self.world.backup(backup_id, self.database)

    async def other_backups(self) -> int:
        """None: its world tells of one database only."""
        return 0

    async def delete(self, backup_id: str) -> None:
        """Hide it. Raises NotFound."""
        await self._call(Operation.DELETE)
        self.world.delete(backup_id, self.database)

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """What the database can be reverted to, newest first."""
        await self._call(Operation.UNDO_COPIES)
        return self.world.undo_copies(self.database)

    async def forget_undo(self, undo_id: str) -> None:
        """Drop an undo copy for good. Raises NotFound."""
        await self._call(Operation.FORGET_UNDO)
        self.world.forget_undo(undo_id, self.database)

    # -- documents --------------------------------------------------------------------------

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """Keep each document as its next version, or none of them. Raises InvalidRequest."""
        await self._call(Operation.BACKUP_ASSETS)
        return self.world.keep_assets(documents, self._clock.now())

    async def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        await self._call(Operation.ASSETS)
        return self.world.assets()

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """One document, whole. Raises NotFound."""
        await self._call(Operation.ASSET)
        return self.world.asset(asset_id, version)

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        await self._call(Operation.ASSET_HISTORY)
        return self.world.asset_history(asset_id)

    # -- each call --------------------------------------------------------------------------

    async def _call(self, operation: Operation) -> None:
        self.scenario.need(operation)
        await self._travel()

    async def _travel(self) -> None:
        seconds = self.scenario.latency + self._calls.uniform(0.0, self.scenario.jitter)
        if seconds:
            await self._clock.sleep(seconds)
