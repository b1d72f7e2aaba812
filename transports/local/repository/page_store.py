"""Where new pages go in one session: into frames, into packs, each page once.

Finds a page by its id among those stored before (by anyone, a session that died included) and in this
session. Compressing and sealing runs in threads, in order; packs are made durable behind that. Must not
know positions in an image, or Backups.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import attrs

from ....core.errors import StorageError
from ..failpoints import reach
from ..stores import Store
from .frames import compress
from .manifest import ORDINAL_BITS
from .packs import PREFIX, Contents, PackReader, PackRef, PackWriter, pack_identifier, pack_name
from .page_index import PageIndex
from .pipeline import Pipeline
from .shared_packs import SharedPacks
from .vault import Vault

FRAME_SIZE = 2 << 20
"""Bytes of pages after which a frame is full. (Of a 1 GiB library 2 MiB made 280 MiB, 4 KiB alone 362.)"""

PACK_SIZE = 64 << 20
"""Bytes of pages after which a pack is full; 16 to 64 MiB when stored."""

_log = logging.getLogger(__name__)

MAX_INDEXED_PAGES = 1 << 22
"""How many stored pages are looked among at most: it bounds the memory (to 160 MiB). Those of the parent come
first; a page that is stored twice costs only room."""


@attrs.frozen
class _Frame:
    pack: PackWriter
    number: int
    raw: memoryview
    filled: int


@attrs.frozen
class _Sealed:
    pack: PackWriter
    data: bytes
    pages: int
    digest: bytes
    raw: memoryview


@attrs.frozen
class _End:
    pack: PackWriter


class PageStore:
    """The pages of one session. Used by one thread; ends with `finish` or `abort`.

    `may_end` is asked whether a full pack, of so many bytes of pages, may become an object of the store;
    until then it grows.
    """

    def __init__(
        self, store: Store, vault: Vault, shared: SharedPacks, may_end: Callable[[int], bool]
    ) -> None:
        self.added = 0
        self._may_end = may_end
        self._store = store
        self._vault = vault
        self._packs: list[PackRef | PackWriter] = []
        self._known: set[bytes] = set()
        self._shared = shared
        self._pack: PackWriter | None = None
        self._next = 0
        self._index = PageIndex()
        self._page_size = 0
        self._ids = bytearray()
        self._raw = memoryview(b"")
        self._filled = 0
        self._spare: list[memoryview] = []
        self._pipeline: Pipeline[_Frame | _End, _Sealed | _End] = Pipeline(_seal, self._take)
        self._closer = ThreadPoolExecutor(1, "reprieve-sync")
        self._closing: list[Future[PackRef]] = []
        self._catalogued = False

    def begin(self, page_size: int) -> None:
        """Pages of this size come from now on."""
        if page_size != self._page_size:
            self._end_pack()
            self._page_size = page_size
            self._index = PageIndex()
            self._known.clear()
            self._catalogued = False

    def learn(self, ref: PackRef) -> tuple[int, bytes]:
        """Know the pages of a stored pack: gives the location of the first, and the ids of all.

        There are no ids if the contents are damaged, so that the pages are stored again.
        """
        contents = self._shared.contents(ref)
        first = len(self._packs) << ORDINAL_BITS
        if contents is None or contents.page_size != self._page_size:
            return first, b""
        self._add_known(ref, contents)
        return first, contents.ids

    def locate(self, ids: Sequence[bytes], pages: memoryview) -> list[int]:
        """Where each of these pages is stored already, or will be."""
        if not self._catalogued:
            self._learn_the_others()
        located: list[int] = []
        while len(located) < len(ids):
            first = len(located)
            stop = min(len(ids), first + self._room())
            found = self._index.claim(ids[first:stop], self._next)
            if found == list(range(self._next, self._next + stop - first)):
                self._keep(ids[first:stop], pages[first * self._page_size : stop * self._page_size])
            else:
                self._keep_new(found, ids[first:stop], pages[first * self._page_size :])
            located += found
            if not self._room():
                self._end_frame()
        return located

    @property
    def own(self) -> frozenset[bytes]:
        """The identifiers of the packs that this session stored."""
        return frozenset(pack.identifier for pack in self._packs if isinstance(pack, PackWriter))

    def finish(self) -> list[PackRef]:
        """Make all of it durable. Gives the packs; a location's pack is the place in this list."""
        self._end_pack()
        self._pipeline.close()
        self._closer.shutdown()
        finished = iter([future.result() for future in self._closing])
        packs = [next(finished) if isinstance(pack, PackWriter) else pack for pack in self._packs]
        reach("repository.packs.stored")
        return packs

    def abort(self) -> None:
        """Stop, and leave nothing behind but packs that were whole."""
        self._pipeline.abort()
        self._closer.shutdown()
        for pack in self._packs:
            if isinstance(pack, PackWriter):
                pack.abort()

    def _learn_the_others(self) -> None:
        self._catalogued = True
        for stored in self._store.objects(PREFIX):
            identifier = pack_identifier(stored.name)
            if identifier is None or identifier in self._known or len(self._index) > MAX_INDEXED_PAGES:
                continue
            contents = self._contents_of_other(identifier, stored.size)
            if contents is not None and contents.page_size == self._page_size:
                self._add_known(PackRef(identifier, stored.size, contents.digest), contents)
        self._next = len(self._packs) << ORDINAL_BITS

    def _contents_of_other(self, identifier: bytes, size: int) -> Contents | None:
        """The contents of a pack that nothing here needs; None if it cannot serve, whatever is the matter."""
        name = pack_name(identifier)
        if not self._shared.may_share(name):
            return None
        try:
            return PackReader(self._store, self._vault, identifier, size).contents()
        except StorageError as error:
            _log.warning("%s in the store %s is not shared: %s", name, self._store.url, error)
            return None

    def _add_known(self, ref: PackRef, contents: Contents) -> None:
        self._known.add(ref.identifier)
        self._index.extend(contents.ids, len(self._packs) << ORDINAL_BITS)
        self._packs.append(ref)

    def _room(self) -> int:
        """How many pages the frame under way may still get."""
        if not self._raw:
            self._raw = self._spare.pop() if self._spare else memoryview(bytearray(self._capacity()))
        return (len(self._raw) - self._filled) // self._page_size

    def _capacity(self) -> int:
        return max(1, FRAME_SIZE // self._page_size) * self._page_size

    def _keep_new(self, found: Sequence[int], ids: Sequence[bytes], pages: memoryview) -> None:
        """Keep those that were not there. Of a page that comes twice, the second finds the first."""
        for number, location in enumerate(found):
            if location == self._next:
                page = pages[number * self._page_size : (number + 1) * self._page_size]
                self._keep(ids[number : number + 1], page)

    def _keep(self, ids: Sequence[bytes], pages: memoryview) -> None:
        """Put new pages into the frame under way, which has room for them."""
        self._raw[self._filled : self._filled + len(pages)] = pages
        self._filled += len(pages)
        self._ids += b"".join(ids)
        self._next += len(ids)

    def _end_frame(self) -> None:
        if self._pack is None:
            self._pack = PackWriter(self._store, self._vault, self._page_size)
            self._packs.append(self._pack)
        number = self._pack.take_pages(self._ids)
        self._pipeline.put(_Frame(self._pack, number, self._raw, self._filled))
        self._ids, self._raw, self._filled = bytearray(), memoryview(b""), 0
        size = self._pack.pages * self._page_size
        if size >= PACK_SIZE and self._may_end(size):
            self._end_pack()

    def _end_pack(self) -> None:
        if self._filled:
            self._end_frame()
        if self._pack is not None:
            self._known.add(self._pack.identifier)
            self._pipeline.put(_End(self._pack))
            self._pack = None
        self._next = len(self._packs) << ORDINAL_BITS

    def _take(self, done: _Sealed | _End) -> None:
        if isinstance(done, _End):
            if self._closing:
                self._closing[-1].result()  # One pack at a time waits for the disk.
            self._closing.append(self._closer.submit(self._close, done.pack))
        else:
            done.pack.write(done.data, done.pages, done.digest)
            if len(done.raw) == self._capacity():
                self._spare.append(done.raw)  # a new one would be 500 page faults

    def _close(self, pack: PackWriter) -> PackRef:
        ref = pack.finish()
        self.added += ref.size
        return ref


def _seal(item: _Frame | _End) -> _Sealed | _End:
    if isinstance(item, _End):
        return item
    compressed, digest = compress(item.raw[: item.filled])
    pages = item.filled // item.pack.page_size
    return _Sealed(item.pack, item.pack.seal_frame(item.number, compressed), pages, digest, item.raw)
