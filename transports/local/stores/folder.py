"""A store in a folder, made to survive a crash at any point.

An object is written under a temporary name, fsynced, linked to its own name (which fails if that
is taken) and made durable by an fsync of the folder. Only a plain file is an object: whatever else lies there
is passed over, and no link is followed. Knows files; must not know what they hold.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path
from types import TracebackType

from ....core.errors import Conflict, NotFound, RepositoryCorrupt, StorageError, StorageFull
from ..failpoints import reach
from ..file_locks import lock, try_lock
from ..files import is_full, make_folder, own_like_parent, read_at, sync
from .guarded_folder import GuardedFolder, NotAFolder, is_file
from .junk import SYSTEM, pass_over
from .port import Stored

log = logging.getLogger(__name__)

UPLOADS = "uploads"
"""The folder of temporary names, beside the objects: a link cannot cross file systems."""

NOT_OBJECTS = {UPLOADS, "lock"} | SYSTEM
"""What lies in a store's folder, or in a new disk's, and is no object."""

DEPTH = 2
"""How many folders deep below its first an object may lie: whole trees of something else are not walked."""

NOT_REMOVED = {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}
"""Why a folder that we made may stay: it has gone already, or another process uses it."""

NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._+-]*")
_TEMPORARY = re.compile(r"[0-9a-f]{32}")


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

    def get(self, name: str, limit: int) -> bytes:
        with self._told(f"Reading {name} from"), self._reading(name) as descriptor:
            size = os.fstat(descriptor).st_size
            data = read_at(descriptor, min(size, limit) + 1, 0)
        if len(data) > limit:
            raise RepositoryCorrupt(
                f"{name} in the store {self.url} is larger than any such object ({size} bytes), and was not "
                "read. Put back the one that was stored."
            )
        return data

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        with self._told(f"Reading {name} from"), self._reading(name) as descriptor:
            return read_at(descriptor, length, offset)

    def size(self, name: str) -> int:
        with self._told(f"Reading {name} from"), self._reading(name) as descriptor:
            return os.fstat(descriptor).st_size

    def objects(self, prefix: str) -> Iterator[Stored]:
        with self._told(f"Listing {prefix} in"):
            found = list[Stored]()
            try:
                with self.folder(*prefix.strip("/").split("/")) as folder:
                    self._collect(folder, prefix, DEPTH, found)
            except FileNotFoundError:
                return iter(())
        return iter(found)

    def tops(self) -> Iterator[str]:
        with self._told("Listing"):
            for name in self._entries():
                if name not in NOT_OBJECTS and not name.startswith((".", "$")):
                    yield name

    def delete(self, name: str) -> None:
        *folders, last = name.split("/")
        with self._told(f"Deleting {name} from"):
            try:
                with self.folder(*folders) as folder:
                    folder.unlink(last)
            except FileNotFoundError:
                return

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
            try:
                with self.folder(UPLOADS) as uploads:
                    for name, status in uploads.entries():
                        if _TEMPORARY.fullmatch(name) and is_file(status):
                            self._sweep(uploads, name)
                        else:
                            pass_over(self.url, f"{UPLOADS}/{name}")
            except FileNotFoundError:
                return

    @contextmanager
    def folder(self, *names: str, make: bool = False) -> Iterator[GuardedFolder]:
        """A folder of the store, reached without following a link, and made if `make` says so."""
        with ExitStack() as stack:
            folder = stack.enter_context(GuardedFolder.open(self.root))
            for name in names:
                folder = stack.enter_context(folder.inner(name, make=make))
            yield folder

    @contextmanager
    def _reading(self, name: str) -> Iterator[int]:
        *folders, last = name.split("/")
        with self.folder(*folders) as folder, folder.reading(last) as descriptor:
            yield descriptor

    def _make(self) -> None:
        folders = self.root / UPLOADS, self.root, *self.root.parents
        missing = [*takewhile(lambda folder: not os.path.lexists(folder), folders)]
        try:
            make_folder(self.root)
            for folder in reversed(missing[1:]):
                own_like_parent(folder)
            with self.folder(UPLOADS, make=True):
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

    def _sweep(self, uploads: GuardedFolder, name: str) -> None:
        try:
            descriptor = uploads.open_to_write(name, 0)
        except FileNotFoundError:
            return
        except OSError as error:  # another user's: it waits for a sweep of theirs
            log.warning("an unfinished upload stays in the store %s: %s", self.url, error)
            return
        try:
            # An upload that is under way holds this lock, and a dead process holds none.
            if try_lock(descriptor):
                uploads.unlink(name)
        finally:
            os.close(descriptor)

    def _collect(self, folder: GuardedFolder, prefix: str, depth: int, found: list[Stored]) -> None:
        for name, status in folder.entries():
            sound = _NAME.fullmatch(name)
            if sound and is_file(status):
                found.append(Stored(prefix + name, status.st_size))
            elif sound and stat.S_ISDIR(status.st_mode) and depth:
                self._collect_inner(folder, name, prefix, depth, found)
            else:
                pass_over(self.url, prefix + name)

    def _collect_inner(
        self, folder: GuardedFolder, name: str, prefix: str, depth: int, found: list[Stored]
    ) -> None:
        try:
            with folder.inner(name) as inner:
                self._collect(inner, f"{prefix}{name}/", depth - 1, found)
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("%s%s in the store %s is passed over: %s", prefix, name, self.url, error)

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
        if isinstance(error, NotAFolder):
            return StorageError(
                f"{doing} the store {self.url} failed: {why}. Put the folder itself there, then try again."
            )
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
        self._open = True
        self._temporary, self._descriptor = self._claim_temporary_name()
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
        *folders, last = self._name.split("/")
        with self._store._told(f"Writing {self._name} into"):
            sync(self._descriptor)
            reach("store.upload.synced")
            with self._store.folder(*folders, make=True) as folder:
                folder.own(self._descriptor)
                self._take_name(folder, last)
                try:
                    reach("store.upload.named")
                    folder.sync()
                except OSError:
                    folder.unlink(last)  # What is reported as failed must not exist.
                    raise
            reach("store.upload.durable")
            self._close()

    def abort(self) -> None:
        if self._open:
            with self._store._told(f"Clearing {self._name} out of"):
                self._close()

    def _claim_temporary_name(self) -> tuple[str, int]:
        while True:
            name = secrets.token_hex(16)
            try:
                with self._store.folder(UPLOADS) as uploads:
                    descriptor = uploads.open_to_write(name, os.O_CREAT | os.O_EXCL)
                    # Between the two calls a sweep may take the file for a dead process's and remove it.
                    if try_lock(descriptor) and uploads.exists(name):
                        return name, descriptor
                    os.close(descriptor)
            except FileNotFoundError:  # another process withdrew the folder that was just made
                self._store._make()

    def _take_name(self, folder: GuardedFolder, last: str) -> None:
        with self._store.folder(UPLOADS) as uploads:
            try:
                uploads.link_to(self._temporary, folder, last)
            except FileExistsError:
                raise
            except OSError as error:
                if error.errno not in NO_HARD_LINKS:
                    raise
                self._take_name_without_links(uploads, folder, last)

    def _take_name_without_links(self, uploads: GuardedFolder, folder: GuardedFolder, last: str) -> None:
        """For file systems without hard links (FAT): look and rename, under one lock for the store."""
        with self._store.folder() as root:
            descriptor = root.open_to_write("lock", os.O_CREAT)
        try:
            lock(descriptor)
            if folder.exists(last):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), last)
            uploads.move_to(self._temporary, folder, last)
        finally:
            os.close(descriptor)

    def _close(self) -> None:
        self._open = False
        os.close(self._descriptor)
        try:
            with self._store.folder(UPLOADS) as uploads:
                uploads.unlink(self._temporary)
        except FileNotFoundError:
            return
