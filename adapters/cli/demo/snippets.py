"""A snippet library as an editor would keep one: made of the source files of the running Python's library.

Knows its own tables, and what of them a reader can check: each snippet carries its digest.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sysconfig
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE snippet (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, line INTEGER NOT NULL,
    code TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE INDEX snippet_by_file ON snippet (file, line);
CREATE TABLE note (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
"""

Row = tuple[str, int, str, str]


def build(path: str, size: int) -> tuple[int, int]:
    """Make a library of about `size` bytes; how many snippets it holds, of how many files."""
    database = sqlite3.connect(path)
    database.executescript(SCHEMA)
    files: set[str] = set()
    written = 0
    with database:
        for row in _endless_rows():
            database.execute("INSERT INTO snippet (file, line, code, digest) VALUES (?, ?, ?, ?)", row)
            files.add(row[0])
            written += len(row[2]) + 120
            if written >= size:
                break
    snippets: int = database.execute("SELECT count(*) FROM snippet").fetchone()[0]
    database.close()
    return snippets, len(files)


def change(path: str, fraction: float) -> int:
    """Edit this share of the snippets, here and there; how many."""
    database = sqlite3.connect(path, timeout=30)
    ids = [row[0] for row in database.execute("SELECT id FROM snippet")]
    edited = Random(1).sample(ids, max(1, round(len(ids) * fraction)))
    with database:
        for snippet in edited:
            (code,) = database.execute("SELECT code FROM snippet WHERE id = ?", (snippet,)).fetchone()
            code = f"# edited\n{code}"
            database.execute(
                "UPDATE snippet SET code = ?, digest = ? WHERE id = ?", (code, digest(code), snippet)
            )
    database.close()
    return len(edited)


def fingerprint(path: str) -> str:
    """A hash of every snippet: equal if and only if the library says the same."""
    database = sqlite3.connect(path, timeout=30)
    said = hashlib.sha256()
    for row in database.execute("SELECT id, file, line, code FROM snippet ORDER BY id"):
        said.update(repr(row).encode())
    database.close()
    return said.hexdigest()[:12]


def sound(path: str) -> bool:
    """Whether SQLite finds nothing wrong with the whole file."""
    database = sqlite3.connect(path, timeout=30)
    found = database.execute("PRAGMA integrity_check").fetchall()
    database.close()
    return found == [("ok",)]


def notes_in(path: str) -> set[int]:
    """The numbers of the notes in a library, or in a copy of one."""
    database = sqlite3.connect(path, timeout=30)
    found = {number for (number,) in database.execute("SELECT number FROM note")}
    database.close()
    return found


def digest(code: str) -> str:
    """What a snippet's digest must be."""
    return hashlib.blake2b(code.encode(), digest_size=16).hexdigest()


def _endless_rows() -> Iterator[Row]:
    """Snippets of the library's files; in each round cut in other places, so that no page repeats."""
    folder = Path(sysconfig.get_path("stdlib"))
    sources = sorted(path for path in folder.rglob("*.py") if "site-packages" not in path.parts)
    for lines in count(20, 7):
        for source in sources:
            text = source.read_text("utf-8", errors="replace").splitlines()
            name = source.relative_to(folder).as_posix()
            for at in range(0, len(text), lines):
                code = "\n".join(text[at : at + lines])
                yield name, at + 1, code, digest(code)
