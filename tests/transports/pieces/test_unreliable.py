"""A real service behind a network that cuts, stalls and closes connections as it pleases.

Whatever it does, no job is begun twice, and the end of a job that is told is true, or that it is not known.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from reprieve.core.errors import OutcomeUnknown, ReprieveError
from reprieve.core.job import JobKind
from reprieve.core.messages import Completed, Interrupted
from tests.support.databases import OLD, make_database
from tests.support.services import Service, serving

from .conftest import Tried

ROUNDS = 10
FATES = ("pass", "pass", "pass", "cut", "stall", "close")


@attrs.define(eq=False)
class Network:
    """Carries connections to the port `to`; each has a fate of its own while it is `bad`."""

    chance: Random
    to: int = 0
    bad: bool = False
    fates: list[str] = attrs.field(factory=list)
    ends: set[asyncio.StreamWriter] = attrs.field(factory=set)
    carriers: set[asyncio.Task[Any]] = attrs.field(factory=set)

    @asynccontextmanager
    async def between(self) -> AsyncIterator[str]:
        """The address at which the service is reached by it."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for end in self.ends:
                end.transport.abort()
            await asyncio.gather(*self.carriers)

    async def _connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        carrier = asyncio.current_task()
        assert carrier is not None
        self.carriers.add(carrier)
        fate = self.chance.choice(FATES) if self.bad else "pass"
        self.fates.append(fate)
        self.ends.add(back)
        if fate == "close":
            back.close()
            return
        far, on = await asyncio.open_connection("127.0.0.1", self.to)
        self.ends.add(on)
        out = home = 10**9
        if fate != "pass" and self.chance.random() < 0.5:
            out = self.chance.randrange(900)
        elif fate != "pass":
            home = self.chance.randrange(2000)
        await asyncio.gather(self._carry(near, on, back, out, fate), self._carry(far, back, on, home, fate))

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        other: asyncio.StreamWriter,
        most: int,
        fate: str,
    ) -> None:
        """Carry `most` bytes one way, and let the connection's fate come then."""
        try:
            while data := await reader.read(min(most, 65536)) if most else b"":
                most -= len(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            most = 1
        if most or fate == "pass":
            writer.close()
        elif fate == "cut":
            writer.transport.abort()
            other.transport.abort()


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_job_is_begun_twice_and_no_end_is_made_up(
    seed: int, tmp_path: Path, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprieve.transports.pieces.ways.HANDSHAKE_WITHIN", 0.5)
    monkeypatch.setattr("reprieve.transports.pieces.following.STOP_WITHIN", 0.5)
    chance = Random(seed)
    make_database(tmp_path / "snippets.db", OLD, rows=50)
    network = Network(chance)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(asyncio.timeout(120))
        address = await stack.enter_async_context(network.between())
        name = address.removeprefix("http://")
        words = (str(tmp_path / "snippets.db"), "--allow-host", name, "--json")
        service = stack.enter_context(serving(tmp_path, *words))
        network.to = service.port
        it = await stack.enter_async_context(tried(address, idle_timeout=2.0, away_timeout=30.0))
        first = await it.backup()
        network.bad = True
        ends = []
        for number in range(ROUNDS):
            before = {job["id"] for job in await settled(service)}
            kind = list(JobKind)[number % 2]
            backup_id = first.id if kind is JobKind.RESTORATION else None
            try:
                _, told = await it.follow(it.job(kind, backup_id=backup_id))
                end: object = told[-1]
            except ReprieveError as error:
                end = error
            ends.append(check(end, [job for job in await settled(service) if job["id"] not in before]))

        assert "true" in ends
        assert {"cut", "stall", "close"} <= set(network.fates)


def check(end: object, begun: list[dict[str, Any]]) -> str:
    """What an end was, given what the service really began."""
    assert len(begun) <= 1, (end, begun)
    if isinstance(end, Completed):
        (job,) = begun
        assert end.backup is not None
        assert ("completed", end.backup.id) == (job["outcome"], job["backup"])
        return "true"
    if isinstance(end, OutcomeUnknown):
        return "unknown"
    assert isinstance(end, Interrupted | ReprieveError), end
    assert [] == begun, end
    return "never begun"


async def settled(service: Service) -> list[dict[str, Any]]:
    """The jobs of the service, asked for without the network between, once none goes on."""
    async with asyncio.timeout(60):
        while True:
            answer = await asyncio.to_thread(service.ask, "GET", "/v1/jobs")
            jobs: list[dict[str, Any]] = json.loads(answer.body)["jobs"]
            if all(job["state"] in ("done", "failed") for job in jobs):
                return jobs
            await asyncio.sleep(0.02)
