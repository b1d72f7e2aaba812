"""From `http://…` or `https://…` to the transport of a service, with the journal of this machine.

Knows which options there are and where a token comes from; what others need to open the same transport
holds the token's file, never the token.
"""

from __future__ import annotations

import os
import ssl
from random import Random

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


def open_pieces(
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
    client = Client(address, timeouts, token_for(address, file), _trusting(ca))
    clock = clock or RealClock()
    options = {
        "token_file": file,
        "ca": None if ca is None else os.path.abspath(ca),
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


def _trusting(ca: str | os.PathLike[str] | None) -> ssl.SSLContext | None:
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=os.fspath(ca))
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(
            f"{os.fspath(ca)} holds no certificate of an authority: {error.strerror or error}."
        ) from error
