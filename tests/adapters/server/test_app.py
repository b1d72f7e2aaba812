"""The application by itself: its rules hold wherever it is put."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from reprieve.adapters.server import Settings, create_app
from reprieve.adapters.server.keys import STOPPING
from reprieve.adapters.testing.plugin import ServiceMaker


@pytest.mark.parametrize("prefix", ["", "/under/a/prefix"])
async def test_the_rules_hold_under_a_prefix(
    aiohttp_client: Any, reprieve_service: ServiceMaker, prefix: str
) -> None:
    async with reprieve_service() as library:
        service = create_app(library, Settings(token="a secret", require_token=False))
        outer = web.Application()
        if prefix:
            outer.add_subapp(prefix, service)
        client = await aiohttp_client(outer if prefix else service, skip_auto_headers=("Content-Type",))
        starts = f"{prefix}/backups/create/streamed/websocket"

        from_a_page = await client.get(starts, headers={"Referer": "http://localhost/"})
        statuses = [from_a_page.status, (await client.get(f"{prefix}/backups")).status]
        service[STOPPING].set()
        statuses += [
            (await client.post(f"{prefix}/backups/create")).status,
            (await client.get(starts)).status,
        ]

    assert [403, 200, 503, 503] == statuses


@pytest.mark.parametrize("path", ["/v1/events", "/v1/jobs/any/events"])
async def test_an_event_stream_has_no_head(
    aiohttp_client: Any, reprieve_service: ServiceMaker, path: str
) -> None:
    async with reprieve_service() as library:
        client = await aiohttp_client(create_app(library))

        assert 405 == (await client.head(path)).status
