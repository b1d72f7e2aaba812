"""A pack: frames one after the other, and behind them a sealed table of contents.

The table names every frame and the id of every page in it, so that the packs alone are the index of
the repository. Knows the bytes of a pack (docs/repository-format.md); must not know images.
"""

from __future__ import annotations

import secrets
import struct

import attrs
from blake3 import blake3

from ....core.errors import NotFound, RepositoryCorrupt
from ..stores import Store, Upload
from .damage import ADVICE, MissingObject
from .vault import CONTENTS, FRAME, HEADER, TAG_SIZE, Kind, Vault

PREFIX = "packs/"
ID_SIZE = 16
"""A page's id: keyed BLAKE3, the first 128 bits."""

MAX_FRAME = 16 << 20
MAX_TABLE = 64 << 20
"""Bytes that a table of contents is read of: that of 1 GiB of the smallest pages takes half."""

TAIL_SIZE = 320 << 10
"""How much of a pack's end is read at first: mostly it holds the whole table of contents."""

_FOOTER = struct.Struct("<II")
_TABLE = struct.Struct("<II")
_FRAME = struct.Struct("<II32s")


@attrs.frozen
class PackRef:
    """A pack as a manifest names it: 16 random bytes, its size in bytes and the BLAKE3 of its table of
    contents, which in turn holds that of every frame."""

    identifier: bytes
    size: int
    digest: bytes

    @property
    def name(self) -> str:
        """The object that it is."""
        return pack_name(self.identifier)


@attrs.frozen
class Frame:
    """Where a frame lies in its pack, which pages it holds (counted through the pack), and its hash."""

    number: int
    offset: int
    length: int
    first: int
    pages: int
    digest: bytes


@attrs.frozen
class Contents:
    """A pack's table of contents and its BLAKE3. `ids` are ID_SIZE bytes a page, in the pack's order."""

    digest: bytes
    page_size: int
    frames: tuple[Frame, ...]
    ids: bytes

    @property
    def pages(self) -> int:
        """How many pages the pack holds."""
        return len(self.ids) // ID_SIZE


class PackWriter:
    """A pack being written: `take_pages` where pages are chosen, `write` where frames are ordered."""

    def __init__(self, store: Store, vault: Vault, page_size: int) -> None:
        self.identifier = secrets.token_bytes(16)
        self.name = pack_name(self.identifier)
        self.page_size = page_size
        self.pages = 0
        self.frames_taken = 0
        self._store = store
        self._sealer = vault.new_object(Kind.PACK, self.name)
        self._ids = bytearray()
        self._frames: list[bytes] = []
        self._upload: Upload | None = None
        self._size = 0

    def take_pages(self, ids: bytes | bytearray) -> int:
        """Count a frame of these pages in; gives its number."""
        self._ids += ids
        self.pages += len(ids) // ID_SIZE
        self.frames_taken += 1
        return self.frames_taken - 1

    def seal_frame(self, number: int, compressed: bytes) -> bytes:
        """The bytes of a frame as they will be stored. May be called in any thread."""
        return self._sealer.seal(number, FRAME, compressed)

    def write(self, sealed: bytes, pages: int, digest: bytes) -> None:
        """Write the next frame, in the order in which they were counted in."""
        self._frames.append(_FRAME.pack(len(sealed), pages, digest))
        if self._upload is None:
            self._upload = self._store.upload(self.name)
            self._append(self._sealer.header)
        self._append(sealed)

    def finish(self) -> PackRef:
        """Write the table of contents, and forget it; make the pack durable."""
        number = len(self._frames)
        table = _TABLE.pack(self.page_size, number) + b"".join(self._frames) + self._ids
        self._ids, self._frames = bytearray(), []
        sealed = self._sealer.seal(number, CONTENTS, table)
        self._append(sealed)
        self._append(_FOOTER.pack(len(sealed), number))
        assert self._upload is not None
        self._upload.commit()
        return PackRef(self.identifier, self._size, blake3(table).digest())

    def abort(self) -> None:
        """Leave nothing behind."""
        if self._upload is not None:
            self._upload.abort()

    def _append(self, data: bytes) -> None:
        assert self._upload is not None
        self._upload.write(data)
        self._size += len(data)


class PackReader:
    """A stored pack."""

    def __init__(self, store: Store, vault: Vault, identifier: bytes, size: int) -> None:
        self.name = pack_name(identifier)
        self._store = store
        self._size = size
        self._sealer = vault.stored_object(Kind.PACK, self.name, self._range(0, HEADER.size))

    def contents(self, digest: bytes | None = None) -> Contents:
        """The table of contents. Raises RepositoryCorrupt unless it is whole and makes sense.

        `digest`, if given, is the hash by which a manifest names it.
        """
        start = max(0, self._size - TAIL_SIZE)
        tail = self._range(start, self._size - start)
        length, number = _FOOTER.unpack(tail[-_FOOTER.size :])
        end = self._size - _FOOTER.size
        if not TAG_SIZE <= length <= min(end - HEADER.size, MAX_TABLE):
            raise self._corrupt()
        if length + _FOOTER.size > len(tail):
            tail = self._range(end - length, length + _FOOTER.size)
        sealed = tail[-_FOOTER.size - length : -_FOOTER.size]
        contents = self._parsed(self._sealer.open(number, CONTENTS, sealed), number, end - length)
        if digest not in (None, contents.digest):
            raise RepositoryCorrupt(f"{self.name} is not the pack that was stored. {ADVICE}")
        return contents

    def compressed(self, frame: Frame) -> bytes:
        """A frame, opened but still compressed."""
        return self._sealer.open(frame.number, FRAME, self._range(frame.offset, frame.length))

    def _range(self, offset: int, length: int) -> bytes:
        try:
            data = self._store.get_range(self.name, offset, length)
        except NotFound as error:
            raise MissingObject(f"{self.name} in the repository is missing. {ADVICE}") from error
        if len(data) != length:
            raise self._corrupt()
        return data

    def _parsed(self, table: bytes, number: int, end: int) -> Contents:
        if len(table) < _TABLE.size + number * _FRAME.size:
            raise self._corrupt()
        page_size, count = _TABLE.unpack_from(table)
        ids = table[_TABLE.size + number * _FRAME.size :]
        frames: list[Frame] = []
        offset, first = HEADER.size, 0
        rows = _FRAME.iter_unpack(table[_TABLE.size : _TABLE.size + number * _FRAME.size])
        for position, (length, pages, digest) in enumerate(rows):
            frames.append(Frame(position, offset, length, first, pages, digest))
            offset += length
            first += pages
        sound = count == number and offset == end and len(ids) == first * ID_SIZE
        if not sound or any(
            frame.pages * page_size > MAX_FRAME or frame.length > 2 * MAX_FRAME for frame in frames
        ):
            raise self._corrupt()
        return Contents(blake3(table).digest(), page_size, tuple(frames), ids)

    def _corrupt(self) -> RepositoryCorrupt:
        return RepositoryCorrupt(f"{self.name} in the repository is damaged or cut short. {ADVICE}")


def pack_name(identifier: bytes) -> str:
    """The object name of a pack."""
    return PREFIX + identifier.hex()


def pack_identifier(name: str) -> bytes | None:
    """The identifier in a pack's object name; None if it is not a pack's."""
    text = name.removeprefix(PREFIX)
    return bytes.fromhex(text) if len(text) == 32 and set(text) <= set("0123456789abcdef") else None
