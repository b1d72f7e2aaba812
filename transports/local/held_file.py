"""A database file and its folder, held by descriptor for as long as a job uses them.

The path of a database is resolved once, when it is named. From then on no link is followed in it: the folder
is opened part by part, the file in that folder, and what SQLite opens by the name is compared with both by
device and inode. So one who can put a link into that path, at whatever moment, reaches no other file.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from ...core.errors import BadSource, BadTarget, NotFound
from .files import BINARY, NO_FOLLOW

Refusal = type[BadSource] | type[BadTarget]
Identity = tuple[int, int]
"""Device and inode."""

_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe that came in place of the file must not hang
_LINKS = {errno.ELOOP, errno.ENOTDIR, getattr(errno, "EMLINK", errno.ELOOP)}
# To pass through a folder needs less than to read it, where the system knows how to say so.
_PASS = getattr(os, "O_PATH", 0) or getattr(os, "O_SEARCH", 0)


@attrs.frozen
class HeldFile:
    """The file at `path`: `descriptor` is on it, `folder` on its folder (None on Windows)."""

    path: Path
    descriptor: int
    folder: int | None
    refuse: Refusal

    @property
    def identity(self) -> Identity:
        """Which file it is."""
        return identity_of(os.fstat(self.descriptor))

    def open_beside(self, suffix: str, flags: int) -> int:
        """A descriptor on a file that SQLite keeps beside it, in the same folder; a link is not followed."""
        return os.open(self._beside(suffix), flags | BINARY | NO_FOLLOW, 0o600, dir_fd=self.folder)

    def remove_beside(self, suffix: str) -> None:
        """Remove a file that SQLite keeps beside it, if it is there; of a link, the link."""
        with suppress(FileNotFoundError):
            os.unlink(self._beside(suffix), dir_fd=self.folder)

    def _beside(self, suffix: str) -> str:
        name = self.path.name + suffix
        return name if self.folder is not None else os.fspath(self.path.with_name(name))

    def require_in_place(self) -> None:
        """Raise if the path leads to another file, or through another folder, than those that are held."""
        try:
            file, folder = os.lstat(self.path), os.lstat(self.path.parent)
        except OSError:
            raise self._replaced() from None
        if stat.S_ISLNK(file.st_mode) or stat.S_ISLNK(folder.st_mode):
            raise link_appeared(self.path, self.refuse)
        here = self.folder is None or identity_of(os.fstat(self.folder)) == identity_of(folder)
        if not here or identity_of(file) != self.identity:
            raise self._replaced()

    @contextmanager
    def opened_by_name(self) -> Iterator[None]:
        """Raise if what the block opens by the path of the file (as SQLite does) is another file."""
        before = _count_open(self.identity)
        yield
        if before is not None and _count_open(self.identity) == before:
            raise self._replaced()

    def _replaced(self) -> BadSource | BadTarget:
        return self.refuse(
            f"Another program replaced {self.path} (or its folder) while it was being opened; nothing was "
            "changed. Try again once it is done."
        )


@contextmanager
def hold(path: Path, refuse: Refusal, flags: int = os.O_RDONLY) -> Iterator[HeldFile]:
    """Hold the file at `path`, in which no part may be a link. Raises `refuse`, or NotFound."""
    folder = _open_folder(path, refuse)
    try:
        descriptor = _open_file(path, folder, refuse, flags)
        try:
            yield HeldFile(path, descriptor, folder, refuse)
        finally:
            os.close(descriptor)
    finally:
        if folder is not None:
            os.close(folder)


def link_appeared(path: Path, refuse: Refusal) -> BadSource | BadTarget:
    """What is raised where a link leads elsewhere than the path that was resolved."""
    return refuse(
        f"A link has appeared in the path {path} since it was resolved, and is not followed. Look at who "
        "made it; then remove it, or name the database that it leads to."
    )


def identity_of(status: os.stat_result) -> Identity:
    """Which file a status is of."""
    return status.st_dev, status.st_ino


def _open_folder(path: Path, refuse: Refusal) -> int | None:
    if sys.platform == "win32":
        return None  # a folder cannot be opened there, and making a link needs a right of its own
    folder = os.open(path.anchor, os.O_RDONLY | os.O_DIRECTORY)
    for part in path.parts[1:-1]:
        above = folder
        try:
            folder = _open_part(part, above)
        except OSError as error:
            if error.errno in _LINKS:
                raise link_appeared(path, refuse) from None
            raise
        finally:
            os.close(above)
    return folder


def _open_part(name: str, folder: int) -> int:
    return os.open(name, (_PASS or os.O_RDONLY) | os.O_DIRECTORY | NO_FOLLOW, dir_fd=folder)


def _open_file(path: Path, folder: int | None, refuse: Refusal, flags: int) -> int:
    try:
        name = path.name if folder is not None else os.fspath(path)
        return os.open(name, flags | BINARY | NO_FOLLOW | _NO_WAIT, dir_fd=folder)
    except FileNotFoundError:
        raise NotFound(f"{path} went away just now; look for it and try again.") from None
    except OSError as error:
        if error.errno in _LINKS:
            raise link_appeared(path, refuse) from None
        raise


def _count_open(identity: Identity) -> int | None:
    """How many descriptors of this process are on a file; None where the system does not list them."""
    try:
        names = os.listdir("/dev/fd")
    except OSError:
        return None
    return sum(_is_on(int(name), identity) for name in names)


def _is_on(descriptor: int, identity: Identity) -> bool:
    try:
        return identity_of(os.fstat(descriptor)) == identity
    except OSError:  # the one with which the list was read
        return False
