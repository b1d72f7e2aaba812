"""Looking at a file that is to be backed up or restored into, before SQLite may open it.

It refuses what could only go wrong and says what the file holds. It opens and closes the file, and
closing any descriptor drops this process's SQLite locks on it: call it only while this process has no
connection to the database. It knows nothing of journals, snapshots or restores.
"""

from __future__ import annotations

import errno
import math
import os
import stat
from collections import Counter
from enum import StrEnum
from pathlib import Path

import attrs

from ...core.errors import FORCE_IT, BadSource, BadTarget, NotFound
from . import database_header, file_systems
from .database_header import Header
from .files import BINARY, NO_FOLLOW
from .held_file import link_appeared

NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe that came in place of the file must not hang


SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""


def beside(path: Path, suffix: str) -> Path:
    """The name of a file that SQLite keeps beside the database at `path`."""
    return path.with_name(path.name + suffix)


class Content(StrEnum):
    """What the bytes of a file are."""

    DATABASE = "database"
    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    FOREIGN = "foreign"


@attrs.frozen
class DatabaseFile:
    """A file that was examined. `path` has no symbolic link in it; `header` is there for a DATABASE."""

    path: Path
    device: int
    inode: int
    size: int
    content: Content
    header: Header | None


def examine(path: Path, *, as_source: bool, force: bool = False, resolved: bool = False) -> DatabaseFile:
    """Look at `path`; raise NotFound, BadSource or BadTarget where it cannot serve. Nothing is changed.

    A symbolic link is resolved once, here; afterwards only the resolved path is to be used. A source must
    hold a database (or what SQLite can make one of); of a target the content is told and not judged. A source
    that is empty (0 bytes) is refused though SQLite takes it for a database without tables: there is nothing
    to keep, it is mostly a sign that something went wrong, and opening it would delete a -wal beside it.
    `force` allows a network file system. `resolved` says that the path was resolved before: a link in it is
    refused.
    """
    refuse = BadSource if as_source else BadTarget
    real = _resolve(path, refuse)
    if resolved and real != path:
        raise link_appeared(path, refuse)
    descriptor = _open(real, path, refuse)
    try:
        found = _look(descriptor, real, path, refuse)
    except OSError as error:
        raise refuse(f"{path} cannot be read ({error.strerror}); look at the disk.") from error
    finally:
        os.close(descriptor)
    require_local(found.path, path, refuse, force)
    if as_source:
        if found.content is Content.EMPTY or not _may_be_mended(found.path):
            _refuse_content(found.content, path)
    elif not os.access(real, os.W_OK):
        raise BadTarget(f"{path} may not be written by this user; change its permissions.")
    return found


def open_to_read(resolved: Path) -> int:
    """A descriptor for reading `resolved`, which must not have become a link."""
    return os.open(resolved, os.O_RDONLY | BINARY | NO_FOLLOW | NO_WAIT)


def require_local(resolved: Path, path: Path, refuse: type[BadSource] | type[BadTarget], force: bool) -> None:
    """Raise `refuse` if `resolved` is on a network file system, unless forced; people call it `path`."""
    kind = None if force else file_systems.network_kind(resolved)
    if kind:
        raise refuse(
            f"{path} is on a network file system ({kind}), where SQLite's locks cannot be trusted; "
            f"work on a local copy, or {FORCE_IT} if nobody else uses the database."
        )


def _resolve(path: Path, refuse: type[BadSource] | type[BadTarget]) -> Path:
    try:
        resolved = path.resolve(strict=True)
        str(resolved).encode()
        return resolved
    except UnicodeEncodeError:
        raise refuse(f"The name {str(path)!a} is not valid UTF-8, which SQLite needs; rename it.") from None
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}; check the path.") from None
    except PermissionError:
        raise refuse(f"{path} may not be read by this user; change its permissions.") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        raise refuse(f"The path {path} cannot be followed ({error}); name the file itself.") from error


def _open(resolved: Path, path: Path, refuse: type[BadSource] | type[BadTarget]) -> int:
    try:
        mode = os.lstat(resolved).st_mode
        if stat.S_ISDIR(mode):
            raise refuse(f"{path} is a folder; name the database file in it.")
        if not stat.S_ISREG(mode):
            raise refuse(f"{path} is a device, a pipe or a socket; name a database file.")
        return open_to_read(resolved)
    except FileNotFoundError:
        raise NotFound(f"{path} went away just now; look for it and try again.") from None
    except PermissionError:
        raise refuse(f"{path} may not be read by this user; change its permissions.") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise refuse(f"{path} was replaced by a link just now; look at it and try again.") from None
        raise refuse(f"{path} cannot be opened ({error.strerror}); look at the file.") from error


def _look(
    descriptor: int, resolved: Path, path: Path, refuse: type[BadSource] | type[BadTarget]
) -> DatabaseFile:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise refuse(f"{path} was replaced by something that is no file; look at it and try again.")
    if status.st_nlink > 1:
        raise refuse(
            f"{path} has {status.st_nlink} hard links, and SQLite keeps a separate journal for each name; "
            f"remove the others (or copy the file to a name of its own)."
        )
    start = os.read(descriptor, 4096)
    header = database_header.parse(start)
    return DatabaseFile(
        path=resolved,
        device=status.st_dev,
        inode=status.st_ino,
        size=status.st_size,
        content=_content(start, header),
        header=header,
    )


def _content(start: bytes, header: Header | None) -> Content:
    if header:
        return Content.DATABASE
    if not start:
        return Content.EMPTY
    return Content.ENCRYPTED if _random(start) else Content.FOREIGN


def _random(data: bytes) -> bool:
    """Whether `data` looks like random bytes: 4 KiB of them have about 7.95 bits of entropy a byte."""
    entropy = -sum(n / len(data) * math.log2(n / len(data)) for n in Counter(data).values())
    most = min(8.0, math.log2(len(data)))
    return len(data) >= 512 and entropy > 0.93 * most


def _may_be_mended(path: Path) -> bool:
    """Whether a journal or a WAL lies beside the file, from which SQLite may make its first page whole."""
    for suffix in ("-wal", "-journal"):
        try:
            descriptor = open_to_read(beside(path, suffix))
        except OSError:
            continue
        try:
            if os.read(descriptor, 1) not in (b"", b"\0"):
                return True
        finally:
            os.close(descriptor)
    return False


def _refuse_content(content: Content, path: Path) -> None:
    if content is Content.EMPTY:
        raise BadSource(f"{path} is empty (0 bytes): it holds nothing to back up. Is it the right file?")
    if content is Content.ENCRYPTED:
        raise BadSource(
            f"{path} has no SQLite header and looks like random bytes: it is encrypted (SQLCipher or alike) "
            f"or compressed. Back up a decrypted copy, or use the tool that encrypted it."
        )
    if content is Content.FOREIGN:
        raise BadSource(f"{path} is not an SQLite database; name a database file.")
