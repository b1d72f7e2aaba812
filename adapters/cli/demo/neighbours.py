"""Two programs that use the database all the while: one writes notes, one reads snippets.

Each is a process of its own, as an editor is. The story starts them, asks what they have seen, and ends
them; as a module this file is such a process. They know SQLite and nothing of reprieve.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from random import Random
from types import TracebackType
from typing import Any, Self

from reprieve.transports.local.interpreter import child_environment, python_command

from .snippets import digest

PAUSE = 0.02
PATIENCE = 60.0
"""Seconds that a neighbour waits for a lock: longer than a restoration holds it."""


class Neighbour:
    """A process that uses the database; `does` is `write` or `read`. Use it in a `with`."""

    def __init__(self, does: str, path: str) -> None:
        self._process = subprocess.Popen(
            [*python_command(sys.executable, f"from {__name__} import live\nlive()"), does, path],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seen(self) -> dict[str, Any]:
        """What it has done and seen so far."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def __enter__(self) -> Self:
        self.seen()  # it answers once it has begun
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()


class _Life:
    """What both have in common: turns until stdin ends, the longest of which is remembered."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._over = threading.Event()
        self._seen: dict[str, object] = {"turns": 0, "longest": 0.0, "wrong": 0}

    def live(self, turn: Any) -> None:
        threading.Thread(target=self._answer, daemon=True).start()
        database = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
        number = 0
        longest = 0.0
        wrong = 0
        while not self._over.wait(PAUSE):
            number += 1
            began = time.monotonic()
            wrong += not turn(database, number)
            longest = max(longest, time.monotonic() - began)
            self._seen = {"turns": number, "longest": longest, "wrong": wrong}
        database.close()

    def _answer(self) -> None:
        for _ in sys.stdin:
            print(json.dumps(self._seen), flush=True)
        self._over.set()


def _write(database: sqlite3.Connection, number: int) -> bool:
    """Write one note; once this returns, SQLite has told us that it is written."""
    database.execute("INSERT INTO note VALUES (?, ?)", (number, f"note {number}"))
    return True


def _read(database: sqlite3.Connection, number: int) -> bool:
    """Read a few snippets; whether each is whole."""
    (newest,) = database.execute("SELECT max(id) FROM snippet").fetchone()
    first = Random(number).randrange(1, newest + 1)
    rows = database.execute("SELECT code, digest FROM snippet WHERE id >= ? LIMIT 20", (first,)).fetchall()
    return bool(rows) and all(digest(code) == said for code, said in rows)


def live() -> None:
    """Be such a process: what its command line says, in the database that it names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the story's to hear
    _Life(sys.argv[2]).live({"write": _write, "read": _read}[sys.argv[1]])
