"""The contract suite notices: each transport here breaks one MUST, and the test of that MUST fails."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reprieve.core.errors import NotFound
from reprieve.core.job import AssetVersion, Backup, Job, JobKind
from reprieve.core.messages import Cancelled, Completed, Progressed
from reprieve.core.operations import Operation
from reprieve.core.ports import Events
from reprieve.transports.contract import Setting, TransportContract
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.transport import OfflineTransport
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.offline.world import OfflineWorld


class EndsWithoutSettling(OfflineTransport):
    async def carry_out(self, job: Job) -> Events:
        async for event in super().carry_out(job):
            if isinstance(event, Completed):
                return
            yield event


class GoesBackwards(OfflineTransport):
    async def carry_out(self, job: Job) -> Events:
        first: Progressed | None = None
        async for event in super().carry_out(job):
            yield event
            if isinstance(event, Progressed):
                first = first or event
                yield first


class PublishesWhatWasCancelled(OfflineTransport):
    async def carry_out(self, job: Job) -> Events:
        async for event in super().carry_out(job):
            if isinstance(event, Cancelled) and self.world.work(job).backup:
                self.world.commit(job, 1, self._clock.now())
            yield event


class KeepsTheNewContent(OfflineTransport):
    async def carry_out(self, job: Job) -> Events:
        async for event in super().carry_out(job):
            if (yield event) is False:
                yield Cancelled()
                return


class RestoresNothing(OfflineTransport):
    async def carry_out(self, job: Job) -> Events:
        async for event in super().carry_out(job):
            if isinstance(event, Completed) and job.kind is JobKind.RESTORATION:
                self.world.edit(job.database)
            yield event


class WorksOnAfterItWasClosed(OfflineTransport):
    async def carry_out(self, job: Job) -> Events:
        try:
            async for event in super().carry_out(job):
                yield event
        except GeneratorExit:
            self.world.commit(job, 1, self._clock.now())
            raise


class RunsAgainByItself(OfflineTransport):
    def recover(self, job: Job) -> Events:
        return self.carry_out(job)


class ForgetsWhatItPublished(OfflineTransport):
    def recover(self, job: Job) -> Events:
        self.world.work(job).committed = False
        return super().recover(job)


class AbortsOnce(OfflineTransport):
    async def abort(self, job: Job) -> None:
        del self._attempts[job.id]


class NewestFirst(OfflineTransport):
    async def backups(self) -> tuple[Backup, ...]:
        return (await super().backups())[::-1]


class PretendsToHaveLess(OfflineTransport):
    @property
    def operations(self) -> frozenset[Operation]:
        return frozenset(Operation) - {Operation.REVERT, Operation.ASSETS}


class ForgetsSilently(OfflineTransport):
    async def forget_undo(self, undo_id: str) -> None:
        try:
            await super().forget_undo(undo_id)
        except NotFound:
            return


class KeepsWhatItKnows(OfflineTransport):
    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        return await super().keep_assets(tuple({"id": document["id"]} for document in documents))


class KeepsOneByOne(OfflineTransport):
    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        return tuple([(await super(KeepsOneByOne, self).keep_assets((one,)))[0] for one in documents])


class NeverSettles(OfflineTransport):
    async def carry_out(self, job: Job) -> Events:
        async for event in super().carry_out(job):
            if isinstance(event, Completed):
                await asyncio.Event().wait()
            yield event


class Suite(TransportContract):
    def __init__(self, broken: type[OfflineTransport]) -> None:
        self.broken = broken

    @asynccontextmanager
    async def setting(self, folder: Path) -> AsyncIterator[Setting]:
        scenario, clock = Scenario(), VirtualClock()
        world = OfflineWorld(scenario, clock.now())
        yield Setting(
            lambda: self.broken(scenario, clock, world),
            clock,
            lambda: world.content(scenario.database),
            lambda: world.edit(scenario.database),
        )


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (EndsWithoutSettling, "test_a_creation_publishes_its_backup"),
        (GoesBackwards, "test_progress_is_within_its_total_and_never_falls"),
        (PublishesWhatWasCancelled, "test_a_cancelled_creation_publishes_nothing"),
        (KeepsTheNewContent, "test_an_offer_that_is_declined_is_undone"),
        (RestoresNothing, "test_a_restoration_puts_the_backup_back"),
        (RestoresNothing, "test_a_revert_brings_back_what_was_replaced"),
        (WorksOnAfterItWasClosed, "test_a_stream_that_is_closed_stops"),
        (RunsAgainByItself, "test_recovery_starts_nothing_that_had_not_begun"),
        (RunsAgainByItself, "test_recovery_settles_a_restoration_that_was_broken_off"),
        (ForgetsWhatItPublished, "test_recovery_settles_a_restoration_that_had_committed"),
        (ForgetsWhatItPublished, "test_recovery_finds_a_backup_that_was_published"),
        (AbortsOnce, "test_aborting_is_idempotent"),
        (NewestFirst, "test_each_backup_has_an_id_of_its_own_and_the_oldest_comes_first"),
        (PretendsToHaveLess, "test_what_it_does_not_have_raises_unsupported"),
        (ForgetsSilently, "test_what_is_unknown_is_not_found"),
        (KeepsWhatItKnows, "test_a_document_is_kept_whole_in_each_of_its_versions"),
        (KeepsOneByOne, "test_a_document_without_an_id_is_refused_and_nothing_is_kept"),
    ],
)
def test_what_is_broken_is_noticed(broken: type[OfflineTransport], test: str, tmp_path: Path) -> None:
    with pytest.raises((Exception, pytest.fail.Exception)):
        getattr(Suite(broken), test)(tmp_path)
    getattr(Suite(OfflineTransport), test)(tmp_path)


def test_a_transport_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reprieve.transports.contract.trial.DEADLINE", 0.2)

    with pytest.raises(TimeoutError):
        Suite(NeverSettles).test_a_creation_publishes_its_backup(tmp_path)
