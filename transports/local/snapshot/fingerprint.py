"""Seeing in microseconds, without opening the database, that nothing was committed since a snapshot.

A fingerprint is a JSON-able mapping of what moves at every commit. It may say 'changed' of an unchanged
database, never the reverse. `unchanged` opens and closes the files: call it only while this process has no
connection to the database (raw_files says why).

With live frames in the WAL, the generation's salts and the last frame tell: a commit must append a frame
or begin a new generation. Without them the file's times and header tell, and since a file's time
moves in ticks (2 s on some file systems), a file written less than 2 s before has no fingerprint.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from .. import database_header
from ..database_file import open_to_read
from ..files import read_at
from . import wal_index, wal_overlay
from .request import Unusable
from .wal_index import WalIndexHeader

RACY_NANOSECONDS = 2_000_000_000
_VERSION = 1

Fingerprint = Mapping[str, object]


def of_file(main: int, wal: int | None = None) -> Fingerprint | None:
    """The fingerprint of a database that lies wholly in its main file; None if that is too fresh."""
    status = os.fstat(main)
    racy = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < RACY_NANOSECONDS
    dead_frames = wal is not None and os.fstat(wal).st_size > 0
    if racy or dead_frames:
        return None
    return {
        "version": _VERSION,
        "kind": "file",
        **_identity(status),
        **_times(status),
        "header": _header(main),
    }


def of_wal(main: int, wal: int, shm: int, seen: WalIndexHeader, image_header: bytes) -> Fingerprint:
    """The fingerprint of a snapshot with frames in the WAL; call it inside the snapshot's transaction.

    `image_header` is the start of the image's page 1: a checkpoint may put it into the main file.
    """
    backfilled = wal_index.read_backfill(
        shm
    ).done  # before the times: a checkpoint between only seems a change
    status = os.fstat(main)
    return {
        "version": _VERSION,
        "kind": "wal",
        **_identity(status),
        **_times(status),
        "headers": [_header(main), image_header.hex()],
        "backfilled": backfilled,
        **_generation(wal, seen),
    }


def unchanged(path: Path, fingerprint: Fingerprint) -> bool:
    """Whether nothing was committed to the database at `path` since the snapshot of this fingerprint."""
    if fingerprint.get("version") != _VERSION:
        return False
    try:
        return _unchanged(os.path.realpath(path), fingerprint)
    except (OSError, Unusable):  # it may have changed; the backup will say what is wrong
        return False


def _unchanged(path: str, fingerprint: Fingerprint) -> bool:
    with ExitStack() as stack:

        def opened(suffix: str) -> int:
            descriptor = open_to_read(Path(path + suffix))
            stack.callback(os.close, descriptor)
            return descriptor

        main = opened("")
        status = os.fstat(main)
        if not _agrees(fingerprint, _identity(status)) or _journal_may_be_hot(path):
            return False
        same_times = _agrees(fingerprint, _times(status))
        if fingerprint.get("kind") == "file":
            header = {"header": _header(main)}
            return same_times and _agrees(fingerprint, header) and not _has_content(path + "-wal")
        wal, shm = opened("-wal"), opened("-shm")
        if not _same_generation(fingerprint, wal, shm):
            return False
        return same_times or _only_checkpointed(fingerprint, main, shm)


def _same_generation(fingerprint: Fingerprint, wal: int, shm: int) -> bool:
    now = wal_index.read_header(shm)
    if now is None or now.frames == 0 or not _agrees(fingerprint, _generation(wal, now)):
        return False
    # A program with locking_mode=EXCLUSIVE commits without touching -shm: look for a further frame, too.
    following = wal_overlay.read_frame_header(wal, now.frames + 1, now.page_size)
    return following is None or following.salts != now.salts


def _only_checkpointed(fingerprint: Fingerprint, main: int, shm: int) -> bool:
    """Whether a checkpoint of the same frames explains that the main file was written."""
    before, headers = fingerprint.get("backfilled"), fingerprint.get("headers")
    advanced = isinstance(before, int) and wal_index.read_backfill(shm).done > before
    return advanced and isinstance(headers, list | tuple) and _header(main) in headers


def _generation(wal: int, header: WalIndexHeader) -> dict[str, object]:
    last = wal_overlay.read_frame_header(wal, header.frames, header.page_size)
    return {
        "salts": header.salts.hex(),
        "frames": header.frames,
        "pages": header.pages,
        "checksum": list(header.checksum),
        "wal": [read_at(wal, wal_overlay.HEADER_SIZE, 0).hex(), list(last.checksum) if last else None],
    }


def _identity(status: os.stat_result) -> dict[str, object]:
    return {"device": status.st_dev, "inode": status.st_ino}


def _times(status: os.stat_result) -> dict[str, object]:
    return {"size": status.st_size, "modified": status.st_mtime_ns, "changed": status.st_ctime_ns}


def _header(main: int) -> str:
    return read_at(main, database_header.SIZE, 0).hex()


def _agrees(fingerprint: Fingerprint, now: Mapping[str, object]) -> bool:
    return all(key in fingerprint and fingerprint[key] == value for key, value in now.items())


def _has_content(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False


def _journal_may_be_hot(path: str) -> bool:
    """Whether a rollback journal is there that a next user may roll back (PERSIST leaves one of zeros)."""
    try:
        descriptor = open_to_read(Path(path + "-journal"))
    except FileNotFoundError:
        return False
    try:
        return read_at(descriptor, 1, 0) not in (b"", b"\0")
    finally:
        os.close(descriptor)
