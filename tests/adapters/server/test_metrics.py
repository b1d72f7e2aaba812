"""What is counted of a service, and that clients cannot make up names in it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

import reprieve
from reprieve.adapters.server import Settings, create_app
from reprieve.core.errors import ReprieveError

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def samples(client: Any) -> Samples:
    async with client.get("/metrics") as answer:
        assert 200 == answer.status
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        text = await answer.text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(found: Samples, name: str, **labels: str) -> float:
    return found.get((f"reprieve_{name}", tuple(sorted(labels.items()))), 0.0)


async def until(client: Any, name: str, value: float, **labels: str) -> Samples:
    """The metrics once one of them has a value."""
    async with asyncio.timeout(60):
        while of(found := await samples(client), name, **labels) != value:
            await asyncio.sleep(0.02)
    return found


async def test_jobs_are_counted_by_kind_and_outcome_with_their_bytes(aiohttp_client: Any) -> None:
    async with reprieve.connect("offline:?seed=7&clock=real&speed=1000&size=5000") as library:
        client = await aiohttp_client(create_app(library))
        made = await (await library.create_backup())
        await (await library.restore(made.id))

        found = await until(client, "jobs_ended_total", 1, kind="restoration", outcome="completed")

    assert 1 == of(found, "jobs_ended_total", kind="creation", outcome="completed")
    assert 5000 == of(found, "job_bytes_total", kind="creation")
    assert 1 == of(found, "job_seconds_count", kind="creation", outcome="completed")
    assert 0 == of(found, "jobs", kind="creation", state="running")


async def test_a_failed_and_a_cancelled_job_are_told_apart(aiohttp_client: Any) -> None:
    async with reprieve.connect("offline:?clock=real&speed=1000&fail_at=0.5&fail=permanent") as library:
        client = await aiohttp_client(create_app(library))
        with pytest.raises(ReprieveError):
            await (await library.create_backup())

        await until(client, "jobs_ended_total", 1, kind="creation", outcome="failed")
    async with reprieve.connect("offline:?clock=real&hang_at=0.5") as library:
        client = await aiohttp_client(create_app(library))
        running = await library.create_backup()
        waiting = await library.create_backup()
        found = await until(client, "jobs", 1, kind="creation", state="running")
        assert 1 == of(found, "jobs", kind="creation", state="idle")
        await waiting.cancel()
        await running.cancel()

        await until(client, "jobs_ended_total", 2, kind="creation", outcome="cancelled")


async def test_requests_are_counted_by_the_routes_pattern_and_never_by_what_was_asked(
    aiohttp_client: Any,
) -> None:
    async with reprieve.connect("offline:?seed=7") as library:
        client = await aiohttp_client(create_app(library, Settings(token="x" * 40)))
        for number in range(3):
            await client.get(f"/backup/made-up-{number}")
            await client.get(f"/made-up-{number}")
        await client.get("/backups", headers={"Origin": "http://evil.example"})

        found = await samples(client)

    assert 3 == of(found, "requests_total", method="GET", route="/backup/{backup}", status="404")
    assert 3 == of(found, "requests_total", method="other", route="other", status="404")
    assert 1 == of(found, "requests_total", method="GET", route="/backups", status="403")
    assert not any("made-up" in value for _, labels in found for _, value in labels)


async def test_streams_are_counted_while_they_are_open(aiohttp_client: Any) -> None:
    async with reprieve.connect("offline:?clock=real&hang_at=0.5") as library:
        client = await aiohttp_client(create_app(library))
        async with client.ws_connect("/backups/streamed/progress") as socket:
            await until(client, "open_streams", 1)
            headers = {"Accept": "text/event-stream"}
            async with client.post("/backups/create/streamed", json={}, headers=headers) as stream:
                await stream.content.readline()
                await until(client, "open_streams", 2)
            await socket.close()
            for job in await library.jobs(unsettled=True):
                await library.cancel(job.id)

        await until(client, "open_streams", 0)


async def test_without_the_library_it_says_how_to_get_it(
    aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprieve.adapters.server.metrics.find_spec", lambda name: None)
    async with reprieve.connect("offline:?seed=7") as library:
        client: aiohttp.ClientSession = await aiohttp_client(create_app(library))

        answer = await client.get("/metrics")

        assert 501 == answer.status
        assert "pip install" in await answer.text()
