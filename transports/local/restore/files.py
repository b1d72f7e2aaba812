"""Files and folders on which a restore can rely after a crash: written whole, synced, then named.

Holds everything that differs between systems in reading, writing, syncing and naming. It knows
nothing of databases but their lock bytes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..failpoints import reach

SPAN = 4 << 20
"""Bytes that are read or written between two looks at the cancel flag."""

LOCK_BYTES = (0x40000000, 0x40000200)
"""Where SQLite's locks lie. Windows refuses to read them under a lock; no page ever uses them."""

_BINARY = getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def open_existing(path: Path) -> int:
    """A descriptor for reading and writing; a link is not followed."""
    return os.open(path, os.O_RDWR | _BINARY | _NO_FOLLOW)


@contextmanager
def descriptor_of(path: Path) -> Iterator[int]:
    """A descriptor for reading only, closed at the end. Never for a database that is open here."""
    descriptor = os.open(path, os.O_RDONLY | _BINARY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def read_at(descriptor: int, size: int, offset: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer at the end of the file."""
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)

    def write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
        """All of `data` at `offset`."""
        os.lseek(descriptor, offset, os.SEEK_SET)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def sync_folder(folder: Path) -> None:
        """Nothing to do: NTFS journals its names by itself, and a folder cannot be synced."""

    def name_new(source: Path, path: Path) -> None:
        """Give `source` the name `path`. Raises FileExistsError, and changes nothing, if that is taken."""
        os.rename(source, path)

else:

    def read_at(descriptor: int, size: int, offset: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer at the end of the file."""
        return os.pread(descriptor, size, offset)

    def write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
        """All of `data` at `offset`."""
        rest = memoryview(data)
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            rest, offset = rest[written:], offset + written

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


@contextmanager
def written(path: Path, point: str) -> Iterator[int]:
    """A new private file that appears under `path` only once it is whole and durable.

    Yields the descriptor of `path`.part; a failure leaves nothing. `point` begins the names of its
    failpoints.
    """
    part = part_of(path)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY | _NO_FOLLOW, 0o600)
    try:
        try:
            yield descriptor
            reach(f"{point}.written")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        reach(f"{point}.synced")
        os.replace(part, path)
        reach(f"{point}.renamed")
        sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def part_of(path: Path) -> Path:
    """The name of a file that is still being written."""
    return path.with_name(path.name + ".part")


def remove(path: Path) -> None:
    """Remove a file and its unfinished part, whether or not they are there."""
    path.unlink(missing_ok=True)
    part_of(path).unlink(missing_ok=True)


def copy_bytes(source: int, destination: int, size: int, told: Callable[[int], None]) -> None:
    """Copy `size` bytes from the start, but for SQLite's lock bytes; `told` hears each new total."""
    offset = 0
    while offset < size:
        data = read_at(source, _span(offset, size), offset)
        if not data:
            return
        write_at(destination, data, offset)
        offset += len(data)
        if offset == LOCK_BYTES[0]:
            offset = min(LOCK_BYTES[1], size)
            os.ftruncate(destination, offset)
        told(offset)


def _span(offset: int, size: int) -> int:
    stop = LOCK_BYTES[0] if offset < LOCK_BYTES[0] else size
    return min(SPAN, stop - offset, size - offset)
