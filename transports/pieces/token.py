"""The token for a service: by reference, from a file or the environment, and for one address only.

Knows where secrets come from; nothing of how they are sent. A token is never part of a URL, of an error
or of what a job keeps.
"""

from __future__ import annotations

import os
from pathlib import Path

from ...core.errors import InvalidRequest
from .address import Address

VARIABLE = "REPRIEVE_TOKEN"
FILE_VARIABLE = "REPRIEVE_TOKEN_FILE"


def token_file_named(given: str | os.PathLike[str] | None) -> str | None:
    """The file that holds the token: the one that is given, or that the environment names; its whole path."""
    named = given or (None if os.environ.get(VARIABLE) else os.environ.get(FILE_VARIABLE))
    return str(Path(named).expanduser().absolute()) if named else None


def token_for(address: Address, file: str | None) -> str | None:
    """The token to show at `address`, from `file` or else REPRIEVE_TOKEN; None where nobody has given one.

    Raises InvalidRequest for a file that holds none, and where the token would cross a network in the clear.
    """
    token = _read(file) if file else os.environ.get(VARIABLE) or None
    if token is None:
        return None
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise InvalidRequest(
            f"What {file or VARIABLE} holds is no token: it has blanks or strange characters."
        )
    if not (address.is_loopback or address.is_encrypted):
        raise InvalidRequest(
            f"The token would cross the network to {address.name} in the clear; use https, or leave it out."
        )
    return token


def _read(file: str) -> str:
    try:
        token = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidRequest(f"The token file {file} cannot be read: {said}.") from error
    if not token:
        raise InvalidRequest(f"The token file {file} is empty; it should hold the service's token.")
    return token
