"""Who asks for a stream and reads nothing of it is dropped; what they asked for goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from reprieve.adapters.server import Settings
from reprieve.core.lifecycle import JobState

from .conftest import Serve, Service

MORE_THAN_BUFFERS = 32 * 1024 * 1024
"""Bytes: the system has buffers of some six million for a connection."""

IMPATIENT = Settings(unread=0.2, heartbeat=0.001, hold=0.0, token="secret")


def nothing_more_is_taken(service: Service) -> None:
    """As the system tells a server whose client's buffers are full."""
    server: Any = service.client.server
    for connection in server.runner.server.connections:
        connection.pause_writing()


async def test_who_does_not_read_how_a_job_goes_is_dropped_and_the_job_goes_on(serve: Serve) -> None:
    service = await serve(IMPATIENT, hang_at=0.5)

    async with asyncio.timeout(30):
        headers = {"Accept": "application/x-ndjson"}
        async with service.client.post("/backups/create/streamed", headers=headers) as answer:
            nothing_more_is_taken(service)
            with pytest.raises(aiohttp.ClientError):
                await answer.read()

    (job,) = await service.library.jobs()
    assert JobState.RUNNING == job.state
    await service.library.cancel(job.id)


async def test_who_does_not_read_events_is_dropped(serve: Serve) -> None:
    service = await serve(IMPATIENT)
    for _ in range(60):
        await (await service.library.create_backup())
    await service.get("/backups")  # on the connection that is used again
    nothing_more_is_taken(service)

    async with asyncio.timeout(30):
        async with service.client.get("/v1/events", headers={"Last-Event-ID": "0"}) as answer:
            with pytest.raises(aiohttp.ClientError):
                await answer.read()


async def test_who_does_not_read_a_websocket_is_dropped(serve: Serve) -> None:
    service = await serve(IMPATIENT)

    async with asyncio.timeout(30), service.client.ws_connect("/backups/streamed/progress") as socket:
        nothing_more_is_taken(service)
        for _ in range(100):
            await (await service.library.create_backup())
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            continue

    assert aiohttp.WSCloseCode.ABNORMAL_CLOSURE == socket.close_code


async def test_who_does_not_read_a_large_document_is_dropped(serve: Serve) -> None:
    service = await serve(IMPATIENT)
    await service.library.backup_asset({"id": "large", "text": "x" * MORE_THAN_BUFFERS})
    server: Any = service.client.server
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(f"GET /v1/assets/large HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())

    async with asyncio.timeout(30):
        head = await reader.readuntil(b"\r\n\r\n")
        while server.runner.server.connections:
            await asyncio.sleep(0.05)

    assert head.startswith(b"HTTP/1.1 200 ")
    writer.transport.abort()
