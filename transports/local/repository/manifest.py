"""A manifest: for every page of an image, where in which pack it lies.

Stored as runs of consecutive pages, in columns that compress well (72 KiB for a 1 GiB library with 1 % of its
rows changed at random), so a manifest is always whole and never depends on another. Knows its own bytes
(docs/repository-format.md); must not know ids, frames or threads.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence

import attrs

from ....core.errors import RepositoryCorrupt
from .damage import ADVICE
from .packs import PackRef

PREFIX = "manifests/"
MAX_PAGES = 0xFFFFFFFE
"""SQLite's own limit."""

MAX_BODY = 1 << 31
"""No manifest is decompressed to more than this, whatever it says of itself."""

_HEAD = struct.Struct("<IIII")
_PACK = struct.Struct("<16sQ32s")
ORDINAL_BITS = 32
ORDINAL = (1 << ORDINAL_BITS) - 1
"""A location is one number: the pack's place in a list of packs, shifted, and the page's in the pack."""


@attrs.frozen(eq=False)
class Manifest:
    """Where the pages of an image lie, as three columns of runs: how many pages, in which of `packs`, and
    which page of that pack is the first."""

    page_size: int
    page_count: int
    packs: tuple[PackRef, ...]
    counts: array[int]
    places: array[int]
    firsts: array[int]

    @classmethod
    def of(cls, page_size: int, packs: Sequence[PackRef], locations: array[int]) -> Manifest:
        """The manifest of an image whose page n + 1 lies at `locations[n]`; names only packs in use."""
        counts, places, firsts = _runs(locations)
        used = sorted(set(places))
        renumbered = {place: number for number, place in enumerate(used)}
        places = array("I", map(renumbered.__getitem__, places))
        named = tuple(packs[place] for place in used)
        return cls(page_size, len(locations), named, counts, places, firsts)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Each run: how many pages, the pack's place, its first page there."""
        return zip(self.counts, self.places, self.firsts, strict=True)

    def encode(self) -> bytes:
        """The manifest as bytes, compressed."""
        import zstandard

        body = b"".join(
            (
                _HEAD.pack(self.page_size, self.page_count, len(self.packs), len(self.counts)),
                *(_PACK.pack(pack.identifier, pack.size, pack.digest) for pack in self.packs),
                *(_little(column).tobytes() for column in (self.counts, self.places, self.firsts)),
            )
        )
        return zstandard.ZstdCompressor(level=3).compress(body)

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """The manifest that `encode` gave. Raises RepositoryCorrupt for anything else."""
        try:
            return cls._decoded(_decompressed(data))
        except (struct.error, ValueError, OverflowError) as error:
            raise _corrupt() from error

    @classmethod
    def _decoded(cls, body: bytes) -> Manifest:
        page_size, page_count, pack_count, run_count = _HEAD.unpack_from(body)
        start = _HEAD.size + pack_count * _PACK.size
        if len(body) != start + 12 * run_count:
            raise _corrupt()
        packs = tuple(PackRef(*row) for row in _PACK.iter_unpack(body[_HEAD.size : start]))
        columns = (array("I", body[start + 4 * run_count * n :][: 4 * run_count]) for n in range(3))
        counts, places, firsts = (_little(column) for column in columns)
        if sum(counts) != page_count or any(place >= pack_count for place in places):
            raise _corrupt()
        return cls(page_size, page_count, packs, counts, places, firsts)


def _runs(locations: array[int]) -> tuple[array[int], array[int], array[int]]:
    """Lengths, packs' places and first pages of the runs of consecutive locations."""
    counts, places, firsts = array("I"), array("I"), array("I")
    start = 0
    expected = locations[0] if locations else 0
    for at, location in enumerate(locations):
        if location != expected:
            _add_run(counts, places, firsts, locations[start], at - start)
            start = at
        expected = location + 1
    if locations:
        _add_run(counts, places, firsts, locations[start], len(locations) - start)
    return counts, places, firsts


def _add_run(counts: array[int], places: array[int], firsts: array[int], location: int, length: int) -> None:
    counts.append(length)
    places.append(location >> ORDINAL_BITS)
    firsts.append(location & ORDINAL)


def _decompressed(data: bytes) -> bytes:
    import zstandard

    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= MAX_BODY:
            raise _corrupt()
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except zstandard.ZstdError as error:
        raise _corrupt() from error


def _little(column: array[int]) -> array[int]:
    """The column with its numbers in little-endian order, or back."""
    if sys.byteorder == "little":
        return column
    swapped = column[:]
    swapped.byteswap()
    return swapped


def _corrupt() -> RepositoryCorrupt:
    return RepositoryCorrupt(f"A manifest in the repository makes no sense. {ADVICE}")
