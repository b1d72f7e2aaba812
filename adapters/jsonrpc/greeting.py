"""What `initialize` takes and gives: the only shapes that are there before a bridge has greeted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..wire import Shape
from .welcome import MOST_PROCESS

Document = Mapping[str, object]

Token = int | str
"""Under which progress is told: the client's choice."""


def bounded(default: int | None, **bounds: int) -> Any:
    """A number within these bounds, both included."""
    return attrs.field(default=default, metadata={"bounds": bounds})


@attrs.frozen(eq=False, repr=False, slots=False)
class Initialize(Shape):
    """Who the client is, and which majors of the protocol it speaks. Unknown members are its own matter.

    Without `protocol_versions`, as clients for language servers in general send it, the newest is spoken. The
    bridge ends when the process `process_id` does. `initialization_options.target` is what to open, where
    the command line names nothing; beside it may stand `store`, and `databaseId`, which is what the database
    was called before it was moved.
    """

    protocol_versions: tuple[str, ...] | None = None
    process_id: int | None = bounded(None, minimum=1, maximum=MOST_PROCESS)
    client_info: Document | None = None
    capabilities: Document = attrs.field(factory=dict)
    initialization_options: Document | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class ServerInfo(Shape):
    """Which program the bridge is."""

    name: str
    version: str


@attrs.frozen(eq=False, repr=False, slots=False)
class Limits(Shape):
    """What the bridge takes: bytes of a header and of a body, requests that wait for their answers."""

    header_bytes: int
    body_bytes: int
    requests_in_flight: int


@attrs.frozen(eq=False, repr=False, slots=False)
class Initialized(Shape):
    """Which major of the protocol is spoken, by whom, and what it can do."""

    protocol_version: str
    server_info: ServerInfo
    capabilities: Document
    limits: Limits
