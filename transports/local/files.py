"""Files and folders that can be relied on after a crash: written whole, synced, then named.

Holds everything that differs between systems in reading, writing, syncing and naming. Knows nothing of what
is in the files.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .failpoints import reach

BINARY = getattr(os, "O_BINARY", 0)
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)

_NO_OWNERS = {errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""How a file system refuses that keeps no owners, or lets its server choose them."""

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def is_full(error: OSError) -> bool:
    """Whether a call failed for want of room; a quota and a limit on the size of files count."""
    return error.errno in _NO_ROOM


def is_read_only(error: BaseException) -> bool:
    """Whether a call failed because its file system takes no writes."""
    return isinstance(error, OSError) and error.errno == errno.EROFS


SCARCE = 256 << 10
"""Bytes: where fewer are free, a write that failed for no said reason failed for want of room."""


def is_out_of_room(path: Path) -> bool:
    """Whether the file system of `path` (a file that may be missing, in a folder that is there) is full.

    Libraries lose errno on the way: SQLite calls a full disk an I/O error where it was extending its -shm.
    """
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return False
    return free < SCARCE or _has_no_inode(path.parent)


@contextmanager
def descriptor_of(path: Path) -> Iterator[int]:
    """A descriptor for reading only, closed at the end. Never for a database that is open here."""
    descriptor = os.open(path, os.O_RDONLY | BINARY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Up to `size` bytes from `offset`; fewer only at the end of the file."""
    data = _read_once(descriptor, size, offset)
    while 0 < len(data) < size:
        more = _read_once(descriptor, size - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data


def write_at(descriptor: int, data: bytes | bytearray | memoryview, offset: int) -> None:
    """All of `data` at `offset`."""
    rest = memoryview(data)
    while rest:
        written = _write_once(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


if sys.platform == "win32":

    def _has_no_inode(folder: Path) -> bool:
        return False

    def _read_once(descriptor: int, size: int, offset: int) -> bytes:
        os.lseek(descriptor, offset, os.SEEK_SET)  # there is no pread; one thread reads a descriptor
        return os.read(descriptor, size)

    def _write_once(descriptor: int, data: memoryview, offset: int) -> int:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)

    def sync_folder(folder: Path) -> None:
        """Nothing to do: NTFS journals its names by itself, and a folder cannot be synced."""

    def name_new(source: Path, path: Path) -> None:
        """Give `source` the name `path`. Raises FileExistsError, and changes nothing, if that is taken."""
        os.rename(source, path)

    def own_like_folder(descriptor: int, folder: int | Path) -> None:
        """Nothing to do: there a file belongs to whom its folder says."""

    def own_like_parent(path: Path) -> None:
        """Nothing to do, for the same reason."""

else:

    def _has_no_inode(folder: Path) -> bool:
        status = os.statvfs(folder)
        return status.f_files > 0 and status.f_favail == 0

    _read_once = os.pread
    _write_once = os.pwrite

    def sync_folder(folder: Path) -> None:
        """Make the names in `folder` durable."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def name_new(source: Path, path: Path) -> None:
        """Give `source` the name `path`. Raises FileExistsError, and changes nothing, if that is taken."""
        os.link(source, path)
        source.unlink()
        sync_folder(path.parent)

    def own_like_folder(descriptor: int, folder: int | Path) -> None:
        """Give a file that root made to the owner of the folder it lies in, who could not use it else."""
        if os.geteuid() != 0:
            return
        owner, status = os.stat(folder), os.fstat(descriptor)
        if (owner.st_uid, owner.st_gid) == (status.st_uid, status.st_gid):
            return
        try:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        except OSError as error:
            if error.errno not in _NO_OWNERS:
                raise

    def own_like_parent(path: Path) -> None:
        """The same for a file or folder by its path, which nobody else can exchange yet."""
        with descriptor_of(path) as descriptor:
            own_like_folder(descriptor, path.parent)


if sys.platform == "darwin":
    import fcntl

    def sync(descriptor: int) -> None:
        """Make what was written durable; fsync alone leaves it in the drive's cache there."""
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # not every file system knows that call
            os.fsync(descriptor)

else:

    def sync(descriptor: int) -> None:
        """Make what was written durable."""
        os.fsync(descriptor)


def make_folder(path: Path) -> None:
    """Make a private folder and those above it, durably."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_folder(path.parent)


@contextmanager
def written(path: Path, point: str, *, part: Path | None = None) -> Iterator[int]:
    """A new private file that appears under `path` only once it is whole and durable.

    Yields the descriptor of `part` (`path`.part, unless several may write at once); a failure leaves
    nothing. `point` begins the names of its failpoints.
    """
    part = part or part_of(path)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY | NO_FOLLOW, 0o600)
    try:
        try:
            yield descriptor
            reach(f"{point}.written")
            sync(descriptor)
        finally:
            os.close(descriptor)
        reach(f"{point}.synced")
        os.replace(part, path)
        reach(f"{point}.renamed")
        sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def like(descriptor: int, status: os.stat_result) -> None:
    """Give an open file of ours the mode of another, and its owner where this user may."""
    if sys.platform == "win32":
        return  # a new file there has the rights of its folder
    if os.geteuid() == 0:
        os.fchown(descriptor, status.st_uid, status.st_gid)
    elif os.fstat(descriptor).st_gid != status.st_gid and status.st_gid in os.getgroups():
        os.fchown(descriptor, -1, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def wal_is_empty(path: Path) -> bool:
    """Whether the database at `path` has a WAL with nothing in it.

    An ordinary close of its last user then checkpoints nothing, and removes the -wal and -shm that it made.
    """
    try:
        return os.stat(f"{path}-wal").st_size == 0
    except FileNotFoundError:
        return False


def part_of(path: Path) -> Path:
    """The name of a file that is still being written."""
    return path.with_name(path.name + ".part")


def remove(path: Path) -> None:
    """Remove a file and its unfinished part, whether or not they are there."""
    path.unlink(missing_ok=True)
    part_of(path).unlink(missing_ok=True)
