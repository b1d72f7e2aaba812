"""The application by itself: its rules hold wherever it is put."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from reprieve.adapters.server import Settings, create_app
from reprieve.adapters.server.keys import STOPPING
from reprieve.adapters.testing.plugin import ServiceMaker

AtPrefix = Callable[[web.Application], Awaitable[TestClient[Any, Any]]]

PREFIXES = pytest.mark.parametrize("prefix", ["", "/under/a/prefix"])


@pytest.fixture
def at_prefix(aiohttp_client: Any, prefix: str) -> AtPrefix:
    """A client of a service that stands under the test's prefix, or by itself."""

    async def client_of(service: web.Application) -> TestClient[Any, Any]:
        outer = web.Application()
        if prefix:
            outer.add_subapp(prefix, service)
        client = aiohttp_client(outer if prefix else service, skip_auto_headers=("Content-Type",))
        return cast(TestClient[Any, Any], await client)

    return client_of


@PREFIXES
async def test_the_rules_hold_under_a_prefix(
    at_prefix: AtPrefix, reprieve_service: ServiceMaker, prefix: str
) -> None:
    async with reprieve_service() as library:
        service = create_app(library, Settings(token="a secret", require_token=False))
        client = await at_prefix(service)
        starts = f"{prefix}/backups/create/streamed/websocket"

        from_a_page = await client.get(starts, headers={"Referer": "http://localhost/"})
        statuses = [from_a_page.status, (await client.get(f"{prefix}/backups")).status]
        service[STOPPING].set()
        statuses += [
            (await client.post(f"{prefix}/backups/create")).status,
            (await client.get(starts)).status,
        ]

    assert [403, 200, 503, 503] == statuses


@PREFIXES
@pytest.mark.parametrize("require_token", [False, True])
async def test_what_needs_the_token_needs_it_under_a_prefix(
    at_prefix: AtPrefix, reprieve_service: ServiceMaker, prefix: str, require_token: bool
) -> None:
    async with reprieve_service() as library:
        client = await at_prefix(create_app(library, Settings(token="a secret", require_token=require_token)))
        shown = {"Authorization": "Bearer a secret"}
        statuses = {
            (method, path): (
                (await client.request(method, prefix + path)).status,
                (await client.request(method, prefix + path, headers=shown)).status,
            )
            for method, path in (
                ("GET", "/.well-known/health"),
                ("GET", "/"),
                ("GET", "/backups"),
                ("GET", "/nothing"),
                ("DELETE", "/v1/undo-copies/none"),
            )
        }

    assert {
        ("GET", "/.well-known/health"): (200, 200),
        ("GET", "/"): (200, 200),
        ("GET", "/backups"): (401 if require_token else 200, 200),
        ("GET", "/nothing"): (401 if require_token else 404, 404),
        ("DELETE", "/v1/undo-copies/none"): (401, 404),
    } == statuses


@PREFIXES
@pytest.mark.parametrize("start", ["/backups/create", "/backups/create/streamed", "/v1/backups"])
async def test_what_an_answer_names_is_there_under_a_prefix(
    at_prefix: AtPrefix, reprieve_service: ServiceMaker, prefix: str, start: str
) -> None:
    async with reprieve_service() as library:
        client = await at_prefix(create_app(library))

        begun = await client.post(prefix + start)
        await begun.read()
        named = await client.get(begun.headers["Location"])

    assert 200 == named.status


@pytest.mark.parametrize("path", ["/v1/events", "/v1/jobs/any/events"])
async def test_an_event_stream_has_no_head(
    aiohttp_client: Any, reprieve_service: ServiceMaker, path: str
) -> None:
    async with reprieve_service() as library:
        client = await aiohttp_client(create_app(library))

        assert 405 == (await client.head(path)).status
