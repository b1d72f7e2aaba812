"""Beside the contract: jobs, events, the way back and documents under /v1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from reprieve.adapters.server import Settings
from reprieve.adapters.server.keys import STOPPING
from reprieve.adapters.wire import on_wire
from reprieve.core.errors import NotFound
from reprieve.core.ports import Entry

from .conftest import Serve

OWNED = Settings(token="secret", heartbeat=0.05)
OWNER = {"Authorization": "Bearer secret"}


async def test_the_service_says_who_it_is(serve: Serve) -> None:
    service = await serve(Settings(name="mine"), without=("revert",))

    said = (await service.get("/v1/service")).document

    assert ("mine", 1, "offline") == (said["name"], said["protocol"], said["database"])
    assert sorted(service.library.operations) == said["operations"]
    assert "revert" not in said["operations"]
    assert f"ok:{said['instance']}" == (await service.get("/.well-known/health")).text


async def test_a_job_is_started_looked_at_and_listed(serve: Serve) -> None:
    service = await serve()

    started = await service.post("/v1/backups", json={"idempotencyKey": "k", "detach": True})
    again = await service.post("/v1/backups", headers={"Idempotency-Key": "k"})
    job = await (await service.library.follow(started.document["id"])).settled()

    path = f"/v1/jobs/{job.id}"
    assert (202, path, True) == (started.status, started.location, job.detached)
    assert job.id == again.document["id"]
    assert on_wire(job) == (await service.get(path)).document
    assert {"jobs": [on_wire(job)]} == (await service.get("/v1/jobs")).document
    assert {"jobs": []} == (await service.get("/v1/jobs?unsettled=true&limit=3")).document
    assert {"backups": [on_wire(one) for one in await service.library.backups()]} == (
        await service.get("/v1/backups")
    ).document


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "unsettled=yes", "other=1", "limit=1&limit=2"]
)
async def test_a_query_that_makes_no_sense_is_refused(serve: Serve, query: str) -> None:
    service = await serve()

    assert 400 == (await service.get(f"/v1/jobs?{query}")).status


@pytest.mark.parametrize("body", [{"detach": "perhaps"}, {"idempotencyKey": 7}])
async def test_a_body_that_makes_no_sense_starts_nothing(serve: Serve, body: Any) -> None:
    service = await serve()

    assert 400 == (await service.post("/v1/backups", json=body)).status
    assert (
        400
        == (
            await service.post("/v1/backups", json={"idempotencyKey": "a"}, headers={"Idempotency-Key": "b"})
        ).status
    )
    assert () == await service.library.jobs()


async def test_a_job_is_cancelled(serve: Serve) -> None:
    service = await serve(hang_at=0.5)
    job = (await service.post("/v1/backups")).document["id"]

    cancelled = await service.post(f"/v1/jobs/{job}/cancel")

    assert (200, "cancelled") == (cancelled.status, cancelled.document["outcome"])
    assert 404 == (await service.post("/v1/jobs/00000000000000000000/cancel")).status


async def test_what_was_restored_is_reverted_and_what_that_left_forgotten(serve: Serve) -> None:
    service = await serve(OWNED)
    backup = await service.made()

    restored = await service.post(f"/v1/backups/{backup}/restore")
    await (await service.library.follow(restored.document["id"])).settled()
    copies = (await service.get("/v1/undo-copies")).document["undoCopies"]
    reverted = await service.post("/v1/revert", json={"undo": copies[0]["id"]})
    await (await service.library.follow(reverted.document["id"])).settled()
    left = (await service.get("/v1/undo-copies")).document["undoCopies"]
    refused = await service.ask("DELETE", f"/v1/undo-copies/{left[0]['id']}")
    forgotten = await service.ask("DELETE", f"/v1/undo-copies/{left[0]['id']}", headers=OWNER)

    assert (backup, restored.document["id"]) == (restored.document["backup"], copies[0]["job"])
    assert reverted.document["id"] == left[0]["job"]
    assert (401, 204) == (refused.status, forgotten.status)
    assert left[0]["id"] not in [copy.id for copy in await service.library.undo_copies()]
    assert 404 == (await service.post("/v1/revert", json={"undo": "none"})).status


async def test_documents_are_kept_and_read_in_every_version(serve: Serve) -> None:
    service = await serve()
    first, second = {"id": "a/b ü", "x": [1.5, None]}, {"id": "a/b ü", "name": "named", "y": {}}

    for document in (first, second):
        kept = await service.post("/v1/assets", json={"documents": [document]})
        assert 200 == kept.status

    path = "/v1/assets/a%2Fb%20%C3%BC"
    assert [2] == [one["version"] for one in (await service.get("/v1/assets")).document["assets"]]
    assert [1, 2] == [one["version"] for one in (await service.get(f"{path}/versions")).document["assets"]]
    assert second == (await service.get(path)).document
    assert first == (await service.get(f"{path}?version=1")).document
    assert 404 == (await service.get(f"{path}?version=3")).status
    assert 400 == (await service.get(f"{path}?version=0")).status
    assert 400 == (await service.post("/v1/assets")).status


async def test_events_tell_every_change_in_order(serve: Serve) -> None:
    service = await serve(OWNED)

    async with service.client.get("/v1/events") as answer:
        begun = await _event(answer)
        job = (await service.post("/v1/backups")).document["id"]
        events = [await _event(answer)]
        while events[-1]["data"]["state"] != "done":
            events.append(await _event(answer))

    numbered = [event for event in events if "id" in event]
    ids = [int(event["id"]) for event in numbered]
    states = [event["data"]["state"] for event in numbered]
    assert "text/event-stream" == answer.headers["Content-Type"]
    assert ("position", {"seq": int(begun["id"])}) == (begun["event"], begun["data"])
    assert {"job"} == {event["event"] for event in events}
    assert ids == list(range(int(begun["id"]) + 1, int(begun["id"]) + 1 + len(ids)))
    assert ("idle", "running", "done") == (states[0], states[1], states[-1])
    assert {job} == {event["data"]["id"] for event in events}


async def test_a_client_that_comes_back_misses_no_change(serve: Serve) -> None:
    service = await serve(OWNED)
    await service.made()
    heard = await service.library.newest_change()
    job = (await service.post("/v1/backups")).document["id"]
    await (await service.library.follow(job)).settled()

    for path in ("/v1/events", f"/v1/jobs/{job}/events"):
        async with service.client.get(path, headers={"Last-Event-ID": str(heard)}) as answer:
            events = [await _event(answer)]
            while events[-1]["data"]["state"] != "done":
                events.append(await _event(answer))

        expected = [on_wire(entry.job) async for entry in service.library.history(heard, job=job)]
        assert expected == [event["data"] for event in events]
        assert [str(heard + 1 + place) for place in range(len(events))] == [event["id"] for event in events]


async def test_the_events_of_one_job_end_with_it(serve: Serve) -> None:
    service = await serve(OWNED, hang_at=0.5)
    job = (await service.post("/v1/backups")).document["id"]

    async with service.client.get(f"/v1/jobs/{job}/events") as answer:
        await _event(answer)
        await service.library.cancel(job)
        told = (await answer.content.read()).decode()

    last = json.loads(told.rstrip().rpartition("data: ")[2])
    newest = {"Last-Event-ID": str(await service.library.newest_change())}
    assert ("done", "cancelled") == (last["state"], last["outcome"])
    assert 204 == (await service.get(f"/v1/jobs/{job}/events", headers=newest)).status
    assert 404 == (await service.get("/v1/jobs/0123/events")).status


@pytest.mark.parametrize("heard", ["", "x", "-1", "9" * 30, "999999"])
async def test_a_number_of_another_journal_begins_anew(serve: Serve, heard: str) -> None:
    service = await serve(OWNED, hang_at=0.5)
    job = (await service.post("/v1/backups")).document["id"]

    async with service.client.get("/v1/events", headers={"Last-Event-ID": heard}) as answer:
        stands, begun = await _event(answer), await _event(answer)

    newest = await service.library.newest_change()
    assert ("job", job, False) == (stands["event"], stands["data"]["id"], "id" in stands)
    assert ("position", {"seq": newest}, str(newest)) == (begun["event"], begun["data"], begun["id"])
    await service.library.cancel(job)


async def test_the_events_of_one_job_begin_with_how_it_stands_and_its_number(serve: Serve) -> None:
    service = await serve(OWNED)
    job = (await service.post("/v1/backups")).document["id"]
    ended = await (await service.library.follow(job)).settled()
    path = f"/v1/jobs/{job}/events"

    async with service.client.get(path) as answer:
        stands = await _event(answer)
        rest = await answer.content.read()

    newest = await service.library.newest_change()
    assert {"id": str(newest), "event": "job", "data": on_wire(ended)} == stands
    assert b"" == rest
    assert 204 == (await service.get(path, headers={"Last-Event-ID": stands["id"]})).status


async def test_an_id_never_comes_without_data(serve: Serve) -> None:
    """There are clients that forget it then (npm's eventsource)."""
    service = await serve(OWNED, hang_at=0.5)
    job = (await service.post("/v1/backups")).document["id"]

    async with service.client.get("/v1/events") as answer:
        await _event(answer)
        await service.library.cancel(job)
        assert service.client.app is not None
        service.client.app[STOPPING].set()
        told = (await answer.content.read()).decode()

    numbered = [event for event in told.split("\n\n") if "id:" in event]
    assert numbered
    assert [] == [event for event in numbered if "\ndata: {" not in event]


async def test_events_live_on_and_end_when_the_service_stops(serve: Serve) -> None:
    service = await serve(OWNED)

    async with service.client.get("/v1/events") as answer:
        await _event(answer)
        beat = await answer.content.readexactly(3)
        app = service.client.app
        assert app is not None
        app[STOPPING].set()
        rest = await answer.content.read()

    assert b":\n\n" == beat
    assert set(rest) <= set(b":\n")


async def test_the_events_of_one_job_go_on_while_the_service_stops(serve: Serve) -> None:
    """Until the job has ended: that is what whoever follows it waits for."""
    service = await serve(OWNED, hang_at=0.5)
    job = (await service.post("/v1/backups")).document["id"]

    async with service.client.get(f"/v1/jobs/{job}/events") as answer:
        await _event(answer)
        assert service.client.app is not None
        service.client.app[STOPPING].set()
        await service.library.cancel(job)
        told = (await answer.content.read()).decode()

    last = json.loads(told.rstrip().rpartition("data: ")[2])
    assert ("done", "cancelled") == (last["state"], last["outcome"])


async def test_no_end_is_missed_between_what_was_missed_and_what_comes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await serve(OWNED)
    history = service.library.history

    async def then_a_job_ends(after: int, *, job: str | None = None) -> AsyncGenerator[Entry]:
        async for entry in history(after, job=job):
            yield entry
        monkeypatch.setattr(service.library, "history", history)
        await (await service.library.create_backup())

    monkeypatch.setattr(service.library, "history", then_a_job_ends)
    async with service.client.get("/v1/events", headers={"Last-Event-ID": "0"}) as answer:
        async with asyncio.timeout(10):
            events = [await _event(answer)]
            while events[-1]["data"]["state"] != "done":
                events.append(await _event(answer))

    expected = [on_wire(entry.job) async for entry in history(0)]
    assert expected == [event["data"] for event in events if "id" in event]


async def test_a_job_of_nobody_is_not_found(serve: Serve) -> None:
    service = await serve()

    with pytest.raises(NotFound):
        await service.library.job("0123")
    assert 404 == (await service.get("/v1/jobs/0123")).status


async def _event(answer: Any) -> dict[str, Any]:
    """The next event; comments are passed over."""
    event: dict[str, Any] = {}
    while not event:
        while line := (await answer.content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(":")
            if name:
                event[name] = json.loads(value) if name == "data" else value.strip()
    return event
