"""A load of GET requests on one server, over connections that stay open: how many a second, and how slow.

Raw streams, so that the client costs less than what it measures. Knows HTTP/1.1 answers with a length.
"""

from __future__ import annotations

import asyncio
import time
from statistics import quantiles
from urllib.parse import urlsplit

import attrs

CONNECTIONS = 16


@attrs.frozen
class Load:
    """What a server bore: requests a second, and the seconds within which 99 of 100 were answered."""

    per_second: float
    p99: float


async def load(address: str, path: str, seconds: float) -> Load:
    """Ask for `path` again and again. Raises RuntimeError for an answer that is no 200."""
    until = time.perf_counter() + seconds
    asked = await asyncio.gather(*(_one(address, path, until) for _ in range(CONNECTIONS)))
    took = [one for connection in asked for one in connection]
    return Load(len(took) / seconds, quantiles(took, n=100)[98])


async def _one(address: str, path: str, until: float) -> list[float]:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    took = []
    while (began := time.perf_counter()) < until:
        writer.write(request)
        await _answer(reader)
        took.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return took


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status, *headers = head.split("\r\n")
    if " 200 " not in status:
        raise RuntimeError(f"The server answered {status!r}.")
    length = next(int(line.partition(":")[2]) for line in headers if line.startswith("content-length:"))
    await reader.readexactly(length)
