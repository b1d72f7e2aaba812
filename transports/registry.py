"""From a URL or a path to the transport that carries it.

A table of schemes: `offline:` is the simulated service, a path (or `file:`) a database of this machine.
Other packages add schemes by an entry point in the group `reprieve.transports`, whose name is the scheme and
whose object is an Opener. Knows names only: what it opens is imported when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

import attrs

from ..core.errors import InvalidRequest, Unsupported
from ..core.ports import Clock, Transport

if TYPE_CHECKING:
    from .local.home import Home

ENTRY_POINTS = "reprieve.transports"

# One letter before a colon is a drive of Windows, not a scheme.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)


@attrs.frozen
class Opened:
    """A transport, not yet opened, and the clock that it lives by: its jobs must live by the same."""

    transport: Transport
    clock: Clock


class Opener(Protocol):
    """Makes the transport for a target of its scheme.

    `clock` None is the transport's own choice. Raises InvalidRequest for a target or an option
    that makes no sense.
    """

    def __call__(
        self, target: str, *, store: str | None, home: Home | None, clock: Clock | None, **options: Any
    ) -> Opened:
        """The transport for `target`."""
        ...


def open_target(
    target: str,
    *,
    store: str | None = None,
    home: Home | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> Opened:
    """The transport for a URL or a path; `options` are the transport's own.

    Raises InvalidRequest for an unknown scheme, Unsupported for one that is to come.
    """
    return _opener(_scheme(target))(target, store=store, home=home, clock=clock, **options)


def schemes() -> tuple[str, ...]:
    """Every scheme that can be opened here."""
    return tuple(sorted({*_BUILT_IN, *_installed()}))


def _scheme(target: str) -> str:
    found = _SCHEME.match(target)
    return found[1].lower() if found else "file"


def _opener(scheme: str) -> Opener:
    if scheme in _BUILT_IN:
        return _BUILT_IN[scheme]
    installed = _installed()
    if scheme in installed:
        opener: Opener = installed[scheme]()
        return opener
    raise InvalidRequest(
        f"Nothing here opens '{scheme}:'; there is {', '.join(schemes())}. For a file of that name, write './' first."
    )


def _installed() -> dict[str, Callable[[], Any]]:
    from importlib.metadata import entry_points  # late: reads every installed package

    return {entry.name: entry.load for entry in entry_points(group=ENTRY_POINTS)}


def _open_offline(
    target: str, *, store: str | None, home: Home | None, clock: Clock | None, **options: Any
) -> Opened:
    from .offline.opening import open_offline

    if store is not None:
        raise InvalidRequest("An offline service has a store of its own; leave 'store' out.")
    return open_offline(target, clock=clock, **options)


def _open_local(
    target: str, *, store: str | None, home: Home | None, clock: Clock | None, **options: Any
) -> Opened:
    from .clock import RealClock

    open_local = import_module(".local.transport", __package__).open_local
    clock = clock or RealClock()
    return Opened(open_local(_path(target), store=store, home=home, clock=clock, **options), clock)


def _path(target: str) -> str:
    if not target.lower().startswith("file:"):
        return target
    parts = urlsplit(target)
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
        raise InvalidRequest(f"'{target}' is not the URL of a file here; write file:///path or the plain path.")
    path = unquote(parts.path)
    return path[1:] if re.match(r"/[a-z]:", path, re.IGNORECASE) else path


def _open_http(
    target: str, *, store: str | None, home: Home | None, clock: Clock | None, **options: Any
) -> Opened:
    raise Unsupported(f"'{target}' is a service, and this version speaks to none yet; give the path of a database.")


_BUILT_IN: dict[str, Opener] = {
    "offline": _open_offline,
    "file": _open_local,
    "http": _open_http,
    "https": _open_http,
}
