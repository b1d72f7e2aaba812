"""`serve`: the bridge inside a Python host, over two of asyncio's streams."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest

from reprieve import Library, connect
from reprieve.adapters.jsonrpc import serve
from tests.support.bridges import INITIALIZE, Said, framed, notification, request

HANGS = "offline:?clock=real&hang_at=0.5&backups=1"


@attrs.define
class Client:
    """The other end of the streams."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    served: asyncio.Task[int]

    def send(self, *messages: object) -> None:
        self.writer.write(b"".join(map(framed, messages)))

    async def hear(self) -> Any:
        header = await self.reader.readuntil(b"\r\n\r\n")
        return json.loads(await self.reader.readexactly(int(header.partition(b": ")[2])))

    async def answer(self, id: object) -> Said:
        while True:
            said: Said = await self.hear()
            if said.get("id") == id and "method" not in said:
                return said


@asynccontextmanager
async def served(library: Library) -> AsyncIterator[Client]:
    """A client of `serve`, who has been greeted."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    task = asyncio.create_task(serve(library, reader, writer))
    client = Client(*await asyncio.open_connection(sock=ours), task)
    client.send(request(0, "initialize", INITIALIZE))
    await client.answer(0)
    try:
        yield client
    finally:
        client.writer.close()
        await asyncio.wait((task,))
        writer.close()


async def test_a_host_serves_its_own_library() -> None:
    async with connect("offline:?seed=7") as library, served(library) as client:
        client.send(request(1, "backups/create"))
        backup = (await client.answer(1))["result"]

        assert [backup["id"]] == [one.id for one in await library.backups()]
        client.send(request(2, "shutdown"), notification("exit"))
        assert (await client.answer(2))["result"] is None
        assert 0 == await client.served


@pytest.mark.parametrize("end", ["closed", "exit", "no frame", "half closed"])
async def test_when_the_client_leaves_its_jobs_are_cancelled_and_the_library_stays_open(end: str) -> None:
    async with connect(HANGS) as library, served(library) as client:
        client.send(request(1, "jobs/subscribe"), request(2, "backups/create"))
        while (await client.hear()).get("params", {}).get("job", {}).get("state") != "running":
            pass

        if end == "closed":
            client.writer.close()
        elif end == "exit":
            client.send(notification("exit"))
        elif end == "no frame":
            client.writer.write(b"hello\r\n")
        else:
            client.writer.write_eof()
        code = await client.served

        assert {"closed": 0, "exit": 1, "no frame": 3, "half closed": 0}[end] == code
        assert ["cancelled"] == [str(job.outcome) for job in await library.jobs()]
        assert 1 == len(await library.backups())


async def test_two_clients_of_one_library_are_strangers() -> None:
    async with connect(HANGS) as library, served(library) as one, served(library) as other:
        one.send(request(1, "jobs/subscribe"), request(2, "backups/create"))
        other.send(request(1, "jobs/subscribe"))
        while (await other.hear()).get("params", {}).get("job", {}).get("state") != "running":
            pass
        other.send(notification("$/cancelRequest", {"id": 2}), request(3, "jobs/list"))
        (job,) = (await other.answer(3))["result"]["items"]
        other.send(request(4, "jobs/cancel", {"job": job["id"]}))

        assert ("running", True) == (job["state"], (await other.answer(4))["result"]["accepted"])
        assert -32800 == (await one.answer(2))["error"]["code"]


async def test_b13_a_library_that_raises_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with connect("offline:?seed=7") as library, served(library) as client:

        async def raises() -> None:
            raise RuntimeError("hunter2 at /home/somebody")

        library.backups = raises  # type: ignore[assignment, method-assign]
        client.send(request(1, "backups/list"), request(2, "jobs/list"))
        error = (await client.answer(1))["error"]

    assert (-32603, {"kind", "correlationId"}) == (error["code"], set(error["data"]))
    assert "hunter2" not in str(error)
    assert error["data"]["correlationId"] in caplog.text


async def test_s01_subscribing_many_times_at_once_leaves_one_watch() -> None:
    async with connect(HANGS) as library, served(library) as client:
        client.send(request(1, "jobs/subscribe"))
        await client.answer(1)
        before = len(asyncio.all_tasks())

        client.send(*(request(n, "jobs/subscribe") for n in range(2, 30)))
        for n in range(2, 30):
            await client.answer(n)
        client.send(request(99, "jobs/list"))
        await client.answer(99)

        assert before >= len(asyncio.all_tasks())


async def test_a_host_that_stops_serving_gets_its_library_back() -> None:
    async with connect(HANGS) as library, served(library) as client:
        client.send(request(1, "jobs/subscribe"), request(2, "backups/create"))
        while (await client.hear()).get("params", {}).get("job", {}).get("state") != "running":
            pass

        client.served.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.served

        assert -32800 == (await client.answer(2))["error"]["code"]
        assert ["cancelled"] == [str(job.outcome) for job in await library.jobs()]
