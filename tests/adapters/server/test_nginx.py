"""A real nginx in front of the service: what is streamed comes through as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

import reprieve
from reprieve.adapters.server import Settings
from reprieve.adapters.testing.plugin import ServiceMaker
from tests.adapters.server.inside import running
from tests.docs.pages import Page
from tests.support.proxies import nginx
from tests.support.services import DEADLINE

pytestmark = pytest.mark.needs("nginx")

BEATS_OFTEN = Settings(heartbeat=0.1, hold=0.1)
BEATS = 15
"""Their time is longer than nginx's patience in these tests, as a job's may be longer than its default."""

DEFAULTS = "location / {{ proxy_pass http://127.0.0.1:{port}; }}"
IMPATIENT = "proxy_read_timeout 1s; " + DEFAULTS


@attrs.frozen
class Scene:
    """A library whose jobs stop half way, and a client that comes to its service through nginx."""

    library: reprieve.Library
    client: aiohttp.ClientSession

    async def job(self) -> reprieve.Job:
        """The one job that is under way."""
        async with asyncio.timeout(DEADLINE):
            while not (jobs := await self.library.jobs(unsettled=True)):
                await asyncio.sleep(0.01)
        return jobs[0]


@asynccontextmanager
async def behind_nginx(
    folder: Path,
    reprieve_service: ServiceMaker,
    settings: Settings,
    server: str,
    beside: str = "",
    **scenario: Any,
) -> AsyncIterator[Scene]:
    async with reprieve_service(**scenario) as library, running(library, settings) as service:
        with nginx(folder, server.format(port=service.port), beside) as url:
            patience = aiohttp.ClientTimeout(sock_read=DEADLINE)
            session = aiohttp.ClientSession(url, timeout=patience, skip_auto_headers=("Content-Type",))
            async with session as client:
                yield Scene(library, client)


async def test_a_result_is_waited_for_longer_than_nginx_does(
    tmp_path: Path, reprieve_service: ServiceMaker
) -> None:
    async with (
        behind_nginx(tmp_path, reprieve_service, BEATS_OFTEN, IMPATIENT, hang_at=0.5) as scene,
        scene.client.post("/backups/create") as answer,
    ):
        beats = await answer.content.readexactly(BEATS)
        job = await scene.job()
        await scene.library.cancel(job.id)
        rest = (await answer.content.read()).decode()

    assert (200, b"\n" * BEATS) == (answer.status, beats)
    assert "no-transform" in answer.headers["Cache-Control"]
    with pytest.raises(ValueError):
        json.loads(rest)  # HTTP/1.0 cannot say that it was broken off, but nobody takes this for a Backup


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream", "*/*"])
async def test_each_step_is_heard_when_it_is_told(
    tmp_path: Path, reprieve_service: ServiceMaker, accept: str
) -> None:
    """By a client that reads line after line, with all of nginx's defaults."""
    async with (
        behind_nginx(tmp_path, reprieve_service, BEATS_OFTEN, DEFAULTS, hang_at=0.5) as scene,
        scene.client.post("/backups/create/streamed", headers={"Accept": accept}) as answer,
    ):
        for _ in range(3):
            assert (await answer.content.readline()).endswith(b"\n")
        await scene.library.cancel((await scene.job()).id)
        rest = (await answer.content.read()).decode()

    assert '"status":"CANCELED"' in rest
    assert "no-transform" in answer.headers["Cache-Control"]


async def test_an_event_is_heard_when_it_happens(tmp_path: Path, reprieve_service: ServiceMaker) -> None:
    patient = Settings(heartbeat=DEADLINE)  # no heartbeat pushes it through
    async with (
        behind_nginx(tmp_path, reprieve_service, patient, DEFAULTS) as scene,
        scene.client.get("/v1/events") as answer,
    ):
        assert b"id: 0\n" == await answer.content.readline()
        job = (await (await scene.library.create_backup()).settled()).id
        told = b""
        while b'"state":"done"' not in told:
            told = await answer.content.readline()

    assert job == json.loads(told.removeprefix(b"data: "))["id"]


async def test_the_default_heartbeat_is_heard_within_the_default_patience() -> None:
    assert Settings().heartbeat < 60 / 2


async def test_the_configuration_of_the_docs_passes_websockets_on_and_shows_what_was_broken_off(
    tmp_path: Path, reprieve_service: ServiceMaker
) -> None:
    page = Page("docs/howto/serve.md")
    location, beside = (block.text for block in page.blocks if block.language == "nginx")
    server = location.replace("{", "{{").replace("}", "}}").replace(":39300", ":{port}")

    scene_of = behind_nginx(tmp_path, reprieve_service, BEATS_OFTEN, server, beside, hang_at=0.5)
    async with scene_of as scene:
        async with scene.client.ws_connect("/backups/create/streamed/websocket") as socket:
            await socket.send_str("null")
            told = json.loads((await socket.receive(DEADLINE)).data)
            await scene.library.cancel((await scene.job()).id)
            while (frame := await socket.receive(DEADLINE)).type is aiohttp.WSMsgType.TEXT:
                told = json.loads(frame.data)
        async with scene.client.post("/backups/create") as answer:
            await scene.library.cancel((await scene.job()).id)
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    assert "CANCELED" == told["status"]
