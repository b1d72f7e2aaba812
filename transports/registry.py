"""From a path or a URL to whatever carries its jobs out.

One table of schemes; a package of yours joins it with an entry point in the group
`reprieve.transports` (name: the scheme; value: a function like those below). Nothing is imported
before its scheme is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from random import Random
from typing import Any

import attrs

from ..core.errors import InvalidRequest, Unsupported
from ..core.ports import Clock, JournalStore, Transport

GROUP = "reprieve.transports"


async def _nothing_to_clear_up() -> None:
    """What leaves no files needs no clearing up."""


@attrs.frozen
class Opened:
    """A transport with the journal, the clock and the randomness that belong to it. None is open yet.

    `options` are what another process needs, beside the database's name, to open the same transport.
    `clear_up`, called once the journal is open and what was abandoned is settled, removes what killed
    processes left behind.
    """

    transport: Transport
    journal: JournalStore
    clock: Clock
    random: Random
    options: Mapping[str, object] = attrs.field(factory=dict)
    clear_up: Callable[[], Awaitable[None]] = _nothing_to_clear_up


Opener = Callable[..., Opened]
"""Called with the whole target and the options that `connect` was given."""

OPENERS: dict[str, str] = {
    "file": "reprieve.transports.local.opening:open_local",
    "offline": "reprieve.transports.offline.opening:open_offline",
    "http": "reprieve.transports.pieces.opening:open_pieces",
    "https": "reprieve.transports.pieces.opening:open_pieces",
}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)  # two letters at least: C: is a drive


def scheme_of(target: str) -> str:
    """The scheme of a URL in lower case; `file` for a plain path."""
    found = _SCHEME.match(target)
    return found[1].lower() if found else "file"


def in_real_time(target: str) -> str:
    """The target for somebody beside real clocks: an offline one on the real clock, unless it names one."""
    query = target.partition("?")[2]
    if scheme_of(target) != "offline" or "clock=" in query:
        return target
    return f"{target}{'&' if '?' in target else '?'}clock=real"


def open_target(target: str | os.PathLike[str], **options: Any) -> Opened:
    """What serves `target`: a path, or a URL of a known scheme.

    Raises InvalidRequest for an empty target, Unsupported for a scheme that nobody serves, and whatever
    the scheme's own opener raises for options that it does not take.
    """
    name = os.fspath(target)
    if not name:
        raise InvalidRequest("The target is empty; name a database's path, or a URL such as offline:.")
    return _opener(scheme_of(name))(name, **options)


def _opener(scheme: str) -> Opener:
    if scheme in OPENERS:
        module, _, function = OPENERS[scheme].partition(":")
        opener: Opener = getattr(import_module(module), function)
        return opener
    from importlib.metadata import entry_points  # late: costs as much as all of ours together

    for entry in entry_points(group=GROUP, name=scheme):
        found: Opener = entry.load()
        return found
    raise Unsupported(
        f"Nothing here serves {scheme}: targets. Known are a path and {', '.join(sorted(OPENERS))}."
    )
