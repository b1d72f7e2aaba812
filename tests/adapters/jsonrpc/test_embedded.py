"""A bridge inside a Python program, which may end it as it ends any task of its own."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import reprieve
from reprieve import Library
from reprieve.adapters.jsonrpc.conversation import Conversation
from reprieve.adapters.jsonrpc.handshake import Handshake
from reprieve.adapters.jsonrpc.serving import Streams, converse
from reprieve.core.lifecycle import Outcome
from tests.support.bridges import INITIALIZE, framed, notification, request, tells

SLOW = "offline:?size=1000&rate=10&clock=real"
"""A job takes 100 s."""

DEADLINE = 30


class Embedded:
    """A conversation in this process, and its client."""

    def __init__(self, conversation: Conversation, bridge: asyncio.Task[int], streams: Any) -> None:
        self.conversation = conversation
        self.bridge = bridge
        self._reader, self._writer = streams

    def send(self, *messages: object) -> None:
        self._writer.write(b"".join(map(framed, messages)))

    async def until(self, holds: Callable[[Any], bool]) -> Any:
        """The next message for which this holds."""
        async with asyncio.timeout(DEADLINE):
            while True:
                header = await self._reader.readuntil(b"\r\n\r\n")
                message = json.loads(await self._reader.readexactly(int(header.split(b":")[1])))
                if holds(message):
                    return message

    async def answer(self, id: int) -> Any:
        return await self.until(lambda said: said.get("id") == id and "method" not in said)


@asynccontextmanager
async def embedded(library: Library, **capabilities: object) -> AsyncGenerator[Embedded]:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    conversation = Conversation(_opened(library), Handshake(library.database))
    bridge = asyncio.create_task(converse(conversation, Streams(reader, writer)))
    client = Embedded(conversation, bridge, await asyncio.open_connection(sock=theirs))
    client.send(request(1, "initialize", {**INITIALIZE, "capabilities": capabilities}))
    await client.answer(1)
    try:
        yield client
    finally:
        bridge.cancel()
        await asyncio.wait((bridge,))
        writer.close()
        client._writer.close()


def _opened(library: Library) -> asyncio.Future[Library]:
    opened: asyncio.Future[Library] = asyncio.get_running_loop().create_future()
    opened.set_result(library)
    return opened


async def test_a_host_that_cancels_the_bridge_has_nothing_of_it_left_at_work() -> None:
    async with reprieve.connect(SLOW) as library:
        before = asyncio.all_tasks()
        async with embedded(library) as client:
            client.send(request(2, "jobs/subscribe"), request(3, "backups/create"))
            await client.until(lambda said: tells(said, "jobs/didChange", job={"state": "running"}))
            client.bridge.cancel()
            await asyncio.wait((client.bridge,))
        (job,) = await library.jobs()
        ended = await (await library.follow(job.id)).settled()
        left = " ".join(repr(task) for task in asyncio.all_tasks() - before)

    assert Outcome.CANCELLED is ended.outcome
    assert ("Changes" in left, "Conversation" in left) == (False, False), left


async def test_a_detached_job_that_goes_on_is_not_told_to_be_done() -> None:
    async with reprieve.connect(SLOW) as library:
        async with embedded(library) as client:
            client.send(request(2, "backups/create", {"detach": True, "workDoneToken": "t"}))
            assert "job" in (await client.answer(2))["result"]
            client.send(request(3, "shutdown"), notification("exit"))
            end = await client.until(lambda said: tells(said, "$/progress", value={"kind": "end"}))

            assert 0 == await client.bridge
    assert "It goes on" in end["params"]["value"]["message"]


async def test_an_offer_that_nobody_answers_is_forgotten_with_its_job() -> None:
    async with (
        reprieve.connect("offline:?size=1000&rate=1000&speed=50&clock=real") as library,
        embedded(library, window={"workDoneProgress": True}) as client,
    ):
        client.send(request(2, "backups/create"))
        offer = await client.until(lambda said: tells(said, "window/workDoneProgress/create"))
        await client.answer(2)

        assert {} == client.conversation._asked

        client.send({"jsonrpc": "2.0", "id": offer["id"], "result": None}, request(3, "jobs/list"))
        assert "result" in await client.answer(3)
