"""From `http://…` or `https://…` to the transport of a service, with the journal of this machine.

Knows which options there are, also in a target's query, and where a token comes from; what others need to
open the same transport holds the token's file, never the token.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

from ...core.errors import InvalidRequest
from ...core.ports import Clock
from ..clock import RealClock
from ..local.home import Home
from ..local.journal import SqliteJournal
from ..registry import Opened
from .address import Address
from .client import Client, Timeouts
from .token import token_file_named, token_for
from .transport import PiecesTransport

IN_A_QUERY: dict[str, Callable[[str], object]] = {
    "token_file": str,
    "ca": str,
    "connect_timeout": float,
    "idle_timeout": float,
    "away_timeout": float,
    "total_timeout": float,
}
"""The options that can stand in a target, as in `https://example.org?token_file=~/token&idle_timeout=10`."""


def open_pieces(target: str, **options: Any) -> Opened:
    """The service at `target`, whose query may hold those of IN_A_QUERY; `options` as service_at has them.

    Raises InvalidRequest.
    """
    address, asked, query = target.partition("?")
    return service_at(address, **_options_in(query) if asked else {}, **options)


def _options_in(query: str) -> dict[str, Any]:
    """The options that a query says. What is wrong there is not repeated: it may be a secret."""
    parts = query.split("&")
    said: dict[str, str] = {}
    for part in parts:
        name, _, said[name] = part.partition("=")
    if len(said) < len(parts) or not said.keys() <= IN_A_QUERY.keys():
        raise InvalidRequest(
            f"After the `?` of an address stand only {', '.join(IN_A_QUERY)}, each once and with a `=`. "
            "A token comes from a file, which token_file= or REPRIEVE_TOKEN_FILE names."
        )
    try:
        return {name: IN_A_QUERY[name](unquote(text)) for name, text in said.items()}
    except ValueError as error:
        raise InvalidRequest("A timeout in an address is a number of seconds, like 10 or 0.5.") from error


def service_at(
    target: str,
    *,
    store: str | None = None,
    token_file: str | os.PathLike[str] | None = None,
    ca: str | os.PathLike[str] | None = None,
    connect_timeout: float = Timeouts().connect,
    idle_timeout: float = Timeouts().idle,
    away_timeout: float = Timeouts().away,
    total_timeout: float | None = None,
    home: Home | None = None,
    clock: Clock | None = None,
    **unknown: object,
) -> Opened:
    """The service at `target`.

    `token_file` holds its token (by default REPRIEVE_TOKEN_FILE, or REPRIEVE_TOKEN itself), `ca` the
    certificate of the authority that is trusted instead of the system's. The timeouts are seconds: until
    there is a connection, without a byte on it, out of reach in the middle of a job, and for a whole
    attempt at one. Raises InvalidRequest.
    """
    if unknown:
        raise InvalidRequest(f"A service has no option {', '.join(sorted(unknown))}.")
    if store is not None:
        raise InvalidRequest("A service has a store of its own; leave the store out.")
    address = Address.of(target)
    file = token_file_named(token_file)
    timeouts = Timeouts(connect_timeout, idle_timeout, away_timeout, total_timeout)
    authority = None if ca is None else str(Path(ca).expanduser().absolute())
    client = Client(address, timeouts, token_for(address, file), _trusting(authority))
    clock = clock or RealClock()
    options = {
        "token_file": file,
        "ca": authority,
        "connect_timeout": connect_timeout,
        "idle_timeout": idle_timeout,
        "away_timeout": away_timeout,
        "total_timeout": total_timeout,
    }
    return Opened(
        PiecesTransport(client, clock),
        SqliteJournal(home or Home.find()),
        clock,
        Random(),
        {name: value for name, value in options.items() if value is not None},
    )


def _trusting(ca: str | None) -> ssl.SSLContext | None:
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(
            f"{ca} holds no certificate of an authority: {error.strerror or error}."
        ) from error
