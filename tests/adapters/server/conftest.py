"""A running service over a simulated library, and a client of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import attrs
import pytest
from aiohttp.test_utils import TestClient

from reprieve import Library
from reprieve.adapters.server import Settings, create_app
from reprieve.adapters.testing.plugin import ServiceMaker


@attrs.frozen
class Service:
    """What a test talks to, and what it may look into."""

    library: Library
    client: TestClient[Any, Any]

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        return await self.ask("POST", path, **options)

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        if {"data", "json"} & options.keys():
            options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
        async with self.client.request(method, path, **options) as answer:
            kind = answer.headers.get("Content-Type", "")
            return Answer(answer.status, kind, answer.headers.get("Location"), await answer.text())

    async def made(self) -> str:
        """The id of a new backup."""
        return str((await self.post("/backups/create")).document["id"])


@attrs.frozen
class Answer:
    """One whole answer."""

    status: int
    type: str
    location: str | None
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    @property
    def documents(self) -> list[Any]:
        return [json.loads(line) for line in self.text.splitlines()]


Serve = Callable[..., Awaitable[Service]]


@pytest.fixture
async def serve(aiohttp_client: Any, reprieve_service: ServiceMaker) -> AsyncIterator[Serve]:
    """Serves a scenario: `await serve(Settings(hold=0.0), fail_at=0.4)`."""
    async with AsyncExitStack() as stack:

        async def make(settings: Settings | None = None, **scenario: Any) -> Service:
            library = await stack.enter_async_context(reprieve_service(**scenario))
            # By itself this client names a type even where there is no body.
            client = await aiohttp_client(create_app(library, settings), skip_auto_headers=("Content-Type",))
            return Service(library, client)

        yield make
