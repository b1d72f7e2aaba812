"""One folder of a store, held open, so that no other program can put a link in its place while it is used.

Others who write to a store may make any name in it a link to anywhere. So every step goes from an open
folder to a name in it, and a name that is a link is not followed. Windows cannot open a name relative to a
folder: there each name is looked at first. The only place that knows that difference.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypedDict

from ..files import BINARY, NO_FOLLOW, own_like_folder, sync_folder

RELATIVE = os.open in os.supports_dir_fd and os.scandir in os.supports_fd

_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""A named pipe that lies where an object should be must not be waited for."""

_LINKS = {getattr(stat, "IO_REPARSE_TAG_SYMLINK", 0), getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0)} - {0}


class _From(TypedDict, total=False):
    dir_fd: int


class NotAFolder(OSError):
    """A name inside the store that should be a folder is a link, or something else; it was not followed."""


class GuardedFolder:
    """A folder that is open; leaving the `with` block closes it. Names are names in it, never paths."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._from: _From = {"dir_fd": descriptor} if RELATIVE else {}

    @classmethod
    def open(cls, path: Path) -> GuardedFolder:
        """The root. It may be a link, and may lie below one: that is the choice of the one who named it."""
        if RELATIVE:
            return cls(path, os.open(path, os.O_RDONLY | _FOLDER))
        os.scandir(path).close()  # raises what opening it would
        return cls(path, -1)

    def __enter__(self) -> GuardedFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if RELATIVE:
            os.close(self._descriptor)

    def inner(self, name: str, *, make: bool = False) -> GuardedFolder:
        """A folder in this one; made, durably, if it is missing and `make` says so. Raises NotAFolder."""
        made = make and self._make(name)
        status = self.status(name)
        if is_link(status) or not stat.S_ISDIR(status.st_mode):
            what = "a link, and links inside a store are never followed" if is_link(status) else "no folder"
            raise NotAFolder(errno.ENOTDIR, f"`{name}` in it is {what}", name)
        if not RELATIVE:
            return GuardedFolder(self.path / name, -1)
        descriptor = os.open(name, os.O_RDONLY | _FOLDER | NO_FOLLOW, **self._from)
        if made:
            own_like_folder(descriptor, self._descriptor)
        return GuardedFolder(self.path / name, descriptor)

    def status(self, name: str) -> os.stat_result:
        """What is under this name; of a link, the link itself."""
        return os.stat(self._place(name), follow_symlinks=False, **self._from)

    def entries(self) -> list[tuple[str, os.stat_result]]:
        """Every name in it, and what is under it. One that vanishes meanwhile is left out."""
        found = list[tuple[str, os.stat_result]]()
        with os.scandir(self._descriptor if RELATIVE else self.path) as entries:
            for entry in entries:
                try:
                    found.append((entry.name, entry.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue
        return found

    @contextmanager
    def reading(self, name: str) -> Iterator[int]:
        """A descriptor of a plain file. Raises FileNotFoundError for anything else under that name."""
        status = self.status(name)
        if not is_file(status):
            raise _no_file(name)
        descriptor = os.open(self._place(name), os.O_RDONLY | BINARY | NO_FOLLOW | _NO_WAIT, **self._from)
        try:
            if not is_file(os.fstat(descriptor)):
                raise _no_file(name)
            yield descriptor
        finally:
            os.close(descriptor)

    def open_to_write(self, name: str, flags: int) -> int:
        """A descriptor of a file of this user alone, for writing; a new one is the folder's owner's."""
        flags |= os.O_RDWR | BINARY | NO_FOLLOW | _NO_WAIT
        if not RELATIVE and self.exists(name) and is_link(self.status(name)):
            raise _no_file(name)
        descriptor = os.open(self._place(name), flags, 0o600, **self._from)
        if flags & os.O_CREAT:
            self.own(descriptor)
        return descriptor

    def own(self, descriptor: int) -> None:
        """Give a file that root made to this folder's owner."""
        own_like_folder(descriptor, self._descriptor if RELATIVE else self.path)

    def exists(self, name: str) -> bool:
        """Whether anything has this name."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def unlink(self, name: str) -> None:
        """Take the name away; nothing if it is free."""
        try:
            os.unlink(self._place(name), **self._from)
        except FileNotFoundError:
            return

    def link_to(self, name: str, folder: GuardedFolder, new_name: str) -> None:
        """Give a file a second name, in `folder`. Raises FileExistsError if that is taken."""
        if not RELATIVE:
            os.link(self.path / name, folder.path / new_name)
            return
        os.link(
            name,
            new_name,
            src_dir_fd=self._descriptor,
            dst_dir_fd=folder._descriptor,
            follow_symlinks=os.link not in os.supports_follow_symlinks,
        )

    def move_to(self, name: str, folder: GuardedFolder, new_name: str) -> None:
        """Give a file another name, in `folder`; whatever had it is replaced."""
        if not RELATIVE:
            os.rename(self.path / name, folder.path / new_name)
            return
        os.rename(name, new_name, src_dir_fd=self._descriptor, dst_dir_fd=folder._descriptor)

    def sync(self) -> None:
        """Make the names in it durable."""
        if RELATIVE:
            os.fsync(self._descriptor)
        else:
            sync_folder(self.path)

    def _make(self, name: str) -> bool:
        try:
            os.mkdir(self._place(name), 0o700, **self._from)
        except FileExistsError:
            return False
        self.sync()
        return True

    def _place(self, name: str) -> str:
        return name if RELATIVE else str(self.path / name)


def is_file(status: os.stat_result) -> bool:
    """Whether it is a plain file: only such a thing can be an object."""
    return stat.S_ISREG(status.st_mode) and not is_link(status)


def is_link(status: os.stat_result) -> bool:
    """Whether it is a link; a junction is one, a file that a cloud has not fetched yet is none."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in _LINKS


def _no_file(name: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "what has this name is no plain file", name)
