"""A snippet library such as a developer's tool keeps: made and changed the same way for the same seed.

Source code of the running Python's library cut into snippets (most of the bytes), attachments that hardly
compress, events in JSON, and four indexes, one of them on random keys. Knows SQLite and the library's folder;
must not know what is measured with it.

    python -m tests.bench.library make FILE MEBIBYTES
    python -m tests.bench.library change FILE PERCENT
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import sys
import sysconfig
import zlib
from collections.abc import Iterator
from pathlib import Path

SCHEMA = """
CREATE TABLE snippet (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
    language TEXT NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, digest BLOB NOT NULL
);
CREATE TABLE attachment (id INTEGER PRIMARY KEY, snippet INTEGER NOT NULL, kind TEXT NOT NULL, content BLOB);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, snippet INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT
);
CREATE UNIQUE INDEX snippet_by_key ON snippet (key);
CREATE INDEX snippet_by_change ON snippet (changed);
CREATE INDEX attachment_of ON attachment (snippet);
CREATE INDEX event_of ON event (snippet, at);
"""

BATCH = 1000
ATTACHED = 0.035
TAGS = ("cli", "database", "http", "parsing", "testing", "threads", "tools", "typing")


class Library:
    """A database being filled. `seed` decides everything that is random."""

    def __init__(self, file: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._moment = 1_700_000_000_000 + seed * 1_000_000_000
        self._snippets = self._cut()
        self.connection = sqlite3.connect(file, isolation_level=None)
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("PRAGMA cache_size = -200000")

    def make(self, size: int) -> None:
        """Fill a new database with about `size` bytes."""
        self.connection.execute("PRAGMA journal_mode = OFF")
        self.connection.executescript(SCHEMA)
        self.connection.execute("BEGIN")
        while self._size() < size:
            self._add(BATCH)
        self.connection.execute("COMMIT")
        self.connection.execute("PRAGMA journal_mode = WAL")

    def change(self, percent: float) -> None:
        """Edit a line of `percent` % of the snippets, chosen at random, and add as many new ones."""
        count = self.connection.execute("SELECT max(id) FROM snippet").fetchone()[0]
        share = round(count * percent / 100)
        self.connection.execute("BEGIN")
        for number in sorted(self._random.sample(range(1, count + 1), share)):
            self._edit(number)
        self._add(share)
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Leave one file behind, without a WAL."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()

    def _size(self) -> int:
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = self.connection.execute("PRAGMA page_size").fetchone()
        return int(pages * page_size)

    def _add(self, count: int) -> None:
        first = (self.connection.execute("SELECT max(id) FROM snippet").fetchone()[0] or 0) + 1
        numbers = range(first, first + count)
        self._insert("snippet", 9, [self._snippet(number) for number in numbers])
        attached = [number for number in numbers if self._random.random() < ATTACHED]
        self._insert("attachment", 4, [self._attachment(number) for number in attached])
        happened = [self._random.randrange(1, first + count) for _ in range(count)]
        self._insert("event", 5, [self._event(number) for number in happened])

    def _insert(self, table: str, columns: int, rows: list[tuple[object, ...]]) -> None:
        places = ", ".join("?" * columns)
        self.connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)

    def _edit(self, number: int) -> None:
        (body,) = self.connection.execute("SELECT body FROM snippet WHERE id = ?", (number,)).fetchone()
        lines = body.split("\n")
        lines[self._random.randrange(len(lines))] = f"# edited: {self._random.getrandbits(64):016x}"
        body = "\n".join(lines)
        self.connection.execute(
            "UPDATE snippet SET body = ?, changed = ?, digest = ? WHERE id = ?",
            (body, self._now(), _digest(body), number),
        )

    def _snippet(self, number: int) -> tuple[object, ...]:
        path, body = next(self._snippets)
        created, title = self._now(), body.partition("\n")[0][:80]
        key = f"{self._random.getrandbits(128):032x}"
        return number, key, created, created, path.suffix[1:], str(path), title, body, _digest(body)

    def _attachment(self, snippet: int) -> tuple[object, ...]:
        if self._random.random() < 0.5:
            text = "".join(next(self._snippets)[1] for _ in range(self._random.randrange(1, 16)))
            return None, snippet, "archive", zlib.compress(text.encode())
        return None, snippet, "embedding", self._random.randbytes(4 * self._random.randrange(256, 2048))

    def _event(self, snippet: int) -> tuple[object, ...]:
        said = {
            "actor": f"user-{self._random.randrange(5000)}",
            "milliseconds": self._random.randrange(9000),
            "trace": f"{self._random.getrandbits(64):016x}",
            "tags": self._random.sample(TAGS, 2),
        }
        kind = self._random.choice(("view", "copy", "run", "edit"))
        return None, snippet, self._now(), kind, json.dumps(said)

    def _now(self) -> int:
        self._moment += self._random.randrange(1, 5000)
        return self._moment

    def _cut(self) -> Iterator[tuple[Path, str]]:
        """Snippets of 10 to 90 lines, of every file of the library in turn, cut elsewhere each time."""
        folder = Path(sysconfig.get_path("stdlib"))
        files = sorted(path for path in folder.rglob("*.py") if "site-packages" not in path.parts)
        while True:
            self._random.shuffle(files)
            for path in files:
                lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
                at = self._random.randrange(5)
                while at < len(lines):
                    length = 10 + int(80 * self._random.random() ** 2)
                    yield path.relative_to(folder), "".join(lines[at : at + length])[:24_000]
                    at += length


def _digest(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()


def main(what: str, file: str, amount: str) -> None:
    """Make a library of so many MiB, or change so many percent of one."""
    library = Library(Path(file), seed=1 if what == "make" else 2)
    if what == "make":
        library.make(int(amount) << 20)
    else:
        library.change(float(amount))
    library.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
