"""Databases of known content, and what is in one: asked with the standard library's SQLite, not ours."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

OLD, NEW = 0, 1


def make_database(
    path: Path,
    tag: int,
    *,
    mode: str = "wal",
    rows: int = 1000,
    body: int = 7500,
    page_size: int = 4096,
    encoding: str = "UTF-8",
    auto_vacuum: int = 0,
) -> Path:
    """A database whose every row says `tag`, and whose pages all depend on it; `rows` of `body` bytes."""
    noise = random.Random(tag)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA page_size = {page_size}")
        database.execute(f"PRAGMA encoding = '{encoding}'")
        database.execute(f"PRAGMA auto_vacuum = {auto_vacuum}")
        database.execute("BEGIN")
        database.execute("CREATE TABLE content (id INTEGER PRIMARY KEY, tag INTEGER, body BLOB)")
        database.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, body TEXT)")
        database.executemany(
            "INSERT INTO content VALUES (?, ?, ?)", ((n, tag, noise.randbytes(body)) for n in range(rows))
        )
        if tag == NEW:  # the schemas differ, so that a restoration changes what others have cached
            database.execute("CREATE TABLE newer (x)")
            database.execute("CREATE INDEX content_tag ON content (tag)")
        database.execute("COMMIT")
        database.execute(f"PRAGMA journal_mode = {mode}")
    return path


def content_of(path: Path) -> str:
    """A digest of everything in the database but what the writer writes. Asserts that it is sound."""
    digest = hashlib.blake2b()
    with closing(sqlite3.connect(path, timeout=30)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for row in database.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name"):
            digest.update(repr(row).encode())
        for row in database.execute("SELECT id, tag, body FROM content ORDER BY id"):
            digest.update(b"%d %d %d " % (row[0], row[1], len(row[2])) + row[2])
    return digest.hexdigest()


def writes_in(path: Path) -> set[int]:
    """The writer's numbers that are in the database."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        return {number for (number,) in database.execute("SELECT id FROM written")}


def masked_pages(path: Path) -> list[bytes]:
    """The pages as SQL sees them, but for what changes without the content: read by SQLite itself."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        (page_size,) = database.execute("PRAGMA page_size").fetchone()
        image = bytearray(database.serialize())
    for start, stop in ((18, 20), (24, 28), (40, 44), (92, 100)):
        image[start:stop] = bytes(stop - start)
    return [bytes(image[at : at + page_size]) for at in range(0, len(image), page_size)]


def copy_database(template: Path, path: Path) -> Path:
    """A fresh copy of a database that nobody has open."""
    shutil.copyfile(template, path)
    return path
