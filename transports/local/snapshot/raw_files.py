"""Descriptors on the database's own files, beside SQLite's.

Closing any descriptor on a file drops all POSIX locks that this process has on it, SQLite's too
(measured: 98 of 200 images torn for -shm, 100 of 100 for the main file). So they are opened one by
one and closed together, by leaving the `with` block, which must enclose that of the connection.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from .. import database_file
from ..held_file import HeldFile, identity_of
from .request import Moved, Unusable


class RawFiles:
    """The main file, open from the start; -wal and -shm once they are asked for."""

    def __init__(self, path: Path, held: HeldFile | None = None) -> None:
        self.path = path
        self._held = held
        self._descriptors: dict[str, int] = {}

    def __enter__(self) -> RawFiles:
        try:
            self._open("")
        except OSError as error:
            raise Moved(f"{self.path} could be opened a moment ago: {error}") from error
        if self._held and identity_of(os.fstat(self.main)) != self._held.identity:
            self.__exit__(None, None, None)
            raise Moved(f"{self.path} was replaced.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for suffix in ("-shm", "-wal", ""):
            if suffix in self._descriptors:
                os.close(self._descriptors.pop(suffix))

    @property
    def main(self) -> int:
        """The descriptor of the database file."""
        return self._descriptors[""]

    def open_wal(self) -> tuple[int, int]:
        """The descriptors of -wal and -shm, which exist while a connection in WAL mode reads.

        Raises Unusable where they cannot be opened (for example a program that keeps its index in memory).
        """
        try:
            return self._open("-wal"), self._open("-shm")
        except OSError as error:
            raise Unusable(f"The files beside {self.path} cannot be read: {error}") from error

    def stop_if_replaced(self) -> None:
        """Raise Moved if the path names another file than the one that is open."""
        here = os.fstat(self.main)
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError as error:
            raise Moved(f"{self.path} went away.") from error
        if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
            raise Moved(f"{self.path} was replaced.")

    def _open(self, suffix: str) -> int:
        if suffix not in self._descriptors:
            self._descriptors[suffix] = (
                self._held.open_beside(suffix, os.O_RDONLY | database_file.NO_WAIT)
                if self._held
                else database_file.open_to_read(database_file.beside(self.path, suffix))
            )
        return self._descriptors[suffix]
