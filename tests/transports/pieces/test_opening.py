"""From a URL to a service: its one name, its token, whom it trusts, and what another process needs."""

from __future__ import annotations

import errno
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reprieve.core.errors import AuthenticationRequired, InvalidRequest, Unreachable
from reprieve.transports.local.home import Home
from reprieve.transports.pieces.address import Address
from reprieve.transports.pieces.opening import open_pieces
from reprieve.transports.registry import Opened, open_target

from .authorities import Authority
from .conftest import Tried
from .doubles import Double

SECRET = "canary-5b1d0c"


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    def opener(target: str = "http://localhost:1000", **options: Any) -> Opened:
        return open_pieces(target, home=Home(tmp_path, tmp_path), **options)

    return opener


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("http://localhost:1000", "http://localhost:1000"),
        ("HTTP://LocalHost:1000/", "http://localhost:1000"),
        ("http://localhost:80", "http://localhost"),
        ("https://localhost:443//", "https://localhost"),
        ("https://example.org/Pieces/", "https://example.org/Pieces"),
        ("http://[::1]:39300", "http://[::1]:39300"),
    ],
)
def test_each_spelling_of_an_address_gives_one_name(target: str, name: str, opened: Any) -> None:
    assert name == opened(target).transport.database


@pytest.mark.parametrize(
    "target",
    [
        "http:",
        "http://",
        "http://:1000",
        "http://localhost:port",
        "http://localhost:70000",
        f"http://user:{SECRET}@localhost",
        f"http://localhost?token={SECRET}",
        f"http://localhost?{SECRET}",
        f"http://localhost?idle_timeout={SECRET}",
        "http://localhost?",
        "http://localhost?idle_timeout=1&idle_timeout=2",
        "http://localhost?idle_timeout=0",
        f"http://localhost?idle_timeout=1#{SECRET}",
        f"http://localhost/#token={SECRET}",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_a_secret(target: str, opened: Any) -> None:
    with pytest.raises(InvalidRequest) as raised:
        opened(target)

    assert SECRET not in str(raised.value)


def test_a_target_can_say_its_options(opened: Any, token_file: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a b").certificate
    where = f"token_file={token_file}&ca={quote(str(authority))}&connect_timeout=1&idle_timeout=2.5"
    one = opened(f"https://localhost:1000/base?{where}&away_timeout=3&total_timeout=4")

    assert "https://localhost:1000/base" == one.transport.database
    assert {
        "token_file": str(token_file),
        "ca": str(authority),
        "connect_timeout": 1.0,
        "idle_timeout": 2.5,
        "away_timeout": 3.0,
        "total_timeout": 4.0,
    } == one.options


async def test_the_token_of_a_target_is_shown(tried: Tried, token_file: Path) -> None:
    double, shown = Double(), set()

    async def look(request: web.Request) -> web.StreamResponse:
        shown.add((request.path_qs, request.headers.get("Authorization")))
        return web.json_response({"iterable": []})

    double.instead["/backups"] = look
    async with double.serving() as address, tried(f"{address}?token_file={token_file}") as it:
        await it.transport.backups()

    assert {("/backups", f"Bearer {SECRET}")} == shown


def test_the_registry_knows_both_schemes(tmp_path: Path) -> None:
    for target in ("http://localhost:1000", "https://localhost:1000"):
        assert target == open_target(target, home=Home(tmp_path, tmp_path)).transport.database


@pytest.mark.parametrize(
    "options",
    [
        {"store": "/backups"},
        {"passphrase": "x"},
        {"connect_timeout": 0.0},
        {"idle_timeout": -1.0},
        {"total_timeout": 0.0},
        {"ca": "/nowhere/ca.pem"},
        {"token_file": "/nowhere/token"},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], opened: Any) -> None:
    with pytest.raises(InvalidRequest):
        opened(**options)


def test_an_id_cannot_lead_to_another_path() -> None:
    address = Address.of("http://localhost:1000/base")

    assert "http://localhost:1000/base/backup/..%2F..%2Fx%3Fy" == address.url("/backup/{}", "../../x?y")


# -- tokens ------------------------------------------------------------------------------------------


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n")
    return path


async def shown_to(double: Double, tried: Tried, **options: Any) -> set[str | None]:
    """Which `Authorization` every request shows."""
    shown: set[str | None] = set()

    async def look(request: web.Request) -> web.StreamResponse:
        shown.add(request.headers.get("Authorization"))
        return web.json_response({"iterable": []})

    double.instead["/backups"] = look
    async with double.serving() as address, tried(address, **options) as it:
        await it.transport.backups()
    return shown


async def test_a_token_comes_from_a_file(tried: Tried, token_file: Path) -> None:
    assert {f"Bearer {SECRET}"} == await shown_to(Double(), tried, token_file=token_file)


async def test_a_token_comes_from_the_environment(
    tried: Tried, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {None} == await shown_to(Double(), tried)
    monkeypatch.setenv("REPRIEVE_TOKEN_FILE", str(token_file))
    assert {f"Bearer {SECRET}"} == await shown_to(Double(), tried)
    monkeypatch.setenv("REPRIEVE_TOKEN", "another")
    assert {"Bearer another"} == await shown_to(Double(), tried)


async def test_a_web_socket_shows_the_token_as_well(tried: Tried, token_file: Path) -> None:
    double, shown = Double(), set()

    async def look(request: web.Request) -> web.StreamResponse:
        shown.add((request.path, request.headers.get("Authorization")))
        return web.Response(status=401)

    double.instead["/"] = double.instead["progress"] = double.instead["websocket"] = look
    double.instead["create/streamed"] = double.instead["create"] = look
    async with double.serving() as address, tried(address, token_file=token_file) as it:
        with pytest.raises(AuthenticationRequired):
            await it.backup()

    assert {f"Bearer {SECRET}"} == {authorization for _, authorization in shown}
    assert "/backups/streamed/progress" in {path for path, _ in shown}


STRANGER = """
import os, socket
os.setuid(65534)
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    accepted, _ = listener.accept()
    with accepted:
        print(accepted.recv(1000), flush=True)
"""


@pytest.mark.needs("other user")
async def test_a_token_is_not_sent_to_a_port_of_another_user(tried: Tried, token_file: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STRANGER], stdout=subprocess.PIPE, text=True) as stranger:
        assert stranger.stdout is not None
        port = int(stranger.stdout.readline())
        with pytest.raises(AuthenticationRequired, match="another user") as refused:
            async with tried(f"http://localhost:{port}", token_file=token_file) as it:
                await it.transport.backups()

        assert stranger.stdout.readline() == "b''\n"
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", ["", "\n", "two words", "grö\u00dfe", "a\x00b"])
def test_a_file_that_holds_no_token_is_refused(text: str, opened: Any, token_file: Path) -> None:
    token_file.write_text(text, "utf-8")

    with pytest.raises(InvalidRequest):
        opened(token_file=token_file)


def test_a_token_does_not_cross_a_network_in_the_clear(opened: Any, token_file: Path) -> None:
    with pytest.raises(InvalidRequest, match="clear"):
        opened("http://backups.example.org", token_file=token_file)
    for safe in ("https://backups.example.org", "http://127.0.0.1:1000", "http://[::1]:1000"):
        opened(safe, token_file=token_file)


def test_what_another_process_needs_holds_no_secret(
    opened: Any, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRIEVE_TOKEN_FILE", str(token_file))
    one = opened(idle_timeout=7.0)

    other = opened(**one.options)

    assert (str(token_file), 7.0) == (one.options["token_file"], one.options["idle_timeout"])
    assert one.options == other.options
    assert SECRET not in repr(one.options)


# -- trust ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def over_tls(double: Double, context: ssl.SSLContext) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", double.answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    try:
        yield f"https://localhost:{server.port}"
    finally:
        await server.close()


async def test_an_authority_of_ones_own_can_be_trusted(tmp_path: Path, tried: Tried) -> None:
    authority = Authority(tmp_path)
    async with over_tls(Double(), authority.context("localhost")) as address:
        async with tried(address, ca=authority.certificate) as it:
            backup = await it.backup()

            assert (backup,) == await it.transport.backups()


@pytest.mark.parametrize(
    ("trusts", "why"),
    [
        (None, "unable to get local issuer certificate"),
        ("its own", "certificate is not valid for 'localhost'"),
        ("another", "certificate signature failure"),
    ],
)
async def test_what_is_not_trusted_is_told_nothing(
    trusts: str | None, why: str, tmp_path: Path, tried: Tried, token_file: Path
) -> None:
    """An unknown authority, a name that is not the certificate's, an authority that is another."""
    authority, other = Authority(tmp_path / "one"), Authority(tmp_path / "two")
    double = Double()
    ca = {None: None, "its own": authority.certificate, "another": other.certificate}[trusts]
    name = "elsewhere.example" if trusts == "its own" else "localhost"
    async with over_tls(double, authority.context(name)) as address:
        with pytest.raises(Unreachable) as raised:
            async with tried(address, ca=ca, token_file=token_file) as it:
                await it.transport.backups()

        assert not raised.value.temporary
        assert why in str(raised.value)
        assert [] == double.heard


async def test_a_service_without_tls_is_not_trusted(tried: Tried) -> None:
    async with Double().serving() as address:
        with pytest.raises(Unreachable) as raised:
            async with tried(address.replace("http:", "https:")) as it:
                await it.transport.backups()

        assert not raised.value.temporary
        assert os.strerror(errno.EPERM) not in str(raised.value)  # the number of every error of TLS
