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
from reprieve.core.lifecycle import JobState, Outcome
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


# -- streams that stay open ------------------------------------------------------------------------------


async def test_a_failure_whose_reason_does_not_come_is_a_failure(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprieve.transports.pieces.ways.REASON_WITHIN", 0.1)
    double = Double()

    async def open_still(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        job = double.begin("creation", None)
        await socket.send_str(job.told())
        await socket.send_str(job.told().replace("IN-PROGRESS", "FAILED"))
        await socket.receive()
        return socket

    double.instead["streamed/websocket"] = open_still
    async with double.serving() as address, tried(address) as it, asyncio.timeout(30):
        job, _ = await it.follow(it.job())

        assert (JobState.FAILED, TransportError.kind) == (job.state, job.error and job.error.kind)


async def test_a_socket_on_which_nothing_is_ever_said_is_unknown(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprieve.transports.pieces.following.STOP_WITHIN", 0.1)

    async def mute(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        while not (await socket.receive()).type.name.startswith("CLOS"):
            continue  # its pings are answered
        return socket

    double = Double(instead={"streamed/websocket": mute})
    async with double.serving() as address, tried(address, idle_timeout=0.3) as it, asyncio.timeout(30):
        with pytest.raises(OutcomeUnknown):
            await it.follow(it.job())


@pytest.mark.parametrize("place", ["/backup/{}", "/backup/{}/creation/status"])
@pytest.mark.parametrize("way", ["lines", "heartbeat"])
async def test_a_stream_that_breaks_before_its_first_line_is_found_by_its_location(
    way: str, place: str, tried: Tried
) -> None:
    double = Double()

    async def broken(request: web.Request) -> web.StreamResponse:
        job = double.begin("creation", None)
        media_type = "application/x-ndjson" if way == "lines" else "application/json"
        headers = {"Content-Type": media_type, "Location": place.format(job.backup["id"])}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        assert request.transport is not None
        request.transport.close()
        return response

    double.ways, double.instead["create/streamed"] = (way,), broken
    async with double.serving() as address, tried(address) as it, asyncio.timeout(30):
        backup = await it.backup()

        assert [backup.id] == [job.backup["id"] for job in double.began]


async def test_a_status_from_before_is_not_believed_while_heartbeats_come(tried: Tried) -> None:
    """What is seen right after the headers may be how an earlier restoration of the same Backup ended."""
    double = Double(ways=("heartbeat",))
    double.published["1_x"] = backup_called("1_x")
    await double.begin("restoration", "1_x").ended()

    async def slow(request: web.Request) -> web.StreamResponse:
        looked = sum("status" in asked for asked in double.heard)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while sum("status" in asked for asked in double.heard) < looked + 2:
            await response.write(b"\n")
            await asyncio.sleep(0.01)
        double.go.set()
        await response.write(double.began[0].told().replace("COMPLETED", "FAILED").encode())
        return response

    double.instead["/restore/streamed"] = slow
    async with double.serving() as address, tried(address) as it, asyncio.timeout(30):
        job, _ = await it.follow(it.job(JobKind.RESTORATION, backup_id="1_x"))

        assert (JobState.FAILED, True) == (job.state, double.go.is_set())


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
