"""From the single pages that SQLite's backup writes to the spans that a sink wants.

Pages 2..N come ascending and page 1 among the last, so only the span under way and page 1 are kept.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from .spans import SIZE

Emit = Callable[[int, bytes], None]


class PageGatherer:
    """Gathers single pages into spans and emits them; page 1 again at the end, if it came out otherwise.

    `page_one` is what page 1 is taken for until SQLite has written it.
    """

    def __init__(self, page_size: int, page_count: int, page_one: bytes, emit: Emit) -> None:
        self._page_one = page_one
        self._page_size = page_size
        self._total = page_size * page_count
        self._emit = emit
        self._sent_page_one: bytes | None = None
        self._start = 0
        self._span: bytearray | None = None

    def put(self, offset: int, data: bytes) -> None:
        """Take the page at `offset`."""
        if len(data) != self._page_size or offset % self._page_size:
            raise apsw.IOError(f"A write of {len(data)} bytes at {offset} is no page.")
        start = offset - offset % SIZE
        if offset == 0:
            self._page_one = data
        elif self._span is not None and start < self._start:
            self._emit(offset // self._page_size + 1, data)
        else:
            self._advance(start)[offset - start : offset - start + len(data)] = data

    def finish(self, patch: Callable[[bytes], bytes]) -> None:
        """Emit what is left, with page 1 as `patch` wants it."""
        self._advance(self._total)
        page_one = patch(self._page_one)
        if page_one != self._sent_page_one:
            self._emit(1, page_one)

    def _advance(self, start: int) -> bytearray:
        if self._span is None:
            self._span = bytearray(min(SIZE, self._total))
        if start != self._start:
            if self._start == 0:
                self._sent_page_one = self._page_one
                self._span[: self._page_size] = self._page_one
            self._emit(self._start // self._page_size + 1, bytes(self._span))
            self._start = start
            self._span = bytearray(min(SIZE, self._total - start))
        return self._span
