"""Against a service that offers only some ways, the next is taken; what is missing is asked for once."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from reprieve.core.errors import InvalidRequest, OutcomeUnknown, Unsupported
from reprieve.core.job import OPEN_WITH, JobKind
from reprieve.core.lifecycle import Outcome
from reprieve.core.messages import Progressed

from .conftest import Tried
from .doubles import WAYS, Double, backup_called

STREAMED, SOCKET, BLOCKING = (
    "POST /backups/create/streamed",
    "GET /backups/create/streamed/websocket",
    "POST /backups/create",
)


@pytest.mark.parametrize(
    ("offered", "way"),
    [
        (WAYS, SOCKET),
        (("socket", "heartbeat"), SOCKET),
        (("lines", "heartbeat", "blocking"), STREAMED),
        (("heartbeat", "blocking"), STREAMED),
        (("blocking",), BLOCKING),
    ],
)
async def test_the_first_way_that_is_offered_is_taken(
    offered: tuple[str, ...], way: str, tried: Tried
) -> None:
    double = Double(ways=offered)
    async with double.serving() as address, tried(address) as it:
        backup = await it.backup()

        assert [backup.id] == [job.backup["id"] for job in double.began]
        assert way == [asked for asked in double.heard if "create" in asked][-1]


@pytest.mark.parametrize("way", WAYS)
async def test_a_restoration_goes_every_way(way: str, tried: Tried) -> None:
    double = Double(ways=(way,))
    double.published["1_x"] = backup_called("1_x")
    async with double.serving() as address, tried(address) as it:
        job, _ = await it.follow(it.job(JobKind.RESTORATION, backup_id="1_x"))

        assert (Outcome.COMPLETED, "1_x") == (job.outcome, job.backup and job.backup.id)
        assert 1 == len(double.began)


async def test_what_is_missing_is_asked_for_once(tried: Tried) -> None:
    double = Double(ways=("blocking",))
    async with double.serving() as address, tried(address) as it:
        await it.backup()
        double.heard.clear()

        await it.backup()

        assert [BLOCKING] == [asked for asked in double.heard if "create" in asked]


async def test_a_service_without_any_way_is_said_to_be_one(tried: Tried) -> None:
    double = Double(ways=())
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(Unsupported):
            await it.backup()


async def test_no_handshake_that_could_begin_a_job_goes_to_a_service_without_web_sockets(
    tried: Tried,
) -> None:
    """It might take one for a plain GET, which begins a job as well."""
    double = Double(ways=("lines",))
    async with double.serving() as address, tried(address) as it:
        await it.backup()

        assert SOCKET not in double.heard


async def test_a_handshake_that_was_taken_for_a_plain_get_is_not_followed_by_another_start(
    tried: Tried,
) -> None:
    double = Double()

    async def plain(request: web.Request) -> web.StreamResponse:
        double.begin("creation", None)
        return web.json_response({})

    double.instead["create/streamed/websocket"] = plain
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(OutcomeUnknown):
            await it.backup()

        assert 1 == len(double.began)


@pytest.mark.parametrize("dropped", [True, False])
async def test_a_handshake_that_is_dropped_or_swallowed_hinders_only_web_sockets(
    dropped: bool, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that is not remembered: the next job goes by one, where it can."""
    monkeypatch.setattr("reprieve.transports.pieces.ways.HANDSHAKE_WITHIN", 0.2)
    double, over = Double(), asyncio.Event()

    async def lost(request: web.Request) -> web.StreamResponse:
        if not dropped:
            await over.wait()
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError

    double.instead["streamed/progress"] = lost
    async with double.serving() as address, tried(address) as it:
        await it.backup()
        double.instead.clear()
        over.set()
        await it.backup()

        assert [STREAMED, SOCKET] == [asked for asked in double.heard if "create" in asked]
        assert 2 == len(double.began)


@pytest.mark.parametrize("way", WAYS)
async def test_progress_is_told_on_every_way(way: str, tried: Tried) -> None:
    """On the last two, the status is looked at while the answer is waited for."""
    double = Double(ways=(way,), hold=True)
    double.published["1_x"] = backup_called("1_x", size=1000)
    async with double.serving() as address, tried(address) as it:
        job = it.job(JobKind.RESTORATION, backup_id="1_x")
        seen = []
        async for event in it.transport.carry_out(job):
            if isinstance(event, Progressed):
                seen.append((event.progress.done, event.progress.total))
                if seen[-1] == (400, 1000):
                    double.go.set()

        assert (400, 1000) in seen
        assert sorted(seen) == seen


async def test_each_attempt_of_a_job_has_a_key_of_its_own(tried: Tried) -> None:
    double = Double()
    async with double.serving() as address, tried(address) as it:
        first = it.job()
        await it.follow(first)
        await it.backup()

        assert f"{first.id}-1" == double.began[0].key
        assert double.began[0].key != double.began[1].key


async def test_an_option_that_no_service_takes_is_refused(tried: Tried) -> None:
    double = Double()
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(InvalidRequest, match="force"):
            await it.follow(it.job(options={"force": True, OPEN_WITH: {}}))

        assert [] == double.began
