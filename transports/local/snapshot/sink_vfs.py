"""A file system for SQLite with one file in it, which passes on the pages that are written to it.

SQLite's backup writes pages 2..N ascending and page 1 among the last (measured). Nothing is kept but the span
under way and page 1, so the pages cannot be read again: an attempt to is an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import apsw

from .spans import SIZE

_names = (f"reprieve-sink-{number}" for number in itertools.count(1))

Emit = Callable[[int, bytes], None]


class SinkVFS(apsw.VFS):
    """Registered while it lives; `name` is what a connection asks for. Every file in it is `pages`."""

    def __init__(self, pages: PageGatherer) -> None:
        self.name = next(_names)
        self._pages = pages
        super().__init__(self.name, "")

    def xFullPathname(self, name: str) -> str:
        """Any name is as good as another."""
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:
        """There is neither a journal nor anything else."""
        return False

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        """The one file."""
        return _SinkFile(self._pages)


class PageGatherer:
    """Gathers single pages into spans and emits them; page 1 again at the end, if it came out otherwise.

    `page_one` is what page 1 is taken for until SQLite has written it.
    """

    def __init__(self, page_size: int, page_count: int, page_one: bytes, emit: Emit) -> None:
        self.page_one = page_one
        self.size = 0
        self._page_size = page_size
        self._total = page_size * page_count
        self._emit = emit
        self._sent_page_one: bytes | None = None
        self._start = 0
        self._span: bytearray | None = None

    def put(self, data: bytes, offset: int) -> None:
        """Take the page at `offset`."""
        if len(data) != self._page_size or offset % self._page_size:
            raise apsw.IOError(f"A write of {len(data)} bytes at {offset} is no page.")
        self.size = max(self.size, offset + len(data))
        start = offset - offset % SIZE
        if offset == 0:
            self.page_one = data
        elif self._span is not None and start < self._start:
            self._emit(offset // self._page_size + 1, data)
        else:
            self._advance(start)[offset - start : offset - start + len(data)] = data

    def finish(self, patch: Callable[[bytes], bytes]) -> None:
        """Emit what is left, with page 1 as `patch` wants it."""
        self._advance(self._total)
        page_one = patch(self.page_one)
        if page_one != self._sent_page_one:
            self._emit(1, page_one)

    def _advance(self, start: int) -> bytearray:
        if self._span is None:
            self._span = bytearray(min(SIZE, self._total))
        if start != self._start:
            if self._start == 0:
                self._sent_page_one = self.page_one
                self._span[: self._page_size] = self.page_one
            self._emit(self._start // self._page_size + 1, bytes(self._span))
            self._start = start
            self._span = bytearray(min(SIZE, self._total - start))
        return self._span


class _SinkFile(apsw.VFSFile):
    """What SQLite takes for a file. The base class is not initialised: there is no file below this one."""

    def __init__(self, pages: PageGatherer) -> None:
        self._pages = pages

    def xRead(self, amount: int, offset: int) -> bytes:
        """Page 1, or nothing where nothing was written."""
        if offset >= self._pages.size:
            return b""
        if offset + amount > len(self._pages.page_one):
            raise apsw.IOError("A page that was passed on cannot be read again.")
        return self._pages.page_one[offset : offset + amount]

    def xWrite(self, data: bytes, offset: int) -> None:
        """Pass it on."""
        self._pages.put(bytes(data), offset)

    def xFileSize(self) -> int:
        """As far as was written."""
        return self._pages.size

    def xTruncate(self, newsize: int) -> None:
        """The image has the source's size already."""

    def xSync(self, flags: int) -> None:
        """There is nothing to make durable."""

    def xLock(self, level: int) -> None:
        """Nobody else has it."""

    def xUnlock(self, level: int) -> None:
        """Nobody else has it."""

    def xCheckReservedLock(self) -> bool:
        """Nobody else has it."""
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:
        """It knows no control."""
        return False

    def xSectorSize(self) -> int:
        """Any will do."""
        return 4096

    def xDeviceCharacteristics(self) -> int:
        """It promises nothing."""
        return 0

    def xClose(self) -> None:
        """The gatherer is finished by its owner."""
