"""Reading one Backup: its pages, each frame fetched once, decoded in threads, everything checked.

Pages come in the packs' order, not in the image's: write them at their offsets. Must not know SQLite.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import accumulate, groupby
from queue import Empty, SimpleQueue

import attrs

from ....core.errors import RepositoryCorrupt
from ....core.job import Backup
from ..image import Image
from ..stores import Store
from .damage import ADVICE, marking
from .frames import decompress
from .manifest import ORDINAL_BITS, Manifest
from .packs import Contents, Frame, PackReader
from .pipeline import ordered
from .vault import Vault


@attrs.frozen
class _Run:
    """Consecutive pages of the image that are consecutive in a pack, too.

    `first` counts through the pack, `position` through the image; both from 0.
    """

    first: int
    position: int
    count: int

    def within(self, start: int, stop: int) -> _Run:
        """The part of it that lies between two places of the pack, counted from the first."""
        first, last = max(self.first, start), min(self.first + self.count, stop)
        return _Run(first - start, self.position + first - self.first, last - first)


@attrs.frozen
class _Task:
    """A frame, and the runs of the image that it holds, counted from the frame's first page."""

    pack: PackReader
    frame: Frame
    runs: list[_Run]


class BackupReader:
    """One Backup's pages. Each call of `spans` reads them again."""

    def __init__(
        self, store: Store, vault: Vault, backup: Backup, manifest: Manifest, image: Image | None = None
    ) -> None:
        self.backup = backup
        self.image = image
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

    def spans(self) -> Iterator[tuple[int, memoryview]]:
        """Every byte of the image once: offset and bytes, in any order. A few frames are in memory at a time.

        Bytes hold until the next are asked for: their memory is used again, which saves a page fault for each
        page. Raises RepositoryCorrupt before it would give a byte that was not stored.
        """
        spare: SimpleQueue[memoryview] = SimpleQueue()

        def decoded(task: _Task) -> tuple[_Task, memoryview]:
            try:
                memory = spare.get_nowait()
            except Empty:
                memory = memoryview(b"")
            return task, self._decoded(task, memory)

        for task, pages in ordered(decoded, self._tasks()):
            yield from self._placed(task, pages)
            spare.put(pages)

    def _tasks(self) -> Iterator[_Task]:
        for place, runs in self._runs():
            ref = self._manifest.packs[place]
            with marking(self._store, ref.name):
                pack = PackReader(self._store, self._vault, ref.identifier, ref.size)
                contents = checked_contents(pack, ref.digest, self.page_size)
            if any(run.first + run.count > contents.pages for run in runs):
                raise RepositoryCorrupt(f"A manifest names pages that {pack.name} does not hold. {ADVICE}")
            yield from _tasks_in(pack, contents, runs)

    def _runs(self) -> Iterator[tuple[int, list[_Run]]]:
        """Each pack's place, and the runs that lie in it by their first pages there."""
        counts, places, firsts = self._manifest.counts, self._manifest.places, self._manifest.firsts
        positions = array("Q", accumulate(counts, initial=0))

        def in_packs(run: int) -> int:
            return places[run] << ORDINAL_BITS | firsts[run]

        order = array("I", sorted(range(len(counts)), key=in_packs))
        for place, runs in groupby(order, key=places.__getitem__):
            yield place, [_Run(firsts[run], positions[run], counts[run]) for run in runs]

    def _decoded(self, task: _Task, memory: memoryview) -> memoryview:
        with marking(self._store, task.pack.name):
            size = task.frame.pages * self.page_size
            return decompress(task.pack.compressed(task.frame), size, task.frame.digest, memory)

    def _placed(self, task: _Task, pages: memoryview) -> Iterator[tuple[int, memoryview]]:
        size = self.page_size
        for run in task.runs:
            yield run.position * size, pages[run.first * size : (run.first + run.count) * size]


def _tasks_in(pack: PackReader, contents: Contents, runs: list[_Run]) -> Iterator[_Task]:
    """Each frame that is wanted. Runs may overlap (a page can be at several places of an image)."""
    waiting, reached = iter(runs), list[_Run]()
    following = next(waiting, None)
    for frame in contents.frames:
        start, stop = frame.first, frame.first + frame.pages
        while following is not None and following.first < stop:
            reached.append(following)
            following = next(waiting, None)
        if reached:
            yield _Task(pack, frame, [run.within(start, stop) for run in reached])
        reached = [run for run in reached if run.first + run.count > stop]


def checked_contents(pack: PackReader, digest: bytes, page_size: int) -> Contents:
    """A pack's contents, if they are those that a manifest names. Raises RepositoryCorrupt."""
    contents = pack.contents(digest)
    if contents.page_size != page_size:
        raise RepositoryCorrupt(f"{pack.name} is not the pack that was stored. {ADVICE}")
    return contents
