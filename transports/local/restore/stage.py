"""The image on its way in: fetched to a private file, made durable, and checked as hostile input.

The file appears under its name only when all of that is done. It knows nothing of the target.
"""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import attrs

from ....core.errors import FORCE_IT, RepositoryCorrupt
from .. import database_header
from ..database_header import Header
from ..failpoints import reach
from ..files import read_at, sync, write_at, written
from ..soundness import describe, find_damage
from .first_page import say_mode
from .port import Source, Steps, check_cancel

_READS_BETWEEN_LOOKS = 256
_SYNC_EVERY = 32 << 20  # otherwise nothing is on its way to the disk before all of it has come


def fetch(source: Source, path: Path, steps: Steps, *, wal: bool | None) -> Header | None:
    """Write the image to `path`, and give its header as it came.

    `wal` is the journal mode that the file is to say: for path A rollback, since an image in WAL mode would
    switch a target that is in rollback mode. None leaves what came. Raises RepositoryCorrupt if it is not a
    sound database of the announced size and page size, CancelAsked if that comes first.
    """
    with written(path, "restore.a1") as descriptor, ThreadPoolExecutor(1) as pool:
        disk = _Disk(descriptor, pool)
        _receive(source, disk, steps)
        header = database_header.read(descriptor)
        if source.page_size:
            _require_database(header, source)
        if header is not None and wal is not None:
            say_mode(descriptor, wal=wal)
        disk.sync()
        if source.check:
            _check(descriptor, source, steps)
        disk.wait()
        reach("restore.a1.checked")
    return header


@attrs.define
class _Disk:
    """A file that is written here and brought to the disk in another thread meanwhile.

    The failure of a sync is told once by the system, and so it is never dropped: it is raised by the next
    call.
    """

    descriptor: int
    _pool: ThreadPoolExecutor
    _syncing: Future[None] | None = None
    _unsynced: int = 0

    def write(self, data: bytes | memoryview, offset: int) -> None:
        write_at(self.descriptor, data, offset)
        self._unsynced += len(data)
        if self._unsynced >= _SYNC_EVERY and (self._syncing is None or self._syncing.done()):
            self.sync()

    def sync(self) -> None:
        self.wait()
        self._unsynced = 0
        self._syncing = self._pool.submit(sync, self.descriptor)

    def wait(self) -> None:
        if self._syncing is not None:
            self._syncing.result()


def _require_database(header: Header | None, source: Source) -> None:
    if header is None or header.page_size != source.page_size or source.size % source.page_size:
        raise RepositoryCorrupt(
            f"What came out of the backup is not a database with pages of {source.page_size} bytes; "
            "restore another backup."
        )


def _receive(source: Source, disk: _Disk, steps: Steps) -> None:
    received = 0
    steps.progressed("fetch", 0, source.size)
    for offset, data in source.chunks:
        check_cancel(steps)
        if offset < 0 or offset + len(data) > source.size:
            raise RepositoryCorrupt(
                f"The backup says that it has {source.size} bytes, and holds {len(data)} more at {offset}; "
                "restore another backup."
            )
        disk.write(data, offset)
        reach("restore.a1.received")
        received += len(data)
        steps.progressed("fetch", received, source.size)
    if received != source.size:
        raise RepositoryCorrupt(
            f"The backup says that it has {source.size} bytes, and only {received} came; restore another "
            "backup, and verify the repository."
        )


def _check(descriptor: int, source: Source, steps: Steps) -> None:
    reads = itertools.count()

    def read(offset: int, amount: int) -> bytes:
        if next(reads) % _READS_BETWEEN_LOOKS == 0:
            check_cancel(steps)
        return read_at(descriptor, amount, offset)

    steps.progressed("check", 0, source.size)
    problems = find_damage(read, source.page_size, source.size // source.page_size)
    if problems:
        found = describe("the database in the backup", problems)
        raise RepositoryCorrupt(f"{found[0].upper()}{found[1:]}; restore another backup, or {FORCE_IT}.")
    steps.progressed("check", source.size, source.size)
