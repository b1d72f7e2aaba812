"""A 204 comes before clients give up; what has not ended by then goes on, and its status says how."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from reprieve.adapters.server import Settings, create_app
from reprieve.core.job import Job
from tests.support.undoing import undoing

from .conftest import Serve, Service

NDJSON = {"Accept": "application/x-ndjson"}
AT_ONCE = Settings(answer_within=0.0)
"""Nothing has ended by then that does not end by itself."""


Undo = Callable[..., Awaitable[tuple[Service, asyncio.Event]]]


@pytest.fixture
async def undo(aiohttp_client: Any) -> AsyncIterator[Undo]:
    """Serves a library whose jobs hang until they are cancelled, and are undone once the event is set."""
    async with AsyncExitStack() as stack:

        async def make(settings: Settings, **scenario: object) -> tuple[Service, asyncio.Event]:
            library, undone = await stack.enter_async_context(undoing(**scenario))
            client = await aiohttp_client(create_app(library, settings), skip_auto_headers=("Content-Type",))
            return Service(library, client), undone

        yield make


@pytest.mark.parametrize("kind", ["creation", "restoration"])
async def test_a_cancel_that_takes_long_is_answered_and_goes_on(undo: Undo, kind: str) -> None:
    service, undone = await undo(AT_ONCE)
    (earlier,) = await service.library.backups()
    start = "/backups/create" if kind == "creation" else f"/backup/{earlier.id}/restore"

    async with service.client.post(f"{start}/streamed", headers=NDJSON) as job:
        path = f"/backup/{json.loads(await job.content.readline())['backup']['id']}/{kind}"
        answers = [await service.post(f"{path}/cancel") for _ in range(2)]
        meanwhile = (await service.get(f"{path}/status")).document
        undone.set()
        *_, end = (await job.content.read()).splitlines()

    assert [(204, ""), (204, "")] == [(answer.status, answer.text) for answer in answers]
    assert ("IN-PROGRESS", "IN-PROGRESS") == (meanwhile["status"], meanwhile["value"])
    assert "CANCELED" == json.loads(end)["status"]
    assert "CANCELED" == (await service.get(f"{path}/status")).document["status"]
    assert 500 == (await service.post(f"{path}/cancel")).status


async def test_a_cancel_that_is_undone_in_time_answers_then(undo: Undo) -> None:
    service, undone = await undo(Settings(answer_within=60))

    async with service.client.post("/backups/create/streamed", headers=NDJSON) as job:
        path = f"/backup/{json.loads(await job.content.readline())['backup']['id']}/creation"
        cancel = asyncio.create_task(service.post(f"{path}/cancel"))
        while ["cancelling"] != [one.state for one in await service.library.jobs(unsettled=True)]:
            await job.content.readline()
        answered_before = cancel.done()
        undone.set()
        answer = await cancel

    assert (False, 204) == (answered_before, answer.status)
    assert "CANCELED" == (await service.get(f"{path}/status")).document["status"]


async def test_a_cancel_that_proves_too_late_in_time_says_so(serve: Serve) -> None:
    service = await serve(complete_despite_cancel=True, backups=1)
    (earlier,) = await service.library.backups()
    path = f"/backup/{earlier.id}"

    async with service.client.post(f"{path}/restore/streamed", headers=NDJSON) as job:
        await job.content.readline()
        late = await service.post(f"{path}/restoration/cancel")

    assert (500, True) == (late.status, "too late" in late.text)


@pytest.mark.parametrize("path", ["/backup", "/backup/asset"])
async def test_a_backup_that_takes_long_is_answered_and_goes_on(undo: Undo, path: str) -> None:
    service, _ = await undo(AT_ONCE, hang_at=None)

    answer = await service.post(path)

    assert (204, "") == (answer.status, answer.text)
    job = await _ended(service)
    assert ("completed", 2) == (job.outcome, len(await service.library.backups()))


@pytest.mark.parametrize("path", ["/backup", "/backup/asset"])
async def test_a_backup_that_ends_in_time_has_its_true_status(serve: Serve, path: str) -> None:
    made = await (await serve()).post(path)
    failed = await (await serve(fail_at=0.5, fail="storageFull", times=0)).post(path)
    refused = await (await serve(refuse="keyRequired", times=0)).post(path)

    assert [204, 507, 511] == [made.status, failed.status, refused.status]
    assert made.location and made.location.endswith("/creation/status")


async def test_a_backup_that_is_cancelled_meanwhile_is_none(undo: Undo) -> None:
    service, undone = await undo(Settings(answer_within=60))
    undone.set()

    asked = asyncio.create_task(service.post("/backup"))
    await service.library.cancel(await _running(service))
    answer = await asked

    assert (500, True) == (answer.status, "was cancelled" in answer.text)


async def test_who_is_answered_before_a_failure_finds_it_in_the_status(serve: Serve) -> None:
    service = await serve(AT_ONCE, fail_at=0.5, fail="storageFull", times=0)

    answer = await service.post("/backup")
    job = await _ended(service)

    assert job.backup is not None
    status = (await service.get(f"/backup/{job.backup.id}/creation/status")).document
    assert (204, "FAILED") == (answer.status, status["status"])


async def _running(service: Service) -> str:
    """The id of the first job that runs."""
    async for job in service.library.watch():
        if job.state == "running":
            return job.id
    raise AssertionError("no job runs")


async def _ended(service: Service) -> Job:
    """The only job, once it has ended."""
    (job,) = await service.library.jobs()
    return await (await service.library.follow(job.id)).settled()
