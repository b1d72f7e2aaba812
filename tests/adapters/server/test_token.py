"""The owner's token: how it is made, kept and asked for."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import reprieve
from reprieve.adapters.server import Settings, create_app
from reprieve.adapters.server.gate import Gate
from reprieve.adapters.server.guard import protect
from reprieve.adapters.server.keys import GATE, STOPPING
from reprieve.adapters.server.routes import TABLE, Route, register
from reprieve.adapters.server.token import same, token_in
from reprieve.core.errors import InvalidRequest, StorageError
from reprieve.core.operations import Operation

TOKEN = "a-token-that-nobody-guesses-0123456789"


def test_a_token_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "config" / "token"

    made = token_in(file, make=True)

    assert made == token_in(file, make=True) == token_in(file, make=False)
    assert 43 == len(made)
    assert made != token_in(tmp_path / "other", make=True)
    if sys.platform != "win32":
        assert 0o600 == file.stat().st_mode & 0o777


def test_many_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: token_in(file, make=True), range(8)))

    assert 1 == len(made)
    assert [file] == list(tmp_path.iterdir())


@pytest.mark.needs("posix")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_token_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(mode)

    with pytest.raises(InvalidRequest, match="chmod 600"):
        token_in(file, make=True)


@pytest.mark.parametrize("content", ["", "short", "x" * 600, "white space" * 5, "ü" * 40])
def test_what_is_no_token_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(content, "utf-8")

    with pytest.raises(InvalidRequest, match="holds no token"):
        token_in(file, make=True)


def test_a_named_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        token_in(tmp_path / "token", make=False)

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["", TOKEN[:-1], TOKEN + "x", "ü", "\udcff"])
def test_only_the_same_is_the_same(given: str) -> None:
    assert same(TOKEN, TOKEN)
    assert not same(given, TOKEN)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer ", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
    ],
)
async def test_with_require_token_every_request_needs_it(
    aiohttp_client: Any, header: str | None, status: int
) -> None:
    async with reprieve.connect("offline:?seed=7") as library:
        client = await aiohttp_client(create_app(library, Settings(token=TOKEN, require_token=True)))

        answer = await client.get("/backups", headers={"Authorization": header} if header else {})

        assert status == answer.status
        assert ("WWW-Authenticate" in answer.headers) is (status == 401)


async def test_a_page_shows_it_as_a_subprotocol_of_its_websocket(aiohttp_client: Any) -> None:
    async with reprieve.connect("offline:?seed=7") as library:
        client = await aiohttp_client(create_app(library, Settings(token=TOKEN, require_token=True)))
        path = "/backups/streamed/progress"

        async with client.ws_connect(path, protocols=("reprieve", f"reprieve.bearer.{TOKEN}")) as socket:
            assert "reprieve" == socket.protocol
        for protocols in ((), ("reprieve",), ("reprieve", f"reprieve.bearer.{TOKEN}x")):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(path, protocols=protocols)
            assert 401 == refused.value.status


@pytest.mark.parametrize(
    ("operation", "public", "required", "status"),
    [
        (Operation.FORGET_UNDO, False, False, 401),
        (Operation.FORGET_UNDO, True, False, 401),
        (Operation.BACKUPS, False, False, 200),
        (Operation.BACKUPS, False, True, 401),
        (None, True, True, 200),
        (None, False, True, 401),
        (None, False, False, 200),
    ],
)
async def test_what_is_the_owners_alone_needs_it_always_and_what_is_public_never(
    aiohttp_client: Any, operation: Operation | None, public: bool, required: bool, status: int
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(text="in")

    route = Route(method="POST", path="/it", handler=handler, summary="", operation=operation, public=public)
    settings = Settings(token=TOKEN, require_token=required)
    app = web.Application()
    app[TABLE], app[STOPPING], app[GATE] = {}, asyncio.Event(), Gate(settings.connections)
    register(app, route)
    protect(app, settings)
    client = await aiohttp_client(app)

    assert status == (await client.post("/it", json={})).status
    shown = {"Authorization": f"Bearer {TOKEN}"}
    assert 200 == (await client.post("/it", json={}, headers=shown)).status


async def test_without_it_only_a_wrong_one_is_refused(aiohttp_client: Any) -> None:
    async with reprieve.connect("offline:?seed=7") as library:
        client = await aiohttp_client(create_app(library, Settings(token=TOKEN)))

        assert 200 == (await client.get("/backups")).status
        wrong = await client.get("/backups", headers={"Authorization": "Bearer wrong"})
        assert 401 == wrong.status


async def test_a_preflight_of_a_listed_page_needs_none(aiohttp_client: Any) -> None:
    page = "https://snippets.example"
    settings = Settings(token=TOKEN, require_token=True, origins=(page,))
    async with reprieve.connect("offline:?seed=7") as library:
        client = await aiohttp_client(create_app(library, settings))
        asks = {"Origin": page, "Access-Control-Request-Method": "GET"}

        assert 204 == (await client.options("/backups", headers=asks)).status
        assert 401 == (await client.get("/backups", headers={"Origin": page})).status
        shown = {"Origin": page, "Authorization": f"Bearer {TOKEN}", "Sec-Fetch-Site": "cross-site"}
        assert 200 == (await client.get("/backups", headers=shown)).status
