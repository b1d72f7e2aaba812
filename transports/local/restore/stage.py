"""The image on its way in: fetched to a private file, made durable, and checked as hostile input.

The file appears under its name only when all of that is done. It knows nothing of the target.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import apsw
import attrs

from ....core.errors import RepositoryCorrupt
from .. import database_header
from ..database_header import Header
from ..failpoints import reach
from ..files import part_of, sync, write_at, written
from .connections import image
from .first_page import say_mode
from .port import CancelAsked, Source, Steps, check_cancel

_FINDINGS = 5
_STEPS_BETWEEN_LOOKS = 100_000
_SYNC_EVERY = 32 << 20  # otherwise nothing is on its way to the disk before all of it has come


def fetch(source: Source, path: Path, steps: Steps, *, wal: bool | None) -> Header | None:
    """Write the image to `path`, and give its header as it came.

    `wal` is the journal mode that the file is to say: for path A rollback, since an image that said WAL would
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
            _check(part_of(path), source.size, steps)
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


def _check(path: Path, size: int, steps: Steps) -> None:
    steps.progressed("check", 0, size)
    with image(path) as connection:
        # A CHECK constraint may call what only its own program defines, and so may a collation.
        connection.pragma("ignore_check_constraints", 1)
        connection.collation_needed(_any_collation)
        connection.set_progress_handler(steps.cancelled, _STEPS_BETWEEN_LOOKS)
        try:
            findings = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({_FINDINGS})")]
        except apsw.InterruptError:
            raise CancelAsked from None
        except apsw.CorruptError as error:
            findings = [str(error)]
        except apsw.SQLError as error:
            findings = [f"its schema cannot be read: {error}"]
    if findings != ["ok"]:
        raise RepositoryCorrupt(
            f"The database in the backup is damaged ({'; '.join(findings)}); restore another backup."
        )
    steps.progressed("check", size, size)


def _any_collation(connection: apsw.Connection, name: str) -> None:
    connection.create_collation(name, lambda left, right: (left > right) - (left < right))
