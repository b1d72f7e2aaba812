"""What the bridge says of itself when it is greeted. Imports nothing but constants, for it comes first."""

from __future__ import annotations

from collections.abc import Iterable

from reprieve.core import VERSION

from .framing import BODY_LIMIT, HEADER_LIMIT

PROTOCOLS = ("1",)
"""The majors of the protocol that the bridge speaks, the newest first."""

MOST_IN_FLIGHT = 4096
"""Requests that may wait for their answers at once."""

MOST_PROCESS = 2**31 - 1
"""The greatest number that a process has, on any system of ours."""


def common_protocol(versions: Iterable[str] | None) -> str | None:
    """The newest major that both sides speak. A program's version never matters.

    None are the versions of a client for language servers in general, which cannot name any: it is
    served the newest.
    """
    if versions is None:
        return PROTOCOLS[0]
    majors = {version.partition(".")[0] for version in versions}
    return next((major for major in PROTOCOLS if major in majors), None)


def welcome(protocol: str, target: str | None) -> dict[str, object]:
    """The result of `initialize` (greeting.py has its shape)."""
    return {
        "protocolVersion": protocol,
        "serverInfo": {"name": "reprieve", "version": VERSION},
        "capabilities": {"experimental": {"reprieve": {"target": target}}},
        "limits": {
            "headerBytes": HEADER_LIMIT,
            "bodyBytes": BODY_LIMIT,
            "requestsInFlight": MOST_IN_FLIGHT,
        },
    }
