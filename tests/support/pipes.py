"""A pipe that nobody reads: full from the first byte on, as one is whose reader never came."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs


@attrs.frozen
class FullPipe:
    """Its two ends, and how many bytes have filled it."""

    reading: int
    writing: int
    filled: int

    def read_until(self, wanted: bytes) -> bytes:
        """What came after the filling, as soon as it holds this pattern."""
        return self.read_while(lambda data: not re.search(wanted, data))

    def read_while(self, goes_on: Callable[[bytes], bool]) -> bytes:
        """What came after the filling, as soon as `goes_on` no longer holds of it."""
        data = b""
        while goes_on(data[self.filled :]):
            data += os.read(self.reading, 65536)
        return data[self.filled :]


@contextmanager
def full_pipe() -> Iterator[FullPipe]:
    """A pipe that takes no byte more, until it is read. Its ends block, as a pipe's do."""
    reading, writing = os.pipe()
    filled = 0
    os.set_blocking(writing, False)
    try:
        while True:
            filled += os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    try:
        yield FullPipe(reading, writing, filled)
    finally:
        os.close(reading)
        os.close(writing)
