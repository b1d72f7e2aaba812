"""What our own service has beside the API: reverts, why a job failed, documents; and what is made of
others.
"""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from aiohttp import web

import reprieve
from reprieve.adapters.server import Settings
from reprieve.core.errors import (
    AuthenticationRequired,
    NotFound,
    OutcomeUnknown,
    StorageFull,
    Unreachable,
    Unsupported,
)
from reprieve.core.job import Job, JobKind, UndoCopy
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Noted, Progressed
from reprieve.core.operations import Operation
from reprieve.core.reducer import reduce
from reprieve.transports.contract import Trial
from reprieve.transports.pieces.beside import Beside
from reprieve.transports.pieces.transport import PLAIN
from reprieve.transports.pieces.work import Step

from .conftest import Tried
from .doubles import Double
from .services import served

QUICK = "offline:?size=1000000&ticks=5&clock=real&speed=20"
OWNER = "token-of-the-owner"


async def reverting(it: Trial) -> Job:
    """A job that goes back to what a restoration replaced."""
    copy = await it.restore(await it.backup())
    return it.job(JobKind.RESTORATION, undo_id=copy.id)


async def test_it_is_recognised_and_says_what_it_has(tried: Tried) -> None:
    async with served(reprieve.connect(QUICK)) as address, tried(address) as it:
        assert frozenset(Operation) == it.transport.operations
    async with served(reprieve.connect(f"{QUICK}&without=revert,assets")) as address, tried(address) as it:
        assert frozenset(Operation) - {Operation.REVERT, Operation.ASSETS} == it.transport.operations


@pytest.mark.parametrize(
    "document",
    [{}, [], {"protocol": 99, "operations": ["revert"]}, {"protocol": "x", "operations": 7}, "hello"],
)
async def test_somebody_elses_document_makes_it_no_service_of_ours(document: object, tried: Tried) -> None:
    async def theirs(request: web.Request) -> web.StreamResponse:
        return web.json_response(document)

    async with Double(instead={"/v1/service": theirs}).serving() as address, tried(address) as it:
        assert PLAIN == it.transport.operations
        with pytest.raises(Unsupported):
            await it.transport.undo_copies()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_service_that_is_busy_is_not_taken_for_a_plain_one(status: int, tried: Tried) -> None:
    async def busy(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="Later.")

    async with Double(instead={"/v1/service": busy}).serving() as address:
        with pytest.raises(reprieve.ReprieveError, match="Later") as raised:
            async with tried(address):
                pass

        assert raised.value.temporary


async def test_a_token_that_is_wanted_is_asked_for_at_once(tried: Tried, tmp_path: Path) -> None:
    settings = Settings(token=OWNER, require_token=True)
    (tmp_path / "token").write_text(OWNER)
    async with served(reprieve.connect(QUICK), settings) as address:
        with pytest.raises(AuthenticationRequired):
            async with tried(address):
                pass
        async with tried(address, token_file=tmp_path / "token") as it:
            assert await it.backup()


async def test_what_is_the_owners_alone_wants_the_token(tried: Tried) -> None:
    async with served(reprieve.connect(QUICK), Settings(token=OWNER)) as address, tried(address) as it:
        with pytest.raises(AuthenticationRequired):
            await it.transport.forget_undo("any")


@pytest.mark.parametrize("fault", ["storageFull", "repositoryCorrupt", "permanent"])
async def test_a_failure_has_the_kind_that_it_has_there(fault: str, tried: Tried) -> None:
    async with served(reprieve.connect(f"{QUICK}&fail_at=0.5&fail={fault}")) as address, tried(address) as it:
        expected = {"permanent": "storage"}.get(fault, fault)
        try:
            job, _ = await it.follow(it.job())
            kind = job.error and job.error.kind
        except reprieve.ReprieveError as error:
            kind = error.kind

        assert expected == kind


async def test_a_full_store_is_a_full_store_in_python_as_well(tried: Tried) -> None:
    async with served(reprieve.connect(f"{QUICK}&fail_at=0.5&fail=storageFull")) as address:
        async with reprieve.connect(address) as library:
            with pytest.raises(reprieve.JobFailed) as failed:
                await (await library.create_backup())

    assert StorageFull.kind == failed.value.problem.kind


# -- reverts --------------------------------------------------------------------------------------


async def test_a_revert_tells_how_far_it_is(tried: Tried) -> None:
    async with served(reprieve.connect(QUICK)) as address, tried(address) as it:
        _, told = await it.follow(await reverting(it))

        assert any(isinstance(event, Progressed) and event.progress.phase for event in told)


@pytest.mark.parametrize("cancel_at", [0, 1, 2])
async def test_a_revert_is_cancelled_there(cancel_at: int, tried: Tried) -> None:
    async with served(reprieve.connect(QUICK)) as address, tried(address) as it:
        job, _ = await it.follow(await reverting(it), cancel_at=cancel_at)

        assert Outcome.CANCELLED == job.outcome


async def test_a_revert_to_nothing_is_not_found(tried: Tried) -> None:
    async with served(reprieve.connect(QUICK)) as address, tried(address) as it:
        with pytest.raises(NotFound):
            await it.follow(it.job(JobKind.RESTORATION, undo_id="undo_of_nothing"))


async def test_a_revert_is_settled_by_the_next_process(tried: Tried) -> None:
    async with served(reprieve.connect(QUICK)) as address, tried(address) as it, tried(address) as other:
        job = await reverting(it)
        events = it.transport.carry_out(job)
        while job.step != "begun":
            job, _ = reduce(job, await anext(events))

        job, _ = await other.follow(job, other.transport.recover(job))

        assert (Outcome.COMPLETED, UndoCopy) == (job.outcome, type(job.undo))
        await events.aclose()


async def test_a_revert_is_begun_once_where_its_first_status_is_lost(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(library := reprieve.connect(QUICK)) as address, tried(address) as it:
        job, status = await reverting(it), Beside.step
        lost: list[str] = []

        async def lost_once(beside: Beside, name: str, job: Job) -> Step:
            if not lost:
                lost.append(name)
                raise Unreachable("The connection was reset.")
            return await status(beside, name, job)

        monkeypatch.setattr(Beside, "step", lost_once)
        before = len(await library.jobs())
        job, _ = await it.follow(job)

        assert (Outcome.COMPLETED, 1) == (job.outcome, len(await library.jobs()) - before)
        assert 1 == len(lost)


async def test_a_revert_whose_answer_was_lost_is_unknown(tried: Tried) -> None:
    async with served(reprieve.connect(QUICK)) as address, tried(address) as it:
        job = attrs.evolve(await reverting(it), step="asked")

        job, _ = await it.follow(job, it.transport.recover(job))

        assert (JobState.FAILED, OutcomeUnknown.kind) == (job.state, job.error and job.error.kind)


async def test_a_revert_whose_stream_is_closed_is_cancelled_there(tried: Tried) -> None:
    async with served(library := reprieve.connect(QUICK)) as address, tried(address) as it:
        events = it.transport.carry_out(await reverting(it))
        async for event in events:
            if isinstance(event, Noted) and event.step == "begun":
                break
        await events.aclose()

        (newest, *_) = await library.jobs()
        assert Outcome.CANCELLED == newest.outcome
