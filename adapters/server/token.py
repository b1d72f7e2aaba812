"""The owner's secret: a file that only they can read, and the comparison that tells nothing of it.

Knows files and the secret's form; nothing of requests.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import sys
from pathlib import Path

from reprieve.core.errors import InvalidRequest, StorageError
from reprieve.transports.local.files import name_new, write_at, written
from reprieve.transports.local.home import Home

BYTES = 32
"""Of chance in a token that is made here."""

_FORM = re.compile(r"[A-Za-z0-9._~-]{32,512}")
"""What can stand in a header and in a WebSocket's subprotocol, and cannot be guessed."""


def token_file(home: Home) -> Path:
    """Where the token of this user is."""
    return home.config / "token"


def token_in(path: Path, *, make: bool) -> str:
    """The token in a file; with `make` a new one, where there is no file.

    Raises InvalidRequest for a file that others may read or that holds no token, StorageError for one that
    cannot be read or written.
    """
    try:
        if make and not path.exists():
            _write_new(path)
        return _read(path)
    except OSError as error:
        raise StorageError(f"The token file {path} cannot be used: {error.strerror or error}.") from error


def same(given: str, token: str) -> bool:
    """Whether the two are the same, in a time that does not say where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def _read(path: Path) -> str:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InvalidRequest(f"The token file {path} is no file; name another, or none.")
        if sys.platform != "win32" and status.st_mode & 0o077:
            raise InvalidRequest(
                f"Others may read the token file {path} (its mode is {stat.S_IMODE(status.st_mode):04o}). "
                f"Run `chmod 600 {path}`, or remove it to have a new token made."
            )
        token = file.read(1024).decode("ascii", "replace").strip()
    if not _FORM.fullmatch(token):
        raise InvalidRequest(
            f"The file {path} holds no token: 32 to 512 letters, digits and any of . _ ~ - in one line. "
            "Remove it to have one made."
        )
    return token


def _write_new(path: Path) -> None:
    """Two processes may do it at once: the second finds the first one's."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with written(mine, "token") as descriptor:
        write_at(descriptor, f"{secrets.token_urlsafe(BYTES)}\n".encode(), 0)
    try:
        name_new(mine, path)
    except FileExistsError:
        mine.unlink()
