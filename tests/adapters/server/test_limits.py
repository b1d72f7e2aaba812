"""What a service stands: slow clients, huge bodies and headers, too many connections; others are served on.

In raw bytes against a real process, whose memory is looked at.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

import reprieve
from reprieve.adapters.server import Settings
from tests.adapters.cli.conftest import write
from tests.adapters.server.inside import running
from tests.support.services import Service, answer_from, request, serving

MIB = 1 << 20
FLAT = 24 * MIB
"""How much a service may grow while it is ill-treated."""

HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("limits")
    with serving(folder, "offline:?seed=7&speed=1000&backups=1") as running:
        yield running


def serves(service: Service) -> bool:
    """Whether others are served meanwhile."""
    return service.ask("GET", "/backups").status == 200


def sent(connection: socket.socket, data: bytes) -> bool:
    """Whether the other side took it."""
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def send_until_stuck(connection: socket.socket, data: bytes) -> None:
    """Send until the other side takes no more."""
    try:
        for _ in range(200):
            connection.sendall(data)
    except TimeoutError:
        return
    raise AssertionError("it takes everything")


@pytest.mark.needs("linux")
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", ["/backups/create", "/backup", "/backup/asset", "/v1/assets"])
def test_a_body_of_a_gibibyte_is_refused_and_not_kept(service: Service, path: str, chunked: bool) -> None:
    """Sent until the service has had enough: its refusal, or a connection that is closed."""
    before = service.memory()
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {1 << 30}"
    piece = b" " * MIB
    chunk = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
    head = request("POST", path, f"Host: localhost:{service.port}", "Content-Type: application/json", framing)
    served, grown = [], []
    with service.connect() as connection:
        connection.sendall(head)
        for _ in range(1024):
            if not sent(connection, chunk):
                break
            served.append(serves(service))
            grown.append(service.memory() - before)
        status = answer_from(connection).status

    assert 413 == status
    assert all(served)
    assert serves(service)
    assert max(grown) < FLAT


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-{number}: y" for number in range(10_000)],
        [f"X-Long: {'y' * 100_000}"],
        [f"X-{number}: {'y' * 4000}" for number in range(5)],
    ],
    ids=["ten thousand", "one long", "some that are too much together"],
)
def test_too_many_headers_are_refused(service: Service, lines: list[str]) -> None:
    answer = service.ask("GET", "/backups", *lines)

    assert answer.status in (400, 431)
    assert serves(service)


def test_a_long_path_is_refused(service: Service) -> None:
    assert 400 == service.ask("GET", f"/backup/{'x' * 100_000}").status
    assert serves(service)


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00", b"\r\n" * 100 + b"\x00" * 100, b"GET\r\n\r\n", b"\xff" * 9000]
)
def test_what_is_no_request_is_refused(service: Service, junk: bytes) -> None:
    with service.connect() as connection:
        connection.sendall(junk + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        said = connection.recv(65536)

    assert said == b"" or said.startswith(b"HTTP/1.0 400") or said.startswith(b"HTTP/1.1 400")
    assert serves(service)


@pytest.mark.needs("linux")
def test_a_client_that_asks_and_never_reads_is_not_remembered(service: Service) -> None:
    before = service.memory()
    ask = request("GET", "/backups", f"Host: localhost:{service.port}", close=False) * 1000
    with ExitStack() as opened:
        for _ in range(10):
            connection = opened.enter_context(service.connect())
            connection.settimeout(0.2)
            send_until_stuck(connection, ask)
        grown = service.memory() - before

        assert serves(service)
    assert grown < FLAT


async def test_a_request_that_does_not_arrive_is_closed_and_others_are_served() -> None:
    """Slow-loris: headers, or a body, byte by byte."""
    settings = Settings(patience=0.5)
    async with (
        reprieve.connect("offline:?seed=7&clock=real") as library,
        running(library, settings) as service,
    ):
        head = request(
            "POST", "/backups/create", f"Host: localhost:{service.port}", "Content-Type: application/json"
        )
        for begun in (b"", head[:20], head[:-4] + b"\r\nContent-Length: 20\r\n\r\n{"):
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writer.write(begun)
            closed = asyncio.create_task(reader.read())
            while not closed.done():
                if not writer.is_closing():
                    writer.write(begun[-1:] and b" ")
                async with aiohttp.ClientSession() as client, client.get(f"{service.url}/backups") as answer:
                    assert 200 == answer.status
                await asyncio.wait((closed,), timeout=0.05)
            writer.close()

            assert b"" == await closed


async def _asks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ask: bytes) -> bool:
    """Whether a connection that is kept is answered; its answer is read whole."""
    writer.write(ask)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
    return head.startswith(b"HTTP/1.1 200 ")


async def test_beyond_the_limit_connections_are_told_so_and_those_within_it_are_served() -> None:
    settings = Settings(connections=5)
    async with (
        reprieve.connect("offline:?seed=7&clock=real") as library,
        running(library, settings) as service,
    ):
        ask = request("GET", "/backups", f"Host: localhost:{service.port}", close=False)
        within = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(5)]
        for reader, writer in within:
            assert await _asks(reader, writer, ask)
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        refused = await reader.read()
        writer.close()
        for reader, writer in within:
            assert await _asks(reader, writer, ask)
            writer.close()

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert refused.endswith(b".")
    assert len(refused.partition(b"\r\n\r\n")[2]) == int(refused.split(b"Content-Length: ")[1].split()[0])


@pytest.mark.needs("posix", "bash")
def test_where_few_files_may_be_open_fewer_connections_are_taken_and_jobs_still_run(tmp_path: Path) -> None:
    """Connections leave files enough to the journal and the workers: 300 are allowed here, so 150 come in."""
    write(tmp_path / "snippets.db", "CREATE TABLE t (x)")
    ask = "GET", "/backups"
    with serving(tmp_path, "snippets.db", limit_files=300) as service, ExitStack() as opened:
        kept = [opened.enter_context(service.connect()) for _ in range(150)]
        for connection in kept:
            connection.sendall(request(*ask, f"Host: localhost:{service.port}", close=False))
            assert b"200" in connection.recv(65536)
        refused = answer_from(opened.enter_context(service.connect())).status
        kept[0].sendall(request("POST", "/backups/create", f"Host: localhost:{service.port}"))
        made = answer_from(kept[0]).status

    assert (503, 200) == (refused, made)


@pytest.mark.needs("posix", "bash")
def test_silent_connections_make_room_oldest_first_and_jobs_still_run(tmp_path: Path) -> None:
    write(tmp_path / "snippets.db", "CREATE TABLE t (x)")
    with serving(tmp_path, "snippets.db", limit_files=300) as service, ExitStack() as opened:
        silent = [opened.enter_context(service.connect()) for _ in range(400)]
        made = service.ask("POST", "/backups/create").status
        oldest = silent[0].recv(1)
        silent[-1].sendall(request("GET", "/backups", f"Host: localhost:{service.port}"))
        newest = answer_from(silent[-1]).status

    assert (200, b"", 200) == (made, oldest, newest)


SILENT = """
import encodings.idna, os, socket, sys
os.setgid(65534)
os.setuid(65534)
port, count = int(sys.argv[1]), int(sys.argv[2])
held = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
for sock in held:
    sock.sendall(b"GET /backups HTTP/1.1\\r\\nHost: localhost:%d\\r\\n\\r\\n" % port)
    assert b" 401 " in sock.recv(100)
