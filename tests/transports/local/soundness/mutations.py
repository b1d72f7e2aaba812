"""Sound files, and what can happen to their bytes: each number is one mutated file, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from .foreign import create, rows
from .page_walk import number, payload_of

ORDINARY = [
    "CREATE TABLE note(id INTEGER PRIMARY KEY, title TEXT, body)",
    "CREATE INDEX by_title ON note(title)",
    rows("note", "title, body", 200, "'note ' || (n * 7919 % 1000), zeroblob(n * n % 1500)"),
    "CREATE TABLE tag(name PRIMARY KEY, note) WITHOUT ROWID",
    rows("tag", "name, note", 150, "'tag ' || (n * 31) || replace(hex(zeroblob(n % 40)), '00', 'x'), n"),
    "CREATE TABLE junk(x)",
    rows("junk", "x", 40, "zeroblob(900)"),
    "DELETE FROM junk WHERE rowid % 3 > 0",
    "DELETE FROM note WHERE id % 5 = 0",
]
FOREIGN = [
    "CREATE VIEW first AS SELECT id FROM note",
    "CREATE TABLE note(id INTEGER PRIMARY KEY, title TEXT COLLATE odd, sort AS (mine(title)) NOT NULL, body)",
    "CREATE INDEX by_mine ON note(mine(title)) WHERE mine(title) NOT NULL",
    "CREATE UNIQUE INDEX by_title ON note(title, id)",
    rows("note", "title, body", 150, "'note ' || (n * 7919 % 1000), zeroblob(n * n % 1500)"),
    "CREATE TABLE tag(name TEXT COLLATE odd PRIMARY KEY, note) WITHOUT ROWID",
    rows("tag", "name, note", 150, "'tag ' || (n * 31), n"),
    "CREATE VIRTUAL TABLE words USING fts5(x, tokenize='ours')",
    rows("words", "x", 60, "'word' || n || ' again'"),
    "CREATE VIRTUAL TABLE other USING ourmodule(x)",
    "DELETE FROM note WHERE id % 3 = 0",
]
SHAPES = {
    "ordinary": (ORDINARY, ("page_size=512",)),
    "auto vacuum": (ORDINARY, ("page_size=512", "auto_vacuum=1")),
    "incremental": (FOREIGN, ("page_size=1024", "auto_vacuum=2")),
    "foreign": (FOREIGN, ("page_size=512",)),
    "large pages": (ORDINARY, ("page_size=8192",)),
    "utf-16": (FOREIGN, ("page_size=1024", "encoding='UTF-16le'")),
}


def sound_file(folder: Path, shape: str) -> bytes:
    """A database of this shape, whole."""
    statements, settings = SHAPES[shape]
    return create(folder / f"{shape}.db", statements, *settings).read_bytes()


def mutated(sound: bytes, seed: int) -> bytes:
    """`sound` with some of its structure, or anything else of it, changed."""
    rng = random.Random(seed)
    data = bytearray(sound)
    _MUTATIONS[seed % len(_MUTATIONS)](data, _page_size(sound), rng)
    return bytes(data)


def with_other_content(sound: bytes, seed: int) -> bytes:
    """`sound` with a byte changed inside the payload of some cell, or of some overflow page."""
    rng = random.Random(seed)
    data = bytearray(sound)
    offset, length = rng.choice([span for span in payload_of(sound) if span[1]])
    data[offset + rng.randrange(length)] ^= rng.randrange(1, 256)
    return bytes(data)


def _page_size(data: bytes) -> int:
    return 65536 if number(data, 16, 2) == 1 else number(data, 16, 2)


def _any_byte(data: bytearray, _size: int, rng: random.Random) -> None:
    data[rng.randrange(100, len(data))] = rng.randrange(256)


def _header_byte(data: bytearray, _size: int, rng: random.Random) -> None:
    data[rng.choice([*range(16, 24), *range(28, 40), *range(44, 48), *range(52, 60)])] = rng.randrange(256)


def _page_header(data: bytearray, size: int, rng: random.Random) -> None:
    page = rng.randrange(len(data) // size)
    data[page * size + (100 if page == 0 else 0) + rng.randrange(12)] = rng.randrange(256)


def _cell_pointer(data: bytearray, size: int, rng: random.Random) -> None:
    page = rng.randrange(1, len(data) // size)
    data[page * size + 8 + rng.randrange(40)] = rng.randrange(256)


def _page_number(data: bytearray, size: int, rng: random.Random) -> None:
    """Somewhere the number of a page becomes that of another: a child, an overflow or a free page."""
    pages = len(data) // size
    found = [at for at in range(100, len(data) - 4) if 0 < number(data, at) <= pages]
    at = rng.choice(found)
    data[at : at + 4] = rng.randrange(pages + 2).to_bytes(4, "big")


def _page_over_page(data: bytearray, size: int, rng: random.Random) -> None:
    """As a disk that writes a block to another's place."""
    pages = len(data) // size
    one, two = rng.randrange(pages), rng.randrange(1, pages)
    data[two * size : (two + 1) * size] = data[one * size : (one + 1) * size]


def _lost_page(data: bytearray, size: int, rng: random.Random) -> None:
    page = rng.randrange(1, len(data) // size)
    data[page * size : (page + 1) * size] = bytes(size)


def _torn_page(data: bytearray, size: int, rng: random.Random) -> None:
    at = rng.randrange(1, len(data) // 512) * 512
    data[at : at + 512] = rng.randbytes(512)


def _cut_off(data: bytearray, size: int, rng: random.Random) -> None:
    del data[rng.randrange(1, len(data) // size) * size :]


def _free_list(data: bytearray, size: int, rng: random.Random) -> None:
    """A free page, or their count, becomes another."""
    pages, trunk = len(data) // size, number(data, 32)
    at = (trunk - 1) * size + 4 * rng.randrange(2 + number(data, (trunk - 1) * size + 4)) if trunk else 36
    data[at : at + 4] = rng.randrange(pages + 1).to_bytes(4, "big")


def _pointer_map(data: bytearray, size: int, rng: random.Random) -> None:
    data[size + rng.randrange(size)] = rng.randrange(6)


_MUTATIONS: list[Callable[[bytearray, int, random.Random], None]] = [
    _any_byte,
    _header_byte,
    _page_header,
    _cell_pointer,
    _page_number,
    _page_over_page,
    _lost_page,
    _torn_page,
    _cut_off,
    _free_list,
    _pointer_map,
]
