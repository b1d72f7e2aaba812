"""A journal that cannot be read for a moment ends nothing that a service tells of its jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Any

import pytest

import reprieve
from reprieve.adapters.server import Settings, create_app
from reprieve.adapters.server import watching as server_watching
from reprieve.adapters.server.logs import log_jobs
from reprieve.core.errors import StorageError
from reprieve.core.job import Job

UNSETTLED = 'reprieve_jobs{kind="creation",state="running"}'
ENDED = 'reprieve_jobs_ended_total{kind="creation",outcome="cancelled"}'


async def test_the_wall_the_log_and_the_metrics_go_on_after_a_trouble(
    aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of them has seen a job running when its watch breaks; that job ends while nobody watches."""
    monkeypatch.setattr(server_watching, "AGAIN_AFTER", 0.0)
    caplog.set_level(logging.INFO)
    async with reprieve.connect("offline:?seed=7&clock=real&hang_at=0.5") as library:
        missed = await library.create_backup()
        watch, broken, mended = library.watch, asyncio.Semaphore(0), asyncio.Event()

        async def breaks() -> AsyncGenerator[Job]:
            async for job in watch():
                yield job
                if job.backup:
                    broken.release()
                    await mended.wait()
                    raise StorageError("The journal cannot be read.")

        monkeypatch.setattr(library, "watch", breaks)
        client = await aiohttp_client(create_app(library, Settings()))
        logging_jobs = asyncio.create_task(log_jobs(library))
        async with asyncio.timeout(30):
            for _ in range(3):
                await broken.acquire()
            monkeypatch.setattr(library, "watch", watch)
            await missed.cancel()
            mended.set()
            job = await library.create_backup()
            async with client.ws_connect("/backups/streamed/progress") as socket:
                while len((await socket.receive_json())["backups"] or ()) != 1:
                    continue
                await job.cancel()
                while (await socket.receive_json())["backups"]:
                    continue
            while f"{ENDED} 1.0" not in (said := await (await client.get("/metrics")).text()):
                await asyncio.sleep(0.01)
            while not any(told.get("outcome") for told in told_of(caplog, job.id)):
                await asyncio.sleep(0.01)
        logging_jobs.cancel()

    assert f"{UNSETTLED} 0.0" in said
    assert 3 == sum("watched again" in record.getMessage() for record in caplog.records)


def told_of(caplog: pytest.LogCaptureFixture, job: str) -> list[dict[str, Any]]:
    told = [getattr(record, "told", {}) for record in caplog.records if record.name == "reprieve.jobs"]
    return [one for one in told if one["job"] == job]
