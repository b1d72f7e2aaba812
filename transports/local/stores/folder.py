"""A store in a folder, made to survive a crash at any point.

An object is written under a temporary name, fsynced, linked to its own name (which fails if that
is taken) and made durable by an fsync of the folder. Knows files; must not know what they hold.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from types import TracebackType

from ....core.errors import Conflict, NotFound, StorageError, StorageFull
from ..failpoints import reach
from ..file_locks import lock, try_lock
from ..files import BINARY, is_full, make_folder, sync, sync_folder
from .port import Stored

log = logging.getLogger(__name__)

UPLOADS = "uploads"
"""The folder of temporary names, beside the objects: a link cannot cross file systems."""

NOT_OBJECTS = {UPLOADS, "lock", "lost+found", "System Volume Information"}
"""What lies in a store's folder, or in a new disk's, and is no object."""

NOT_REMOVED = {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}
"""Why a folder that we made may stay: it has gone already, or another process uses it."""

NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class FolderStore:
    """The store in `root`; the folder is made by the first upload. Safe in threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: list[Path] = []

    @property
    def url(self) -> str:
        return str(self.root)

    def upload(self, name: str) -> FolderUpload:
        with self._told(f"Writing {name} into"):
            self._make()
            return FolderUpload(self, name)

    def put(self, name: str, data: bytes) -> None:
        with self.upload(name) as upload:
            upload.write(data)
            upload.commit()

    def get(self, name: str) -> bytes:
        with self._told(f"Reading {name} from"):
            return self.path(name).read_bytes()

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        with self._told(f"Reading {name} from"), self.path(name).open("rb", buffering=0) as file:
            file.seek(offset)
            data = file.read(length)
            while len(data) < length and (more := file.read(length - len(data))):
                data += more
            return data

    def size(self, name: str) -> int:
        with self._told(f"Reading {name} from"):
            return self.path(name).stat().st_size

    def objects(self, prefix: str) -> Iterator[Stored]:
        with self._told(f"Listing {prefix} in"):
            yield from self._walk(self.root / prefix, prefix)

    def tops(self) -> Iterator[str]:
        with self._told("Listing"):
            for name in self._entries():
                if name not in NOT_OBJECTS and not name.startswith((".", "$")):
                    yield name

    def delete(self, name: str) -> None:
        with self._told(f"Deleting {name} from"):
            self.path(name).unlink(missing_ok=True)

    def withdraw(self) -> None:
        try:
            if set(self._entries()) <= {UPLOADS}:
                for folder in self._made:
                    folder.rmdir()
        except OSError as error:  # it only tidies up, and must not hide why nothing was stored
            if error.errno not in NOT_REMOVED:
                log.warning("the store %s was not tidied up: %s", self.root, error)

    def sweep(self) -> None:
        with self._told("Clearing up in"):
            for path in self._uploads_left():
                try:
                    descriptor = os.open(path, os.O_RDWR)
                except FileNotFoundError:
                    continue
                try:
                    # An upload that is under way holds this lock, and a dead process holds none.
                    if try_lock(descriptor):
                        path.unlink(missing_ok=True)
                finally:
                    os.close(descriptor)

    def path(self, name: str) -> Path:
        """The file that holds an object."""
        return self.root / name

    def _make(self) -> None:
        folders = self.root / UPLOADS, self.root, *self.root.parents
        missing = [*takewhile(lambda folder: not folder.exists(), folders)]
        try:
            make_folder(self.root / UPLOADS)
            self._made += missing
        except (FileNotFoundError, FileExistsError) as error:
            raise StorageError(
                f"The store {self.url} cannot be made ({error.strerror}). Make that folder "
                "first, or name another."
            ) from error

    def _entries(self) -> list[str]:
        try:
            return os.listdir(self.root)
        except FileNotFoundError:
            return []

    def _uploads_left(self) -> list[Path]:
        try:
            return list((self.root / UPLOADS).iterdir())
        except FileNotFoundError:
            return []

    def _walk(self, folder: Path, prefix: str) -> Iterator[Stored]:
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(folder / entry.name, f"{prefix}{entry.name}/")
            else:
                yield Stored(prefix + entry.name, entry.stat().st_size)

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn an OSError into one of ours. The only place that does."""
        try:
            yield
        except OSError as error:
            raise self._said(doing, error) from error

    def _said(self, doing: str, error: OSError) -> StorageError | NotFound | Conflict:
        why = error.strerror or str(error)
        if is_full(error):
            return StorageFull(f"{doing} the store {self.url} failed: {why}. Make room, then try again.")
        if isinstance(error, NotADirectoryError):
            return StorageError(f"The store {self.url} is a file, or lies below one. Name a folder.")
        if error.errno == errno.EROFS:
            return StorageError(
                f"{doing} the store {self.url} failed: its file system is read-only. Mount it writable, or "
                "name another store."
            )
        if isinstance(error, FileNotFoundError):
            return NotFound(f"{doing} the store {self.url} failed: there is no such object.")
        if isinstance(error, FileExistsError):
            return Conflict(
                f"{doing} the store {self.url} failed: something with this name is there already."
            )
        if isinstance(error, PermissionError):
            return StorageError(
                f"{doing} the store {self.url} failed: {why}. Allow this user to read and write the folder."
            )
        return StorageError(f"{doing} the store {self.url} failed: {why}. Check the disk, then try again.")


class FolderUpload:
    """One file on its way in, under a temporary name that no other upload has."""

    def __init__(self, store: FolderStore, name: str) -> None:
        self._store = store
        self._name = name
        self._final = store.path(name)
        self._open = True
        self._path, self._descriptor = self._claim_temporary_name()
        try:
            reach("store.upload.opened")
        except OSError:
            self._close()
            raise

    def __enter__(self) -> FolderUpload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def write(self, data: bytes) -> None:
        with self._store._told(f"Writing {self._name} into"):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            reach("store.upload.written")

    def commit(self) -> None:
        with self._store._told(f"Writing {self._name} into"):
            sync(self._descriptor)
            reach("store.upload.synced")
            make_folder(self._final.parent)
            self._take_name()
            try:
                reach("store.upload.named")
                sync_folder(self._final.parent)
            except OSError:
                self._final.unlink(missing_ok=True)  # What is reported as failed must not exist.
                raise
            reach("store.upload.durable")
            self._close()

    def abort(self) -> None:
        if self._open:
            with self._store._told(f"Clearing {self._name} out of"):
                self._close()

    def _claim_temporary_name(self) -> tuple[Path, int]:
        while True:
            path = self._store.root / UPLOADS / secrets.token_hex(16)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
            except FileNotFoundError:  # another process withdrew the folder that was just made
                self._store._make()
                continue
            # Between the two calls a sweep may take the file for a dead process's and remove it.
            if try_lock(descriptor) and path.exists():
                return path, descriptor
            os.close(descriptor)

    def _take_name(self) -> None:
        try:
            os.link(self._path, self._final)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            self._take_name_without_links()

    def _take_name_without_links(self) -> None:
        """For file systems without hard links (FAT): look and rename, under one lock for the store."""
        with (self._store.root / "lock").open("ab") as file:
            lock(file.fileno())
            if self._final.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._final))
            os.rename(self._path, self._final)

    def _close(self) -> None:
        self._open = False
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)
