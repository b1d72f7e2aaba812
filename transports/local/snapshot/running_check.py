"""Checking the database in the snapshot's own transaction, while it is read.

apsw releases the GIL, so SQLite's own check runs in a thread beside the reading. It holds the connection:
no other thread may use or close it before the check has ended, which leaving the `with` block makes sure of.
Where that check is not conclusive, the rule reads the pages itself, but only once all have been read for the
image: before, its thread and the reader's would take turns at each page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

import apsw

from ..soundness import find_damage, header_problems
from ..soundness.image_vfs import Read
from ..soundness.kinds import PageKinds, find_strays
from ..soundness.shortcut import find_roots, look
from .request import CheckKind
from .source import Shape
from .spans import Span

_BETWEEN_INTERRUPTS = 0.01


def by_offset(read_span: Callable[[Span], bytes], page_size: int) -> Read:
    """Reading any bytes of an image of which `read_span` reads pages."""

    def read(offset: int, amount: int) -> bytes:
        first, skipped = divmod(offset, page_size)
        count = -(-(skipped + amount) // page_size)
        return read_span(Span(first + 1, count, page_size))[skipped : skipped + amount]

    return read


class RunningCheck:
    """A check under way on `connection`, of the image that `read` gives; of kind `none`, it does nothing.

    `sound` is called in its thread if it finds nothing.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        shape: Shape,
        read: Read,
        kind: CheckKind,
        sound: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._shape = shape
        self._kinds = PageKinds.of(shape.page_size, shape.page_count)
        self._read = read
        self._sound = sound
        self._full = kind == "full"
        self._stop = threading.Event()
        self._all_read = threading.Event()
        self._error: Exception | None = None
        self._problems: tuple[str, ...] | None = None
        self._thread = threading.Thread(target=self._run, name="check")
        self._wanted = kind != "none"

    def __enter__(self) -> RunningCheck:
        if self._wanted:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_up()

    def note(self, first_page: int, data: bytes) -> None:
        """These pages of the image were read, from `first_page` on."""
        self._kinds.note(first_page, data)

    def ended(self, within: float) -> bool:
        """Whether it has ended; waits for that at most `within` seconds. Call it when all pages were read."""
        self._all_read.set()
        if self._wanted:
            self._thread.join(within)
        return not self._thread.is_alive()

    def give_up(self) -> None:
        """End it, and return when it has ended; what it found so far is lost."""
        self._stop.set()
        self._all_read.set()
        while self._thread.is_alive():
            self._connection.interrupt()  # again and again: a statement that begins later does not hear it
            self._thread.join(_BETWEEN_INTERRUPTS)

    @property
    def problems(self) -> tuple[str, ...] | None:
        """What it found: nothing if the database is sound, None if it was given up or not wanted."""
        if self._error:
            raise self._error
        return self._problems

    def _run(self) -> None:
        try:
            self._problems = self._find()
            if not self._problems:
                self._sound()
        except (_Stopped, apsw.InterruptError):
            self._problems = None
        except Exception as error:  # it is raised where the result is looked at
            self._error = error

    def _find(self) -> tuple[str, ...]:
        if not header_problems(self._read, self._shape.page_size, self._shape.page_count):
            found = look(self._connection, full=self._full)
            if found is not None:
                return found or self._find_strays()
        self._all_read.wait()
        return find_damage(self._read_until_stopped, self._shape.page_size, self._shape.page_count)

    def _find_strays(self) -> tuple[str, ...]:
        roots = find_roots(self._connection)
        self._all_read.wait()
        return find_strays(roots, self._kinds, self._read_page)

    def _read_page(self, page: int) -> bytes:
        return self._read_until_stopped((page - 1) * self._shape.page_size, self._shape.page_size)

    def _read_until_stopped(self, offset: int, amount: int) -> bytes:
        if self._stop.is_set():
            raise _Stopped
        return self._read(offset, amount)


class _Stopped(Exception):
    """Ends a check that was given up."""
