"""The first 100 bytes of an SQLite database, as a value.

The format is that of https://www.sqlite.org/fileformat2.html#the_database_header. This file knows
bytes and descriptors only: no path, no lock, no SQLite library.
"""

from __future__ import annotations

import struct

import attrs

from .files import read_at

MAGIC = b"SQLite format 3\0"
SIZE = 100
ENCODINGS = {0: "UTF-8", 1: "UTF-8", 2: "UTF-16le", 3: "UTF-16be"}
_FIELDS = struct.Struct(">16s H B B B B B B I I I I I I I I I I I I 20x I I")


@attrs.frozen
class Header:
    """What the header says.

    `page_count` is the header's own claim, which old libraries did not keep up: `counts_pages` says whether
    the last one to write did. `wal` says that the file is in WAL mode (read version 2). `change_counter`
    rises at every commit in rollback mode, not in WAL mode. `schema_cookie` at every change of the schema.
    """

    page_size: int
    page_count: int
    encoding: str
    wal: bool
    change_counter: int
    schema_cookie: int
    auto_vacuum: bool
    counts_pages: bool


def read(descriptor: int) -> Header | None:
    """The header of an open file, as `parse` gives it."""
    return parse(read_at(descriptor, SIZE, 0))


def parse(data: bytes) -> Header | None:
    """The header at the start of `data`; None where there is none that SQLite would accept."""
    if len(data) < SIZE or not data.startswith(MAGIC):
        return None
    (
        _magic,
        page_size,
        _write_version,
        read_version,
        _reserved,
        *payload_fractions,
        change_counter,
        page_count,
        _freelist_head,
        _freelist_count,
        schema_cookie,
        _schema_format,
        _cache_size,
        largest_root,
        encoding,
        _user_version,
        _incremental_vacuum,
        _application_id,
        version_valid_for,
        _library_version,
    ) = _FIELDS.unpack_from(data)
    page_size = 65536 if page_size == 1 else page_size
    sound = (
        page_size in (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
        and read_version <= 2  # a newer write version only says that older libraries may not write
        and payload_fractions == [64, 32, 32]
        and encoding in ENCODINGS
    )
    if not sound:
        return None
    return Header(
        page_size=page_size,
        page_count=page_count,
        encoding=ENCODINGS[encoding],
        wal=read_version == 2,
        change_counter=change_counter,
        schema_cookie=schema_cookie,
        auto_vacuum=largest_root != 0,
        counts_pages=page_count > 0 and version_valid_for == change_counter,
    )
