"""What clients ask before their first call, and what is answered where there is nothing."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from .conftest import Serve


async def test_the_service_is_found(serve: Serve) -> None:
    service, another = await serve(), await serve()

    health = await service.get("/.well-known/health")
    head = await service.ask("HEAD", "/.well-known/health")
    version = await service.get("/.well-known/version")

    assert (200, "text/plain; charset=utf-8") == (health.status, health.type)
    assert UUID(health.text.removeprefix("ok:"))
    assert health == await service.get("/.well-known/health")
    assert health != await another.get("/.well-known/health")
    assert (200, "") == (head.status, head.text)
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.text)


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"application": None},
        {"application": {"name": None, "version": 7, "platform": "BEOS", "privacy": []}},
        {"application": "reprieve"},
    ],
)
async def test_whoever_connects_is_greeted_whatever_it_says(serve: Serve, said: Any) -> None:
    service = await serve()
    instance = (await service.get("/.well-known/health")).text.removeprefix("ok:")

    greeted = (await service.post("/connect", json=said)).document

    application = {
        "id": instance,
        "name": "OPEN_SOURCE",
        "version": "0.0.0",
        "platform": "UNKNOWN",
        "onboarded": True,
        "privacy": "OPEN",
    }
    version = (await service.get("/.well-known/version")).text
    expected = {
        "os": instance,
        "application": application,
        "health": {"os": {"id": instance, "version": version}},
    }
    assert expected == greeted


async def test_whoever_connects_is_told_what_it_said_of_itself(serve: Serve) -> None:
    service = await serve()
    said = {"name": "VS_CODE", "version": "1.2.3", "platform": "MACOS", "privacy": "ANONYMOUS", "id": "me"}

    greeted = (await service.post("/connect", json={"application": said})).document

    assert {**said, "onboarded": True} == greeted["application"]
    assert {} == (await service.get("/user")).document


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/backups", 405)])
async def test_where_there_is_nothing_a_sentence_says_so(
    serve: Serve, method: str, path: str, status: int
) -> None:
    service = await serve()

    refused = await service.ask(method, path)

    assert (status, "text/plain; charset=utf-8") == (refused.status, refused.type)
    assert refused.text.endswith(".")


async def test_what_nobody_expected_is_a_sentence_too(serve: Serve, monkeypatch: Any) -> None:
    service = await serve()

    async def broken() -> None:
        raise ZeroDivisionError("of nothing")

    monkeypatch.setattr(service.library, "backups", broken)
    refused = await service.get("/backups", headers={"Accept": "text/html"})

    assert (500, "text/plain; charset=utf-8") == (refused.status, refused.type)
    assert "An unexpected ZeroDivisionError: of nothing. Please report it." == refused.text
