"""A database with foreign programs at work on it, and the judgement of an image of it."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import IO

from reprieve.transports.local.image import Image

from . import writer

DEADLINE = 60.0


class MemorySink:
    """Keeps the image; `pause` is called before each span, to let the others get on."""

    def __init__(self) -> None:
        self.page_size = 0
        self.data = bytearray()
        self.begun = 0

    def begin(self, page_size: int, page_count: int) -> None:
        self.begun += 1
        self.page_size = page_size
        self.data = bytearray(page_size * page_count)

    def write(self, first_page: int, data: bytes) -> None:
        start = (first_page - 1) * self.page_size
        assert start + len(data) <= len(self.data)
        self.data[start : start + len(data)] = data
        self.pause()

    def resize(self, page_count: int) -> None:
        size = page_count * self.page_size
        self.data = (self.data + bytes(max(0, size - len(self.data))))[:size]

    def pause(self) -> None:
        """Nothing."""


class Live:
    """A database with a writer and a churner on it, and what the writer has told."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self._seed = seed
        self._processes: list[subprocess.Popen[str]] = []
        self._told = threading.Condition()
        self._digests: dict[int, int] = {}
        self._done = 0

    def __enter__(self) -> Live:
        self._spawn("churn")
        output = self._spawn().stdout
        assert output is not None
        threading.Thread(target=self._listen, args=(output,), daemon=True).start()
        self.wait_for_commit(after=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        codes = [process.wait(DEADLINE) for process in self._processes]
        assert error is not None or codes == [0, 0]

    @property
    def done(self) -> int:
        """The newest version whose commit has returned."""
        with self._told:
            return self._done

    def wait_for_commit(self, after: int, within: float = DEADLINE) -> bool:
        """Whether a version newer than `after` was committed in time."""
        with self._told:
            return self._told.wait_for(lambda: self._done > after, within)

    def judge(self, image: Image, data: bytes, folder: Path, since: int) -> list[str]:
        """What is wrong with the image; `since` is the version that was committed before it was taken."""
        if len(data) != image.bytes:
            return [f"the image has {len(data)} bytes, not {image.bytes}"]
        file = folder / "image.db"
        file.write_bytes(data)
        try:
            with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
                return self._judge(connection, since)
        except sqlite3.DatabaseError as error:
            return [str(error)]

    def _judge(self, connection: sqlite3.Connection, since: int) -> list[str]:
        wrong = [row for (row,) in connection.execute("PRAGMA integrity_check") if row != "ok"]
        version, digest = connection.execute("SELECT version, digest FROM state").fetchone()
        with self._told:
            promised = self._digests.get(version)
        if version and int(digest) != promised:
            wrong.append(f"version {version} was never told with this digest")
        if writer.digest_of(connection) != int(digest):
            wrong.append(f"the rows are not those of version {version}")
        if version < since:
            wrong.append(f"version {version} is older than {since}, which was committed before")
        return wrong

    def _spawn(self, *role: str) -> subprocess.Popen[str]:
        command = [sys.executable, writer.__file__, str(self.path), str(self._seed), *role]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        return process

    def _listen(self, output: IO[str]) -> None:
        for line in output:
            word, version, *digest = line.split()
            with self._told:
                if word == "begun":
                    self._digests[int(version)] = int(digest[0])
                else:
                    self._done = int(version)
                    self._told.notify_all()


class InterleavedSink(MemorySink):
    """Lets the writer commit between two spans where it can, so that a torn image is likely to be seen."""

    def __init__(self, live: Live, every: int = 1) -> None:
        super().__init__()
        self._live = live
        self._turns = itertools.cycle([True] + [False] * (every - 1))

    def pause(self) -> None:
        if next(self._turns):
            self._live.wait_for_commit(after=self._live.done, within=0.02)
