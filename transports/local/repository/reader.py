"""Reading one Backup: its pages, each frame fetched once, decoded in threads, everything checked.

Pages come in the packs' order, not in the image's: write them at their offsets. Must not know SQLite.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator

import attrs

from ....core.errors import RepositoryCorrupt
from ....core.job import Backup
from ..stores import Store
from .damage import ADVICE, marking
from .frames import decompress
from .manifest import ORDINAL_BITS, Manifest
from .packs import Contents, Frame, PackReader
from .pipeline import ordered
from .vault import Vault


@attrs.frozen
class _Task:
    """A frame, and the positions in the image of the pages it holds, in the pack's order."""

    pack: PackReader
    frame: Frame
    positions: array[int]
    places: list[int]


class BackupReader:
    """One Backup's pages. Each call of `spans` reads them again."""

    def __init__(self, store: Store, vault: Vault, backup: Backup, manifest: Manifest) -> None:
        self.backup = backup
        self._store = store
        self._vault = vault
        self._manifest = manifest

    @property
    def page_size(self) -> int:
        """The database's page size in bytes."""
        return self._manifest.page_size

    @property
    def page_count(self) -> int:
        """How many pages the database has."""
        return self._manifest.page_count

    @property
    def size(self) -> int:
        """The database's size in bytes."""
        return self.page_size * self.page_count

    def spans(self) -> Iterator[tuple[int, bytes]]:
        """Every byte of the image once: offset and bytes, in any order. A few frames are in memory at a time.

        Raises RepositoryCorrupt before it would give a byte that was not stored.
        """
        for spans in ordered(self._decoded, self._tasks()):
            yield from spans

    def _tasks(self) -> Iterator[_Task]:
        locations = self._manifest.locations()
        by_location = array("I", sorted(range(len(locations)), key=locations.__getitem__))
        for place, ref in enumerate(self._manifest.packs):
            with marking(self._store, ref.name):
                pack = PackReader(self._store, self._vault, ref.identifier, ref.size)
                contents = checked_contents(pack, ref.digest, self.page_size)
            yield from self._tasks_in(pack, contents, place << ORDINAL_BITS, by_location, locations)

    def _tasks_in(
        self,
        pack: PackReader,
        contents: Contents,
        base: int,
        by_location: array[int],
        locations: array[int],
    ) -> Iterator[_Task]:
        def before(location: int) -> int:
            return bisect_left(by_location, location, key=locations.__getitem__)

        if before(base + contents.pages) != before(base + (1 << ORDINAL_BITS)):
            raise RepositoryCorrupt(f"A manifest names pages that {pack.name} does not hold. {ADVICE}")
        for frame in contents.frames:
            start = base + frame.first
            positions = by_location[before(start) : before(start + frame.pages)]
            if positions:
                yield _Task(pack, frame, positions, [locations[position] - start for position in positions])

    def _decoded(self, task: _Task) -> list[tuple[int, bytes]]:
        size = self.page_size
        with marking(self._store, task.pack.name):
            raw = decompress(task.pack.compressed(task.frame), task.frame.pages * size, task.frame.digest)
        return [
            (position * size, raw[place * size : (place + count) * size])
            for position, place, count in _joined(task.positions, task.places)
        ]


def checked_contents(pack: PackReader, digest: bytes, page_size: int) -> Contents:
    """A pack's contents, if they are those that a manifest names. Raises RepositoryCorrupt."""
    contents = pack.contents()
    if contents.digest != digest or contents.page_size != page_size:
        raise RepositoryCorrupt(f"{pack.name} is not the pack that was stored. {ADVICE}")
    return contents


def _joined(positions: array[int], places: list[int]) -> Iterator[tuple[int, int, int]]:
    """Runs that are consecutive both in the image and in the frame: position, place, count."""
    start = 0
    for at in range(1, len(positions) + 1):
        length = at - start
        if (
            at == len(positions)
            or positions[at] != positions[start] + length
            or places[at] != places[start] + length
        ):
            yield positions[start], places[start], length
            start = at
