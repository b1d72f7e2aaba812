"""What client libraries send where they have nothing to say: no bytes, under whatever type they name.

The shapes came over the wire from the clients that are named, but for Dart's and Ruby's, which are known from
their sources. tests/sdks runs the clients that are cheap to have.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from .conftest import Serve, Service

FORM = "Content-Type: application/x-www-form-urlencoded"
EMPTY = "Content-Length: 0"
CHUNKED = "Transfer-Encoding: chunked"
H2C = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
)

NOTHING: dict[str, tuple[tuple[str, ...], bytes]] = {
    "Dart's package:http": (("Content-Type: text/plain; charset=utf-8", EMPTY), b""),
    "axios": ((FORM, EMPTY), b""),
    "curl -d ''": ((EMPTY, FORM), b""),
    "curl -X POST": ((), b""),
    "curl -X POST -T": ((CHUNKED,), b"0\r\n\r\n"),
    "curl in chunks": ((CHUNKED, FORM), b"0\r\n\r\n"),
    "wget --post-data=": ((FORM, EMPTY), b""),
    "Python's urllib": (("Accept-Encoding: identity", FORM, EMPTY), b""),
    "Java's HttpURLConnection": ((FORM, EMPTY), b""),
    "Java's HttpURLConnection in chunks": ((FORM, CHUNKED), b"0\r\n\r\n"),
    "Java's HttpClient": ((*H2C, EMPTY), b""),
    "Java's HttpClient of a stream": (("Transfer-encoding: chunked",), b"0\r\n\r\n"),
    "OkHttp": (("Content-Type: application/json", EMPTY), b""),
    "Ruby's Net::HTTP": ((FORM, EMPTY), b""),
    "Perl's HTTP::Tiny": ((FORM, EMPTY), b""),
    "fetch of an empty string": (("content-type: text/plain;charset=UTF-8", "content-length: 0"), b""),
    "fetch of an empty form": (("content-type: application/x-www-form-urlencoded;charset=UTF-8", EMPTY), b""),
    "fetch of an empty blob with a type": (("content-type: application/octet-stream", EMPTY), b""),
}

every_nothing = pytest.mark.parametrize(("lines", "body"), NOTHING.values(), ids=NOTHING)


@every_nothing
async def test_a_cancel_without_a_body_cancels(serve: Serve, lines: tuple[str, ...], body: bytes) -> None:
    service = await serve(hang_at=0.5, backups=1)
    restored = (await service.get("/backups")).document["iterable"][0]["id"]

    for start, kind in (("/backups/create", "creation"), (f"/backup/{restored}/restore", "restoration")):
        headers = {"Accept": "application/x-ndjson"}
        async with service.client.post(f"{start}/streamed", headers=headers) as job:
            backup = json.loads(await job.content.readline())["backup"]["id"]
            status = await _posted(service, f"/backup/{backup}/{kind}/cancel", lines, body)
            *_, end = (await job.content.read()).splitlines()

        assert (204, "CANCELED") == (status, json.loads(end)["status"])


@every_nothing
async def test_what_takes_a_document_does_without(serve: Serve, lines: tuple[str, ...], body: bytes) -> None:
    service = await serve(backups=1)
    backup = (await service.get("/backups")).document["iterable"][0]["id"]
    wanted = {
        "/backups/create": 200,
        "/backups/create/streamed": 200,
        "/backup": 204,
        "/backup/asset": 204,
        f"/backup/{backup}/restore": 200,
        f"/backup/{backup}/restore/streamed": 200,
        f"/backups/{backup}/delete": 204,
        "/connect": 200,
        "/v1/backups": 202,
    }

    answered = {path: await _posted(service, path, lines, body) for path in wanted}

    assert wanted == answered


async def _posted(service: Service, path: str, lines: tuple[str, ...], body: bytes) -> int:
    """The status of a POST with these header lines and bytes."""
    port = service.client.server.port or 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "\r\n".join((f"POST {path} HTTP/1.1", f"Host: localhost:{port}", *lines, "", ""))
    writer.write(head.encode() + body)
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status