held += [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.needs("other user", "bash")
def test_connections_of_a_user_who_is_refused_do_not_use_up_the_owners(tmp_path: Path) -> None:
    write(tmp_path / "snippets.db", "CREATE TABLE t (x)")
    with serving(tmp_path, "snippets.db", limit_files=300) as service, ExitStack() as opened:
        own = opened.enter_context(service.connect())  # silent as well, and older than all others
        with subprocess.Popen(
            [sys.executable, "-c", SILENT, str(service.port), "400"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as stranger:
            assert stranger.stdout is not None
            assert stranger.stdout.readline() == "open\n"
            statuses = [service.ask("POST", "/backups/create").status for _ in range(5)]
            own.sendall(request("GET", "/backups", f"Host: localhost:{service.port}"))
            first = answer_from(own).status
            stranger.communicate()

    assert ([200] * 5, 200) == (statuses, first)


@pytest.mark.needs("linux")
def test_a_thousand_idle_websockets_cost_little_and_others_are_served(service: Service) -> None:
    with ExitStack() as opened:
        many = [opened.enter_context(service.connect()) for _ in range(1000)]
        ask = request(
            "GET", "/backups/streamed/progress", f"Host: localhost:{service.port}", *HANDSHAKE, close=False
        )
        for connection in many:
            connection.sendall(ask)
        statuses = {answer_from(connection).status for connection in many}
        after = service.memory()
        for _ in range(20):
            assert serves(service)
        grown = service.memory() - after

    assert {101} == statuses
    assert grown < FLAT
