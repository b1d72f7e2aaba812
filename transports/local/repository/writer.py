"""Writing one Backup: the Sink that a snapshot's pages go into.

Compares each page with the parent's by position, hands what differs to the page store, and commits in the
order that a crash cannot spoil: packs, then the manifest, then the record. Must not know SQLite.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import groupby
from types import TracebackType

import attrs
from blake3 import blake3

from ....core.errors import InvalidRequest, RepositoryCorrupt
from ....core.job import Backup
from ..failpoints import reach
from ..image import Image
from ..stores import Store
from .catalog import Catalog
from .manifest import MAX_PAGES, Manifest
from .manifests import load_manifest, store_manifest
from .packs import ID_SIZE
from .page_store import PageStore
from .reader import BackupReader
from .records import BackupRecord, ManifestRef
from .shared_packs import SharedPacks, Sharing
from .vault import Vault

NOWHERE = (1 << 64) - 1

WITHHELD = 1 << 30
"""Bytes of pages that wait at most to become an object: 16 bytes of each of them are in memory meanwhile,
a run that dies loses them, and no file system may be too small for so large a file."""


class BackupWriter:
    """One Backup being made. A context manager: leaving it before `finish` leaves no Backup behind.

    Where the repository is only planned, `make` is called before anything becomes an object of the store;
    until `sound` says that the source is worth it, that is put off. Used by one thread; `done` may be read by
    others.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        catalog: Catalog,
        parent: BackupRecord | None,
        database: str,
        version: str,
        make: Callable[[], None] | None,
        sound: Callable[[], bool],
        sharing: Sharing,
    ) -> None:
        self._store = store
        self._vault = vault
        self._catalog = catalog
        self._parent = parent
        self._backup = catalog.new_backup(database, version)
        self._shared = SharedPacks(store, vault, sharing)
        self._pages = PageStore(store, vault, self._shared, self._may_end_pack)
        self._to_make = make
        self._sound = sound
        self._hasher = blake3(key=vault.page_key)
        self._page_size = 0
        self._parent_ids = bytearray()
        self._parent_locations = array("Q")
        self._locations = array("Q")
        self._done = 0
        self._manifest: ManifestRef | None = None
        self._damaged_manifest: frozenset[str] = frozenset()
        self._finished = False

    def __enter__(self) -> BackupWriter:
        self._store.sweep()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    @property
    def done(self) -> int:
        """How many bytes of the image were taken since it began."""
        return self._done

    def allot(self) -> Backup:
        """The Backup that is being made. Its size and what it adds are known when it is finished."""
        return self._backup

    def begin(self, page_size: int, page_count: int) -> None:
        """An image of this shape comes. Called again, it starts over; what was stored serves the next try."""
        if (
            page_size not in (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
            or not 0 <= page_count <= MAX_PAGES
        ):
            raise InvalidRequest(
                f"No database has {page_count} pages of {page_size} bytes. Nothing was stored."
            )
        if page_size != self._page_size:
            if self._page_size:
                self._make()
            self._page_size = page_size
            self._pages.begin(page_size)
            self._learn_parent()
        self._locations = array("Q", [NOWHERE]) * page_count
        self._done = 0

    def write(self, first_page: int, data: bytes) -> None:
        """Whole consecutive pages, from `first_page` (from 1 on). They may come again: the later count.

        Raises SharedDamage if what pages are shared with was found damaged: all must be read anew.
        """
        first, size = first_page - 1, self._page_size
        count, rest = divmod(len(data), size) if size else (0, 1)
        if rest or first < 0 or first + count > len(self._locations):
            raise InvalidRequest(
                f"{len(data)} bytes from page {first_page} do not fit the image that was begun."
            )
        ids = self._ids(data)
        known = self._parent_ids[first * ID_SIZE : (first + count) * ID_SIZE]
        if b"".join(ids) == known:
            self._locations[first : first + count] = self._parent_locations[first : first + count]
        else:
            self._place(first, ids, known, memoryview(data))
        self._done += len(data)
        self._shared.poll()

    def resize(self, page_count: int) -> None:
        """The image has this many pages after all: those beyond are void, new ones come by `write`."""
        more = page_count - len(self._locations)
        if more > 0:
            self._locations.extend(array("Q", [NOWHERE]) * more)
        else:
            del self._locations[page_count:]

    @property
    def damaged(self) -> frozenset[str]:
        """The names of what was to be shared and was found damaged; this Backup does not need it."""
        return self._shared.damaged | self._damaged_manifest

    def reader(self) -> BackupReader:
        """What was stored, before it becomes a Backup: to check it. Nothing more can be written then."""
        manifest = load_manifest(self._store, self._vault, self._stored_manifest())
        return BackupReader(self._store, self._vault, self._backup, manifest)

    def finish(self, image: Image, *, problems: Sequence[str] | None = None) -> Backup:
        """Make the Backup exist, and give it. `problems`, if given, replace those in `image`.

        Raises InvalidRequest if the image is not the one that was written, or pages of it never came.
        """
        if (image.page_size, image.page_count) != (self._page_size, len(self._locations)):
            raise InvalidRequest("The image is not the one that was begun. No backup was made.")
        if problems is not None:
            image = attrs.evolve(image, problems=tuple(problems))
        manifest = self._stored_manifest()
        backup = attrs.evolve(
            self._backup,
            bytes=image.bytes,
            added=self._pages.added + manifest.size,
            source_damaged=bool(image.problems),
        )
        self._backup = self._catalog.publish(BackupRecord(backup, image, manifest))
        self._finished = True
        return self._backup

    def abort(self) -> None:
        """Stop. What was stored in whole packs serves the next backup; nothing else is left behind."""
        self._shared.close()
        if not self._finished:
            self._pages.abort()
            self._store.withdraw()

    def _may_end_pack(self, size: int) -> bool:
        if self._to_make is not None and not self._sound() and size < WITHHELD:
            return False
        self._make()
        return True

    def _make(self) -> None:
        if self._to_make is not None:
            self._to_make()
            self._to_make = None

    def _ids(self, data: bytes) -> list[bytes]:
        # A call for each page, in one thread: two would take turns at the interpreter's lock, and be slower.
        hasher, view, size = self._hasher, memoryview(data), self._page_size
        reset, update, digest = hasher.reset, hasher.update, hasher.digest
        ids = []
        for at in range(0, len(data), size):
            reset()
            update(view[at : at + size])
            ids.append(digest(ID_SIZE))
        return ids

    def _place(self, first: int, ids: list[bytes], known: bytearray, data: memoryview) -> None:
        """Find or store the pages that differ from the parent's, in runs: a first backup has one a span."""
        size, parents = self._page_size, self._parent_locations
        differs = [
            page_id != known[at : at + ID_SIZE]
            for page_id, at in zip(ids, range(0, ID_SIZE * len(ids), ID_SIZE), strict=True)
        ]
        start = 0
        for changed, run in groupby(differs):
            stop = start + sum(1 for _ in run)
            if changed:
                located = self._pages.locate(ids[start:stop], data[start * size : stop * size])
                self._locations[first + start : first + stop] = array("Q", located)
            else:
                self._locations[first + start : first + stop] = parents[first + start : first + stop]
            start = stop

    def _learn_parent(self) -> None:
        self._parent_ids, self._parent_locations = bytearray(), array("Q")
        if self._parent is None or self._parent.image.page_size != self._page_size:
            return
        try:
            manifest = load_manifest(self._store, self._vault, self._parent.manifest)
        except RepositoryCorrupt:
            self._damaged_manifest = frozenset({self._parent.manifest.name})
            return  # It is marked; this backup goes without a parent, and stores a manifest of its own.
        self._shared.look_for(manifest.packs)
        known = [self._pages.learn(pack) for pack in manifest.packs]
        ids = bytearray()
        locations = array("Q")
        for count, place, first in manifest.runs():
            pack, pack_ids = known[place]
            ids += pack_ids[first * ID_SIZE : (first + count) * ID_SIZE].ljust(count * ID_SIZE, b"\0")
            locations.extend(range(pack + first, pack + first + count))
        self._parent_ids, self._parent_locations = ids, locations
        self._shared.read(manifest.packs)

    def _stored_manifest(self) -> ManifestRef:
        if self._manifest is None:
            missing = self._locations.count(NOWHERE)
            if missing:
                raise InvalidRequest(f"{missing} pages of the image never came. No backup was made.")
            self._make()
            packs = self._pages.finish()
            manifest = Manifest.of(self._page_size, packs, self._locations)
            self._shared.prove(manifest.packs, self._pages.own)
            self._manifest = store_manifest(self._store, self._vault, manifest)
            reach("repository.manifest.stored")
        return self._manifest
