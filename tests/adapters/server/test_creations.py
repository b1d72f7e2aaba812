"""Making backups over HTTP: what is answered, when, and with which status."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from reprieve.adapters.server import Settings
from reprieve.core.errors import BY_KIND
from reprieve.core.lifecycle import JobState

from .conftest import Serve, Service

NOW = Settings(hold=0.0)
"""Headers go at once, so that whatever fails fails after them."""

NDJSON = {"Accept": "application/x-ndjson"}


@pytest.mark.parametrize(
    "body",
    [b"", b" \n", b"null", b"{}", b'{"schema":null}', b'{"schema":{"migration":0,"unknown":1}}'],
)
async def test_a_creation_answers_the_backup(serve: Serve, body: bytes) -> None:
    service = await serve()

    made = await service.post("/backups/create", data=body)

    listed = (await service.get("/backups")).document["iterable"]
    assert (200, "application/json") == (made.status, made.type)
    assert [made.document] == listed
    assert f"/backup/{made.document['id']}/creation/status" == made.location
    assert made.document == (await service.get(f"/backup/{made.document['id']}")).document


async def test_a_stream_is_one_document_unless_another_type_is_named(serve: Serve) -> None:
    service = await serve()

    for accept in ("*/*", "application/json", "text/plain, */*;q=0.8", "text/event-stream;q=0"):
        told = await service.post("/backups/create/streamed", headers={"Accept": accept})

        assert (200, "application/json") == (told.status, told.type)
        assert ("COMPLETED", 100.0) == (told.document["status"], told.document["percentage"])
        assert f"/backup/{told.document['backup']['id']}/creation/status" == told.location


async def test_ndjson_tells_each_step(serve: Serve) -> None:
    service = await serve()

    told = await service.post("/backups/create/streamed", headers=NDJSON)

    percentages = [step["percentage"] for step in told.documents]
    assert "application/x-ndjson" == told.type
    assert sorted(percentages) == percentages
    assert len(set(percentages)) > 2
    assert ["COMPLETED"] == [step["status"] for step in told.documents if step["status"] != "IN-PROGRESS"]
    assert {told.documents[-1]["backup"]["id"]} == {step["backup"]["id"] for step in told.documents}


async def test_server_sent_events_tell_each_step(serve: Serve) -> None:
    service = await serve()

    told = await service.post("/backups/create/streamed", headers={"Accept": "text/event-stream, */*"})

    events = [event.removeprefix("data: ") for event in told.text.split("\n\n")[:-1]]
    assert "text/event-stream" == told.type
    assert "COMPLETED" == json.loads(events[-1])["status"]
    assert len(events) > 2


@pytest.mark.parametrize("path", ["/backups/create", "/backups/create/streamed"])
@pytest.mark.parametrize("kind", ["updateRequired", "authenticationRequired", "keyRequired", "storageFull"])
async def test_what_fails_early_has_its_own_status(serve: Serve, path: str, kind: str) -> None:
    service = await serve(refuse=kind, times=0)

    refused = await service.post(path)

    assert (BY_KIND[kind].http_status, "text/plain; charset=utf-8") == (refused.status, refused.type)
    assert refused.text.endswith(".")


async def test_a_job_that_fails_of_a_bad_database_is_not_the_clients_fault(serve: Serve) -> None:
    service = await serve(refuse="badSource", times=0)

    assert 500 == (await service.post("/backups/create")).status


async def test_a_late_failure_breaks_the_body_off(serve: Serve) -> None:
    service = await serve(NOW, fail_at=0.5, fail="storageFull", times=0)

    async with service.client.post("/backups/create") as answer:
        received = b""
        with pytest.raises(aiohttp.ClientPayloadError):
            async for chunk in answer.content.iter_any():
                received += chunk

    assert 200 == answer.status
    assert received.strip().endswith(b"nothing was changed.")


async def test_a_late_failure_of_a_stream_is_a_status(serve: Serve) -> None:
    service = await serve(fail_at=0.5, fail="storageFull", times=0)

    told = await service.post("/backups/create/streamed")

    assert (200, "FAILED") == (told.status, told.document["status"])
    assert 404 == (await service.get(f"/backup/{told.document['backup']['id']}")).status


@pytest.mark.parametrize("path", ["/backups/create", "/backups/create/streamed"])
async def test_a_newline_keeps_the_client_waiting_until_the_document_comes(serve: Serve, path: str) -> None:
    service = await serve(Settings(hold=0.0, heartbeat=0.01), hang_at=0.5)

    async with service.client.post(path) as answer:
        beats = await answer.content.readexactly(3)
        await _cancel_all(service)
        rest = await answer.content.read() if path.endswith("streamed") else b"{}"

    assert b"\n\n\n" == beats
    assert isinstance(json.loads(beats + rest), dict)


async def test_a_waiting_ndjson_reader_hears_the_newest_step_again(serve: Serve) -> None:
    service = await serve(Settings(heartbeat=0.01), hang_at=0.0)

    async with service.client.post("/backups/create/streamed", headers=NDJSON) as answer:
        first = await answer.content.readline()
        again = await answer.content.readline()
        await _cancel_all(service)

    assert first == again


async def test_another_client_follows_and_cancels(serve: Serve) -> None:
    service = await serve(hang_at=0.5)

    async with service.client.post("/backups/create/streamed", headers=NDJSON) as answer:
        backup = json.loads(await answer.content.readline())["backup"]
        path = f"/backup/{backup['id']}"
        running = (await service.get(f"{path}/creation/status")).document
        unpublished = await service.get(path)
        cancelled = await service.post(f"{path}/creation/cancel")
        told = [json.loads(line) for line in (await answer.content.read()).splitlines()]

    after = (await service.get(f"{path}/creation/status")).document
    assert (f"{path}/creation/status", backup["id"]) == (answer.headers["Location"], running["backup"]["id"])
    assert ("IN-PROGRESS", "IN-PROGRESS") == (running["status"], running["value"])
    assert 404 == unpublished.status
    assert (204, "") == (cancelled.status, cancelled.text)
    assert "CANCELED" == told[-1]["status"] == after["status"] == after["value"]
    assert [] == (await service.get("/backups")).document["iterable"]


async def test_a_creation_that_is_cancelled_by_another_client_gives_no_backup(serve: Serve) -> None:
    service = await serve(hang_at=0.5)

    asked = asyncio.create_task(service.post("/backups/create"))
    await _until_running(service)
    await _cancel_all(service)

    answer = await asked
    assert (500, True) == (answer.status, "was cancelled" in answer.text)


async def test_where_a_creation_stands_is_found_from_its_first_byte_on(serve: Serve) -> None:
    """However it ends; the Backup itself is found once there is one."""
    for scenario, end in (({}, "COMPLETED"), ({"fail_at": 0.5, "times": 0}, "FAILED")):
        service = await serve(**scenario)

        async with service.client.post("/backups/create/streamed", headers=NDJSON) as answer:
            place = answer.headers["Location"]
            first = await service.get(place)
            await answer.content.read()
        last = await service.get(place)

        backup = last.document["backup"]["id"]
        assert (200, 200, end) == (first.status, last.status, last.document["status"])
        assert (200 if end == "COMPLETED" else 404) == (await service.get(f"/backup/{backup}")).status


async def test_a_cancel_of_what_was_cancelled_finds_nothing_in_progress(serve: Serve) -> None:
    service = await serve(hang_at=0.5)

    async with service.client.post("/backups/create/streamed", headers=NDJSON) as answer:
        path = f"/backup/{json.loads(await answer.content.readline())['backup']['id']}/creation"
        both = await asyncio.gather(*[service.post(f"{path}/cancel") for _ in range(2)])
    later = await service.post(f"{path}/cancel")
    (job,) = await service.library.jobs()

    assert [204, 204] == [answer.status for answer in both]
    assert (500, "text/plain; charset=utf-8") == (later.status, later.type)
    assert f"Nothing is in progress: the creation {job.id} was cancelled before" in later.text
    assert "CANCELED" == (await service.get(f"{path}/status")).document["status"]
    assert 200 == (await service.post(f"/v1/jobs/{job.id}/cancel")).status


async def test_a_cancel_that_comes_too_late_says_so(serve: Serve) -> None:
    service = await serve()
    backup = await service.made()

    late = await service.post(f"/backup/{backup}/creation/cancel")

    assert (500, "text/plain; charset=utf-8") == (late.status, late.type)
    assert "too late" in late.text
    assert 200 == (await service.get(f"/backup/{backup}")).status


async def test_a_cancel_of_nothing_is_a_sentence(serve: Serve) -> None:
    service = await serve(backups=1)
    elsewhere = (await service.get("/backups")).document["iterable"][0]["id"]

    for backup in (elsewhere, "0.0.1_20200101T000000000Z"):
        refused = await service.post(f"/backup/{backup}/creation/cancel")

        assert (500, True) == (refused.status, refused.text.startswith("Nothing was cancelled."))


async def test_a_backup_that_was_made_elsewhere_is_completed(serve: Serve) -> None:
    service = await serve(backups=1)
    backup = (await service.get("/backups")).document["iterable"][0]

    stands = (await service.get(f"/backup/{backup['id']}/creation/status")).document

    expected = {"backup": backup, "value": "COMPLETED", "status": "COMPLETED", "percentage": 100.0}
    assert expected == stands


async def test_an_unknown_backup_has_no_status(serve: Serve) -> None:
    service = await serve()

    assert 404 == (await service.get("/backup/0.0.1_20200101T000000000Z/creation/status")).status


async def test_one_key_is_one_job(serve: Serve) -> None:
    service = await serve()
    key = {"Idempotency-Key": "a-key"}

    first = await service.post("/backups/create", headers=key)
    again = await service.post("/backups/create/streamed", headers=key)

    assert first.document == again.document["backup"]
    assert 1 == len((await service.get("/backups")).document["iterable"])
    assert 400 == (await service.post("/backups/create", headers={"Idempotency-Key": "k" * 256})).status


async def test_a_key_that_is_no_text_starts_nothing(serve: Serve) -> None:
    service = await serve()
    port = service.client.server.port or 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    writer.write(
        b"POST /backups/create HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n"
        b"Idempotency-Key: \xff\r\nContent-Length: 0\r\n\r\n" % port
    )
    head, _, sentence = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"The idempotency key is no text in UTF-8; send another." == sentence
    assert [] == (await service.get("/backups")).document["iterable"]


async def test_a_client_that_goes_away_stops_nothing(serve: Serve) -> None:
    service = await serve(Settings(heartbeat=0.01, hold=0.05), hang_at=0.5)

    async with service.client.post("/backups/create/streamed", headers=NDJSON) as answer:
        await answer.content.readline()
        answer.close()
    async with service.client.post("/backups/create/streamed", headers=NDJSON) as answer:
        await answer.content.readline()

    first = (await service.library.jobs())[-1]
    assert JobState.RUNNING is first.state
    await _cancel_all(service)


async def _until_running(service: Service) -> None:
    async for job in service.library.watch():
        if job.state is JobState.RUNNING:
            return


async def _cancel_all(service: Service) -> None:
    for job in await service.library.jobs(unsettled=True):
        await service.library.cancel(job.id)
