"""What takes longer than clients wait for is answered before they give up; each client takes the answer."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp.test_utils import TestServer

from reprieve.adapters.server import Settings, create_app
from tests.sdks.clients import every_client
from tests.sdks.environments import Client
from tests.sdks.talking import Talk
from tests.support.undoing import undoing

SOON = Settings(answer_within=0.05)


@every_client
async def test_a_cancel_that_takes_long_is_accepted_and_its_status_tells_the_end(client: Client) -> None:
    async with undoing() as (library, undone), TestServer(create_app(library, SOON)) as server:
        (backup,) = await library.backups()
        with Talk(client, f"http://localhost:{server.port}") as talk:

            async def returned(call: str) -> Any:
                return await asyncio.to_thread(talk.returned, call, backup=backup.id)

            restored = talk.start(f"restore_{client.stream}", backup=backup.id)
            await asyncio.to_thread(restored.frame)
            accepted = [await returned("cancel_restoration") for _ in range(2)]
            meanwhile = await returned("restoration_status")
            undone.set()
            await asyncio.to_thread(restored.returned)
            after = await returned("restoration_status")

        assert [None, None] == accepted
        assert ("IN-PROGRESS", "CANCELED") == (meanwhile["value"], after["value"])
        assert "CANCELED" == restored.frames[-1]["status"]


@every_client
async def test_a_backup_that_takes_long_is_accepted_and_goes_on(client: Client) -> None:
    async with undoing() as (library, undone), TestServer(create_app(library, SOON)) as server:
        with Talk(client, f"http://localhost:{server.port}") as talk:
            accepted = await asyncio.to_thread(talk.returned, "keep_asset")
            (running,) = await library.jobs(unsettled=True)
            assert running.backup
            standing = await asyncio.to_thread(talk.returned, "creation_status", backup=running.backup.id)
            undone.set()

        assert (None, "IN-PROGRESS") == (accepted, standing["value"])
