"""How much a service takes at once: bytes of headers, connections, time for a request to arrive.

Knows aiohttp's server and the system's limit on open files; nothing of what is asked.
"""

from __future__ import annotations

import sys
from typing import Any

from .settings import Settings

MAX_HEADERS = 100
MAX_LINE = 8 << 10
"""Of the first line, and of one header."""

MAX_HEAD = 16 << 10
"""Of all headers."""

LINGER = 2.0
"""Seconds in which the rest of a refused body is thrown away, so that its sender reads the refusal."""

HANDSHAKE = 10.0
"""Seconds that a TLS handshake may take; it counts as a connection from its beginning."""

SPARE_FILES = 256
"""Open files that connections leave to the journal, the workers and the store; half where there are few."""

FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 66\r\n"
    b"Retry-After: 5\r\nConnection: close\r\n\r\n"
    b"This service has as many connections as it takes; try again later."
)


def server_arguments(settings: Settings) -> dict[str, Any]:
    """What web.AppRunner is told."""
    return {
        "keepalive_timeout": settings.patience,
        "lingering_time": LINGER,
        "max_field_size": MAX_LINE,
        "max_headers": MAX_HEADERS,
        "max_line_size": MAX_LINE,
    }


def connections_for(wanted: int) -> int:
    """How many connections this process can have: the system's limit on open files is raised for them."""
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - min(SPARE_FILES, soft // 2)))
