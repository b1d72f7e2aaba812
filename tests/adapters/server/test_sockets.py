"""The WebSockets, and the plain GETs that generated clients make of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from aiohttp.client import ClientWebSocketResponse

from reprieve.adapters.server import Settings
from reprieve.adapters.server.keys import STOPPING
from reprieve.core.lifecycle import JobState

from .conftest import Serve, Service

CREATE = "/backups/create/streamed/websocket"
WATCH = "/backups/streamed/progress"


@pytest.mark.parametrize("first", ["", "null", "{}", '{"schema": {"migration": 0}}'])
async def test_a_creation_is_told_frame_by_frame(serve: Serve, first: str) -> None:
    service = await serve()

    async with service.client.ws_connect(CREATE) as socket:
        await socket.send_str(first)
        frames = await _frames(socket)

    percentages = [frame["percentage"] for frame in frames]
    listed = (await service.get("/backups")).document["iterable"]
    assert (listed[0], "COMPLETED") == (frames[-1]["backup"], frames[-1]["status"])
    assert {listed[0]["id"]} == {frame["backup"]["id"] for frame in frames}
    assert sorted(percentages) == percentages
    assert 1000 == socket.close_code


async def test_a_client_that_says_nothing_is_served(serve: Serve) -> None:
    service = await serve()

    async with service.client.ws_connect(CREATE) as socket:
        frames = await _frames(socket)

    assert "COMPLETED" == frames[-1]["status"]


async def test_a_client_that_leaves_at_once_starts_nothing(serve: Serve) -> None:
    service = await serve()

    async with service.client.ws_connect(CREATE) as socket:
        await socket.close()

    assert () == await service.library.jobs()


@pytest.mark.parametrize("first", ["{", "[]", '"text"', b"\x00"])
async def test_a_first_frame_that_makes_no_sense_starts_nothing(serve: Serve, first: str | bytes) -> None:
    service = await serve()

    async with service.client.ws_connect(CREATE) as socket:
        await (socket.send_bytes(first) if isinstance(first, bytes) else socket.send_str(first))
        closing = await socket.receive()

    assert (WSMsgType.CLOSE, 1007) == (closing.type, closing.data)
    assert closing.extra
    assert () == await service.library.jobs()


async def test_a_restoration_is_told_frame_by_frame(serve: Serve) -> None:
    service = await serve()
    backup = await service.made()

    async with service.client.ws_connect(f"/backup/{backup}/restore/streamed/websocket") as socket:
        await socket.send_str(json.dumps({"id": backup}))
        frames = await _frames(socket)

    assert ("COMPLETED", backup) == (frames[-1]["status"], frames[-1]["backup"]["id"])


async def test_an_unknown_backup_is_refused_before_the_handshake(serve: Serve) -> None:
    service = await serve()

    with pytest.raises(WSServerHandshakeError) as refused:
        await service.client.ws_connect("/backup/0.0.1_20200101T000000000Z/restore/streamed/websocket")

    assert 404 == refused.value.status


async def test_a_failure_is_the_last_frame_and_its_reason_that_of_the_close(serve: Serve) -> None:
    service = await serve(fail_at=0.5, fail="storageFull", times=0)

    async with service.client.ws_connect(CREATE) as socket:
        await socket.send_str("")
        frames = []
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            frames.append(json.loads(message.data))

    assert "FAILED" == frames[-1]["status"]
    assert (WSMsgType.CLOSE, 1000) == (message.type, message.data)
    assert "nothing was changed" in str(message.extra)


async def test_a_client_that_goes_away_stops_nothing(serve: Serve) -> None:
    service = await serve(hang_at=0.5)

    async with service.client.ws_connect(CREATE) as socket:
        await socket.send_str("")
        backup = (await _until(socket, lambda frame: "backup" in frame))["backup"]["id"]

    assert JobState.RUNNING is (await service.library.creation_status(backup)).state
    assert 204 == (await service.post(f"/backup/{backup}/creation/cancel")).status


async def test_a_key_in_the_handshake_is_one_job(serve: Serve) -> None:
    service = await serve()

    ends = []
    for _ in range(2):
        async with service.client.ws_connect(CREATE, headers={"Idempotency-Key": "a-key"}) as socket:
            await socket.send_str("")
            ends.append((await _frames(socket))[-1])

    assert ends[0] == ends[1]
    assert 1 == len(await service.library.jobs())


async def test_generated_clients_get_one_document(serve: Serve) -> None:
    service = await serve()
    kind = {"Content-Type": "application/json"}

    made = await service.get(CREATE, headers=kind)
    backup = made.document["backup"]["id"]
    restored = await service.get(f"/backup/{backup}/restore/streamed/websocket", headers=kind)
    progress = await service.get(WATCH)

    assert ("COMPLETED", "COMPLETED") == (made.document["status"], restored.document["status"])
    assert {"backups": [], "restorations": []} == progress.document


async def test_looking_ahead_starts_nothing(serve: Serve) -> None:
    service = await serve()

    assert 405 == (await service.ask("HEAD", CREATE)).status
    assert () == await service.library.jobs()


async def test_all_jobs_are_shown_from_the_first_frame_to_each_ones_end(serve: Serve) -> None:
    service = await serve(hang_at=0.5)

    async with service.client.ws_connect(WATCH) as first, service.client.ws_connect(WATCH) as second:
        empty = await first.receive_json()
        async with service.client.ws_connect(CREATE) as creation:
            await creation.send_str("")
            shown = await _until(first, lambda frame: "backup" in (frame["backups"] or [{}])[0])
        backup = shown["backups"][0]["backup"]["id"]
        await service.post(f"/backup/{backup}/creation/cancel")
        for socket in (first, second):
            end = await _until(socket, lambda frame: _statuses(frame) == ["CANCELED"])
            after = await socket.receive_json()
            assert (backup, []) == (end["backups"][0]["backup"]["id"], after["backups"])

    assert {"backups": [], "restorations": []} == empty


async def test_a_restoration_that_waits_is_shown_with_its_backup(serve: Serve) -> None:
    service = await serve(hang_at=0.5, backups=1)
    backup = (await service.library.backups())[0].id
    creation = await service.library.create_backup()
    restoration = await service.library.restore(backup)

    async with service.client.ws_connect(WATCH) as socket:
        shown = await _until(socket, lambda frame: bool(frame["restorations"]))

    assert ("INITIALIZED", backup) == (
        shown["restorations"][0]["status"],
        shown["restorations"][0]["backup"]["id"],
    )
    await asyncio.gather(restoration.cancel(), creation.cancel())


async def test_a_service_that_stops_says_so_and_starts_nothing(serve: Serve) -> None:
    service = await serve(Settings(), backups=1)
    backup = (await service.library.backups())[0].id

    async with service.client.ws_connect(WATCH) as socket:
        await socket.receive_json()
        app = service.client.app
        assert app is not None
        app[STOPPING].set()
        closing = await socket.receive()

    assert (WSMsgType.CLOSE, 1001) == (closing.type, closing.data)
    for path in ("/backups/create", "/backups/create/streamed", f"/backup/{backup}/restore", "/backup"):
        assert 503 == (await service.post(path)).status
    with pytest.raises(WSServerHandshakeError):
        await service.client.ws_connect(CREATE)
    assert () == await service.library.jobs()


async def test_a_stream_of_a_job_goes_on_while_the_service_stops(serve: Serve) -> None:
    service = await serve(hang_at=0.5)

    async with service.client.ws_connect(CREATE) as socket:
        await socket.send_str("")
        await _until(socket, lambda frame: "backup" in frame)
        app = service.client.app
        assert app is not None
        app[STOPPING].set()
        await _cancel_all(service)
        frames = await _frames(socket)

    assert "CANCELED" == frames[-1]["status"]
    assert 1000 == socket.close_code


async def _frames(socket: ClientWebSocketResponse[Any]) -> list[Any]:
    return [json.loads(message.data) async for message in socket]


async def _until(socket: ClientWebSocketResponse[Any], wanted: Any) -> Any:
    while not wanted(frame := await socket.receive_json()):
        continue
    return frame


def _statuses(frame: Any) -> list[str]:
    return [step["status"] for step in frame["backups"]]


async def _cancel_all(service: Service) -> None:
    for job in await service.library.jobs(unsettled=True):
        await service.library.cancel(job.id)
