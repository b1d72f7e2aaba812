"""A foreign program that uses a database: run as a script, in a process of its own.

    writer.py DATABASE SEED          commits transactions until its standard input ends
    writer.py DATABASE SEED churn    checkpoints, vacuums and reads until its standard input ends

It uses apsw's SQLite. Before 3.51.3, SQLite itself may lose what a WAL holds where two programs checkpoint
and commit at the same instant (https://www.sqlite.org/wal.html#walresetbug): with 3.40, these two programs
alone damaged a database after 57,000 commits.

The writer keeps what every image is held against: `state` names the version and the digest of all rows
(the XOR of one digest a row), moved in the same transaction as the rows. On its standard output it
tells `begun N DIGEST` before each commit and `done N` after it.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
import sys
import threading
from contextlib import suppress
from pathlib import Path

import apsw


def row_digest(number: int, data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(number.to_bytes(8, "big") + data, digest_size=8).digest(), "big")


def digest_of(connection: sqlite3.Connection | apsw.Connection) -> int:
    total = 0
    for number, data in connection.execute("SELECT id, data FROM item"):
        total ^= row_digest(number, data)
    return total


def create(path: Path, *, journal: str, page_size: int, auto_vacuum: int, size: int) -> None:
    """A database of about `size` bytes at version 0."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size={page_size}")
    connection.execute(f"PRAGMA auto_vacuum={auto_vacuum}")
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.executescript(
        "CREATE TABLE item(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
        "CREATE INDEX item_data ON item(substr(data, 1, 8));"
        "CREATE TABLE state(version INTEGER, digest TEXT);"
    )
    rng = random.Random(page_size)
    connection.execute("BEGIN")
    while size > 0:
        data = rng.randbytes(rng.choice([40, 400, 4000, 12_000]))
        connection.execute("INSERT INTO item(data) VALUES (?)", (data,))
        size -= len(data)
    connection.execute("INSERT INTO state VALUES (0, ?)", (str(digest_of(connection)),))
    connection.execute("COMMIT")
    connection.close()


def connect(path: str) -> apsw.Connection:
    connection = apsw.Connection(path)
    connection.set_busy_timeout(60_000)
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def write(path: str, rng: random.Random, ended: threading.Event) -> None:
    connection = connect(path)
    connection.execute("PRAGMA wal_autocheckpoint=200")
    while not ended.is_set():
        connection.execute("BEGIN IMMEDIATE")
        version, digest = next(connection.execute("SELECT version, digest FROM state"))
        total = change(connection, rng, int(digest))
        connection.execute("UPDATE state SET version = ?, digest = ?", (version + 1, str(total)))
        print(f"begun {version + 1} {total}", flush=True)
        connection.execute("COMMIT")
        print(f"done {version + 1}", flush=True)
    connection.close()


def change(connection: apsw.Connection, rng: random.Random, total: int) -> int:
    """Update, delete and insert a few rows; the new digest of all of them."""
    (last,) = next(connection.execute("SELECT max(id) FROM item"))
    for _ in range(rng.randrange(1, 12)):
        number = rng.randrange(1, last + 2)
        old = connection.execute("SELECT data FROM item WHERE id = ?", (number,)).fetchone()
        if old:
            total ^= row_digest(number, old[0])
        if old and rng.random() < 0.15:
            connection.execute("DELETE FROM item WHERE id = ?", (number,))
            continue
        data = rng.randbytes(rng.choice([40, 400, 4000, 12_000]))
        connection.execute("INSERT OR REPLACE INTO item VALUES (?, ?)", (number, data))
        total ^= row_digest(number, data)
    return total


def churn(path: str, rng: random.Random, ended: threading.Event) -> None:
    connection = connect(path)
    commands = (
        ["PRAGMA wal_checkpoint(PASSIVE)"] * 4
        + ["PRAGMA wal_checkpoint(RESTART)", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_checkpoint(FULL)"]
        + ["PRAGMA incremental_vacuum", "SELECT sum(length(data)) FROM item", "VACUUM"]
    )
    connection.set_busy_timeout(20)
    while not ended.wait(0.002):
        with suppress(apsw.BusyError, apsw.LockedError):
            connection.execute(rng.choice(commands)).fetchall()
    connection.close()


def end_with_input(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    path, seed, *role = sys.argv[1:]
    ended = threading.Event()
    threading.Thread(target=end_with_input, args=(ended,), daemon=True).start()
    (churn if role else write)(path, random.Random(int(seed)), ended)


if __name__ == "__main__":
    main()
