"""A service that is gone without a word: no connection is closed, and none carries anything any more.

And answers that are late, or are about somebody else's job.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from reprieve.core.errors import OutcomeUnknown, TransportError
from reprieve.core.job import JobKind
from reprieve.core.lifecycle import Outcome
from reprieve.core.messages import Interrupted, Noted, Progressed
from reprieve.transports.clock import RealClock
from reprieve.transports.contract import Trial
from reprieve.transports.pieces.address import Address
from reprieve.transports.pieces.beside import Beside
from reprieve.transports.pieces.client import Client, Timeouts
from reprieve.transports.pieces.service import Service

from .cables import Cable
from .conftest import Tried
from .doubles import Double, backup_called

SOON = {"idle_timeout": 0.5, "away_timeout": 1.0}
"""So little patience that a test can wait for its end."""


@asynccontextmanager
async def waiting(double: Double, tried: Tried) -> AsyncIterator[tuple[Trial, Cable]]:
    """A transport to a service whose only way to start is to wait for the end, over a cable."""
    double.ways, double.hold = ("blocking",), True
    double.published["1_x"] = backup_called("1_x")
    async with double.serving() as service, Cable.laid(service) as (cable, address):
        async with tried(address, **SOON) as it:
            yield it, cable


@pytest.mark.parametrize("kind", list(JobKind))
async def test_a_service_that_is_gone_without_a_word_is_not_waited_for_for_ever(
    kind: JobKind, tried: Tried
) -> None:
    double = Double()
    async with waiting(double, tried) as (it, cable):
        job = it.job(kind, backup_id="1_x" if kind is JobKind.RESTORATION else None)
        following = asyncio.create_task(it.follow(job))
        while not double.began:
            await asyncio.wait((following,), timeout=0.01)
        cable.pull()

        with pytest.raises(OutcomeUnknown, match="not known; look"):
            await asyncio.wait_for(following, 20)


async def test_a_service_that_is_there_is_waited_for_however_long_it_takes(tried: Tried) -> None:
    double = Double()
    async with waiting(double, tried) as (it, _):
        following = asyncio.create_task(it.follow(it.job()))
        while sum("health" in asked for asked in double.heard) < 30:  # longer than it would be waited for
            await asyncio.wait((following,), timeout=0.01)
        double.go.set()
        job, _ = await following

        assert Outcome.COMPLETED == job.outcome


@pytest.mark.parametrize("way", ["lines", "blocking"])
async def test_a_cancel_that_is_swallowed_is_not_waited_for_for_ever(way: str, tried: Tried) -> None:
    double = Double(ways=(way,), hold=True)
    double.published["1_x"] = backup_called("1_x")

    async def swallowed(request: web.Request) -> web.StreamResponse:
        cable.pull()
        await asyncio.Event().wait()
        raise AssertionError

    double.instead["restoration/cancel"] = swallowed
    async with double.serving() as service, Cable.laid(service) as (cable, address):
        async with tried(address, **SOON) as it, asyncio.timeout(30):
            with pytest.raises(OutcomeUnknown):
                await it.follow(it.job(JobKind.RESTORATION, backup_id="1_x"), cancel_at=2)


async def test_a_cancel_whose_answer_is_lost_ends_with_the_job(tried: Tried) -> None:
    double = Double(hold=True)

    async def unanswered(request: web.Request) -> web.StreamResponse:
        await double.began[0].become("CANCELED", 40.0)
        await asyncio.Event().wait()
        raise AssertionError

    double.instead["creation/cancel"] = unanswered
    async with double.serving() as address, tried(address) as it, asyncio.timeout(30):
        job, _ = await it.follow(it.job(), cancel_at=2)

        assert Outcome.CANCELLED == job.outcome


async def test_the_cancel_of_a_revert_that_is_swallowed_is_not_waited_for_for_ever() -> None:
    double = Double()

    async def swallowed(request: web.Request) -> web.StreamResponse:
        cable.pull()
        await asyncio.Event().wait()
        raise AssertionError

    double.instead["/v1/jobs/theirs/cancel"] = swallowed
    async with double.serving() as service, Cable.laid(service) as (cable, address), asyncio.timeout(30):
        client = Client(Address.of(address), Timeouts(idle=0.5, away=1.0))
        await client.open()
        try:
            with pytest.raises(OutcomeUnknown):
                await Beside(Service(client, RealClock(speed=10)), frozenset()).cancel("theirs")
        finally:
            await client.close()


# -- somebody else's job ------------------------------------------------------------------------------


async def test_what_a_status_says_before_the_answer_is_no_beginning(tried: Tried) -> None:
    """The restoration of the same Backup that goes on there is somebody else's, and this one is refused."""
    double, looked = Double(ways=("blocking",), hold=True), asyncio.Event()
    double.published["1_x"] = backup_called("1_x")
    theirs = double.begin("restoration", "1_x")

    async def refused(request: web.Request) -> web.StreamResponse:
        await looked.wait()
        return web.Response(status=503, text="Come back later.")

    double.instead["/restore"] = refused
    async with double.serving() as address, tried(address) as it:
        told = []
        async for event in it.transport.carry_out(it.job(JobKind.RESTORATION, backup_id="1_x")):
            told.append(event)
            if isinstance(event, Progressed):
                looked.set()

        assert ["asked", "refused"] == [event.step for event in told if isinstance(event, Noted)]
        assert isinstance(told[-1], Interrupted)
        assert "IN-PROGRESS" == theirs.status


async def test_a_refusal_is_not_given_the_reason_of_an_earlier_job(tried: Tried) -> None:
    double = Double(ways=("heartbeat",))
    double.published["1_x"] = backup_called("1_x")

    async def ours(request: web.Request) -> web.StreamResponse:
        return web.json_response({"protocol": 1, "operations": []})

    async def earlier(request: web.Request) -> web.StreamResponse:
        error = {"kind": "storageFull", "message": "The disk was full."}
        job = {"id": "j", "kind": "restoration", "state": "failed", "backup": "1_x", "error": error}
        return web.json_response({"jobs": [job]})

    async def refused(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="Not you.")

    double.instead.update({"/v1/service": ours, "/v1/jobs": earlier, "/restore/streamed": refused})
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(TransportError, match="Not you"):
            await it.follow(it.job(JobKind.RESTORATION, backup_id="1_x"))
