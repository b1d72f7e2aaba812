"""Restoring over HTTP: what is answered, when, and with which status."""

from __future__ import annotations

import json

import aiohttp
import pytest

from reprieve.adapters.server import Settings
from reprieve.core.errors import BY_KIND

from .conftest import Serve, Service

NDJSON = {"Accept": "application/x-ndjson"}


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b'{"id":null,"bytes":null}', b'{"id":"another","bytes":"1234"}', b'{"bytes":1234.0}'],
)
async def test_a_restoration_answers_the_paths_backup(serve: Serve, body: bytes) -> None:
    service = await serve()
    backup = await service.made()

    told = await service.post(f"/backup/{backup}/restore", data=body)

    assert (200, "application/json", backup) == (told.status, told.type, told.document["id"])
    assert [True] == [copy.database == "offline" for copy in await service.library.undo_copies()]


async def test_a_restoration_is_told_step_by_step(serve: Serve) -> None:
    service = await serve()
    backup = await service.made()

    told = await service.post(f"/backup/{backup}/restore/streamed", headers=NDJSON)

    percentages = [step["percentage"] for step in told.documents]
    stands = (await service.get(f"/backup/{backup}/restoration/status")).document
    assert sorted(percentages) == percentages
    assert {backup} == {step["backup"]["id"] for step in told.documents}
    assert "COMPLETED" == told.documents[-1]["status"] == stands["status"] == stands["value"]


@pytest.mark.parametrize("path", ["restore", "restore/streamed", "restoration/status"])
async def test_an_unknown_backup_is_not_found(serve: Serve, path: str) -> None:
    service = await serve()
    method = "GET" if path.endswith("status") else "POST"

    refused = await service.ask(method, f"/backup/0.0.1_20200101T000000000Z/{path}")

    assert (404, "text/plain; charset=utf-8") == (refused.status, refused.type)


@pytest.mark.parametrize("path", ["restore", "restore/streamed"])
@pytest.mark.parametrize("kind", ["updateRequired", "authenticationRequired", "storageFull"])
async def test_what_fails_early_has_its_own_status(serve: Serve, path: str, kind: str) -> None:
    service = await serve(refuse=kind, times=0, backups=1)
    backup = (await service.get("/backups")).document["iterable"][0]["id"]

    refused = await service.post(f"/backup/{backup}/{path}")

    assert BY_KIND[kind].http_status == refused.status


async def test_a_late_failure_breaks_the_body_off_or_is_a_status(serve: Serve) -> None:
    service = await serve(Settings(hold=0.0), fail_at=0.5, fail="permanent", times=0, backups=1)
    backup = (await service.get("/backups")).document["iterable"][0]["id"]

    async with service.client.post(f"/backup/{backup}/restore") as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    told = await service.post(f"/backup/{backup}/restore/streamed")

    assert ("FAILED", backup) == (told.document["status"], told.document["backup"]["id"])


async def test_a_cancel_answers_once_the_original_is_back(serve: Serve) -> None:
    service = await serve(hang_at=0.5, backups=1)
    backup = (await service.get("/backups")).document["iterable"][0]["id"]

    async with service.client.post(f"/backup/{backup}/restore/streamed", headers=NDJSON) as answer:
        await answer.content.readline()
        second = await service.post(f"/backup/{backup}/restore")
        cancelled = await service.post(f"/backup/{backup}/restoration/cancel", json={"id": backup})
        told = [json.loads(line) for line in (await answer.content.read()).splitlines()]

    stands = (await service.get(f"/backup/{backup}/restoration/status")).document
    assert (409, 204) == (second.status, cancelled.status)
    assert "CANCELED" == told[-1]["status"] == stands["status"]
    assert () == await service.library.undo_copies()


async def test_a_backup_that_is_deleted_is_restored_by_who_asked_before(serve: Serve) -> None:
    """A restoration that waits for its turn holds the Backup that it was asked for."""
    service = await serve(hang_at=0.5, backups=2)
    first, second = [backup.id for backup in await service.library.backups()]
    hanging = await service.library.create_backup()
    restored = await service.library.restore(second)

    deleted = await service.post(f"/backups/{second}/delete")
    waiting = (await service.get(f"/backup/{second}/restoration/status")).document
    shown = (await service.get("/backups/streamed/progress")).document["restorations"]
    refused = await service.post(f"/backup/{second}/restore")
    await hanging.cancel()
    await _until_running(service, restored.id)
    running = (await service.get(f"/backup/{second}/restoration/status")).document
    cancelled = await service.post(f"/backup/{second}/restoration/cancel")

    assert (204, 404, 204) == (deleted.status, refused.status, cancelled.status)
    assert ("INITIALIZED", second) == (waiting["status"], waiting["backup"]["id"])
    assert [second] == [job["backup"]["id"] for job in shown]
    assert ("IN-PROGRESS", waiting["backup"]) == (running["status"], running["backup"])
    assert [first] == [one["id"] for one in (await service.get("/backups")).document["iterable"]]


async def test_a_delete_in_the_first_moment_breaks_no_restoration(serve: Serve) -> None:
    service = await serve(backups=1)
    (backup,) = await service.library.backups()

    restoration = await service.library.restore(backup.id)
    deleted = await service.post(f"/backups/{backup.id}/delete")
    statuses = [await service.get(f"/backup/{backup.id}/restoration/status")]
    await restoration
    statuses.append(await service.get(f"/backup/{backup.id}/restoration/status"))

    assert [204, 200, 200] == [answer.status for answer in (deleted, *statuses)]
    assert "COMPLETED" == statuses[-1].document["status"]


async def test_a_cancel_of_nothing_or_too_late_is_a_sentence(serve: Serve) -> None:
    service = await serve()
    backup = await service.made()

    nothing = await service.post(f"/backup/{backup}/restoration/cancel")
    await service.post(f"/backup/{backup}/restore")
    late = await service.post(f"/backup/{backup}/restoration/cancel")

    assert (500, True) == (nothing.status, nothing.text.startswith("Nothing was cancelled."))
    assert (500, True) == (late.status, "too late" in late.text)


async def _until_running(service: Service, job_id: str) -> None:
    async for job in service.library.watch():
        if (job.id, job.state, bool(job.backup)) == (job_id, "running", True):
            return
