"""What damage is: what breaks a file as a file, and nothing that is its program's own business.

Damage is in the header, the b-trees, the overflow chains, the free list, the pointer map, in a page that is
used twice or by nothing, in the page count, or in a schema that cannot be parsed. It is not in rows and keys:
a file may need tokenizers, collations, functions and modules that only its own program has, break its own
constraints, or have a full-text index that is out of step.

So SQLite's quick_check does not get the schema as it is, which it often could not prepare, but one that has a
partial index for each b-tree and nothing else. It is put in place in a transaction that is rolled back, and
never leaves SQLite's page cache. The check then walks every b-tree, the free list and the pointer map, and
reads no row. (There is one more reason for it: where the hash of a schema begins with a view or a virtual
table, SQLite 3.54 takes its root 0 for the mark of a partial check, and looks at neither the free list nor
the use of pages.)
"""

from __future__ import annotations

import apsw
import attrs

from .. import database_header
from ..sqlite_limits import memory_sentence
from .image_vfs import NEWEST_FORMAT, Read, opened
from .kinds import INDEX_KINDS, TABLE_KINDS, PageKinds, find_strays
from .sentences import UNFINISHED, UNREADABLE_SCHEMA

MOST_FINDINGS = 20

_HEADLINE = "*** in database main ***"


@attrs.frozen
class _Entry:
    """What the schema says of one b-tree."""

    kind: str
    name: str
    root: int


@attrs.frozen
class _Image:
    """The image that is looked at, and the kinds of the pages that were read of it."""

    _read: Read
    kinds: PageKinds

    def read(self, offset: int, amount: int) -> bytes:
        data = self._read(offset, amount)
        if amount == self.kinds.page_size:
            self.kinds.note(offset // amount + 1, data[:1])
        return data

    def read_page(self, page: int) -> bytes:
        """One page, whole."""
        return self.read((page - 1) * self.kinds.page_size, self.kinds.page_size)


def find_damage(read: Read, page_size: int, page_count: int) -> tuple[str, ...]:
    """What is wrong with the image of `page_count` pages; nothing if it is sound.

    What `read` raises passes through, and so ends the check at any page.
    """
    problems = header_problems(read, page_size, page_count)
    if problems:
        return problems
    try:
        image = _Image(read, PageKinds.of(page_size, page_count))
        with opened(image.read, page_size * page_count) as connection:
            return _find(connection, image)
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return (str(error),)
    except (apsw.NoMemError, MemoryError):
        return (f"{UNFINISHED}it needs {memory_sentence()}",)
    except (apsw.TooBigError, apsw.SQLError, apsw.InterruptError) as error:
        return (f"{UNFINISHED}{error}",)


def header_problems(read: Read, page_size: int, page_count: int) -> tuple[str, ...]:
    """What is wrong with the header of the image of `page_count` pages."""
    header = database_header.parse(read(0, database_header.SIZE))
    if header is None or header.page_size != page_size:
        return (f"its header is not that of a database with pages of {page_size} bytes",)
    if header.counts_pages and header.page_count != page_count:
        return (f"it has {page_count} pages, and its header says {header.page_count}",)
    return ()


def structural(row: str) -> tuple[str, ...]:
    """The lines of one row of quick_check if it is about the file's structure; nothing if about content."""
    headline, *lines = row.split("\n")
    return tuple(line for line in lines if line) if headline == _HEADLINE else ()


def _find(connection: apsw.Connection, image: _Image) -> tuple[str, ...]:
    unreadable = _load_schema(connection, image.read)
    found = _check(connection, "quick_check(sqlite_schema)")
    if found:
        return found
    connection.execute("BEGIN")
    try:
        return _find_below(connection, image) + unreadable
    finally:
        connection.execute("ROLLBACK")


def _load_schema(connection: apsw.Connection, read: Read) -> tuple[str, ...]:
    """Why the schema cannot be used as it is; from now on what SQLite cannot parse of it is passed over."""
    unreadable: tuple[str, ...] = ()
    schema_format = read(47, 1)[0]  # SQLite looks at no other of its four bytes
    if schema_format > NEWEST_FORMAT:
        unreadable = (f"{UNREADABLE_SCHEMA}its format is {schema_format}",)
    connection.execute("PRAGMA writable_schema=RESET")
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except (apsw.CorruptError, apsw.SQLError) as error:
        if not str(error).startswith("malformed database schema"):
            raise
        unreadable = (f"{UNREADABLE_SCHEMA}{error}",)
    connection.execute("PRAGMA writable_schema=ON")
    return unreadable


def _find_below(connection: apsw.Connection, image: _Image) -> tuple[str, ...]:
    """What is wrong with the b-trees that the schema names, the free list and the use of pages."""
    connection.execute("DELETE FROM sqlite_schema WHERE ifnull(rootpage, 0) = 0")  # views, triggers, modules
    entries = [
        _Entry(str(kind), str(name), root) if isinstance(root, int) else None
        for kind, name, root in connection.execute("SELECT type, name, rootpage FROM sqlite_schema")
    ]
    trees = [entry for entry in entries if entry is not None]
    if len(trees) < len(entries):
        return ("a root page in its schema is no number",)
    wrong = _of_wrong_kind(connection, trees, image)
    connection.execute("DELETE FROM sqlite_schema")
    connection.executemany(
        "INSERT INTO sqlite_schema VALUES ('index', ?1, 'sqlite_master', ?2, ?3)",
        [
            (f"i{number}", tree.root, f"CREATE INDEX i{number} ON sqlite_master(type) WHERE type")
            for number, tree in enumerate(trees)
        ],
    )
    connection.execute("PRAGMA writable_schema=RESET")
    wrong += _check(connection, f"quick_check({MOST_FINDINGS})")
    roots = [(tree.root, tree.kind == "index") for tree in trees]
    return wrong or find_strays(roots, image.kinds, image.read_page)


def _of_wrong_kind(connection: apsw.Connection, trees: list[_Entry], image: _Image) -> tuple[str, ...]:
    """Roots of tables that are those of indexes, or the other way round: no walk of b-trees notices it."""
    connection.execute("PRAGMA writable_schema=RESET")  # without views, which would be prepared to be listed
    connection.execute("PRAGMA writable_schema=ON")
    without_rowid = {str(row[1]): bool(row[4]) for row in connection.execute("PRAGMA main.table_list")}
    found = []
    for tree in trees:
        if tree.kind == "table" and tree.name not in without_rowid:
            continue  # its syntax is not known
        expected = INDEX_KINDS if tree.kind == "index" or without_rowid[tree.name] else TABLE_KINDS
        page = image.read_page(tree.root) if tree.root > 1 else b""
        if page and page[0] not in expected:
            found.append(f"the root page of the {tree.kind} {tree.name} ({tree.root}) is of another kind")
    return tuple(found)


def _check(connection: apsw.Connection, pragma: str) -> tuple[str, ...]:
    """The structural findings of one quick_check, which come before those about rows."""
    row = connection.execute(f"PRAGMA {pragma}").fetchone()
    return structural(str(row[0])) if row else ()
