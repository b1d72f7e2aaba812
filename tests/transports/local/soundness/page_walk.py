"""The oracle for the structure of a database file: a walk over every page, written for the tests.

It uses no SQLite, and shares no code with what it judges. It also tells where cells keep their payload, which
is the application's. The description: https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

MAGIC = b"SQLite format 3\0"
INTERIOR_INDEX, INTERIOR_TABLE, LEAF_INDEX, LEAF_TABLE = 2, 5, 10, 13
ROOT, FREE, FIRST_OVERFLOW, LATER_OVERFLOW, CHILD = 1, 2, 3, 4, 5
LOCK_BYTE = 0x40000000
DEEPEST = 20
ENCODINGS = ["utf-8", "utf-8", "utf-16-le", "utf-16-be"]
GREATEST = (1 << 63) - 1


class Broken(Exception):
    """The file is no sound database; the text says where."""


def number(data: bytes | bytearray, at: int, size: int = 4) -> int:
    return int.from_bytes(data[at : at + size], "big")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, and how many bytes it has."""
    value = 0
    for length in range(8):
        byte = data[at + length]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, length + 1
    return value << 8 | data[at + 8], 9


def signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


@attrs.frozen
class Tree:
    """A b-tree: `table` has rowids, the other kind has keys. The schema's `rows` are collected."""

    name: str
    table: bool
    rows: list[tuple[str, int]] | None = None


@attrs.define
class Walk:
    """One walk over `data`; `payload` gets the spans (offset, length) of what belongs to rows and keys."""

    data: bytes
    payload: list[tuple[int, int]] = attrs.field(factory=list)
    page_size: int = 0
    usable: int = 0
    pages: int = 0
    auto_vacuum: bool = False
    _used: dict[int, str] = attrs.field(factory=dict)

    def run(self) -> None:
        """Raise Broken at the first fault in the structure."""
        self._read_header()
        self._walk_free_list()
        schema: list[tuple[str, int]] = []
        self._walk_page(1, Tree("schema", table=True, rows=schema), GREATEST, 0)
        for row in schema:
            self._walk_root(*row)
        self._require_all_used(max([root for _sql, root in schema] or [0]))

    # -- the file ----------------------------------------------------------------------------------

    def _read_header(self) -> None:
        data = self.data
        self.page_size = 65536 if number(data, 16, 2) == 1 else number(data, 16, 2)
        sound = (
            data.startswith(MAGIC)
            and self.page_size in {512 << power for power in range(8)}
            and len(data) % self.page_size == 0
            and data[19] in (0, 1, 2)
            and data[21:24] == bytes([64, 32, 32])
            and data[47] <= 4  # SQLite looks at no more of it
            and number(data, 56) in (0, 1, 2, 3)
        )
        self.usable = self.page_size - data[20]
        self.pages = len(data) // self.page_size if sound else 0
        self.auto_vacuum = number(data, 52) != 0
        kept_up = number(data, 28) > 0 and data[24:28] == data[92:96]
        if not sound or self.usable < 480 or (kept_up and number(data, 28) != self.pages):
            raise Broken("the header")
        if not self.auto_vacuum and number(data, 64):
            raise Broken("incremental vacuum without a pointer map")

    def _page(self, page: int) -> bytes:
        return self.data[(page - 1) * self.page_size : page * self.page_size]

    def _use(self, page: int, what: str) -> None:
        if not 1 <= page <= self.pages:
            raise Broken(f"{what}: there is no page {page}")
        if page in self._used:
            raise Broken(f"page {page}: {what} and {self._used[page]}")
        self._used[page] = what

    def _map_page_of(self, page: int) -> int:
        """The page of the pointer map that speaks of `page`."""
        group = self.usable // 5 + 1
        found = (page - 2) // group * group + 2
        return found + 1 if found == LOCK_BYTE // self.page_size + 1 else found

    def _expect_in_map(self, page: int, kind: int, parent: int) -> None:
        if self.auto_vacuum:
            of = self._map_page_of(page)
            at = 5 * (page - of - 1)
            entry = self._page(of)[at : at + 5]
            if page == of or entry != bytes([kind]) + parent.to_bytes(4, "big"):
                raise Broken(f"the pointer map about page {page}")

    def _walk_free_list(self) -> None:
        trunk, left = number(self.data, 32), number(self.data, 36)
        while trunk:
            self._use(trunk, "free")
            self._expect_in_map(trunk, FREE, 0)
            page, left = self._page(trunk), left - 1
            count = number(page, 4)
            if count > self.usable // 4 - 2:
                raise Broken(f"too many leaves in the trunk {trunk}")
            for leaf in range(count):
                free = number(page, 8 + 4 * leaf)
                self._use(free, "free")
                self._expect_in_map(free, FREE, 0)
            left -= count
            trunk = number(page, 0)
        if left:
            raise Broken("the count of free pages")

    def _require_all_used(self, greatest_root: int) -> None:
        if self.auto_vacuum and number(self.data, 52) != max(1, greatest_root):
            raise Broken("the greatest root page")
        for page in range(1, self.pages + 1):
            is_map = self.auto_vacuum and page > 1 and page == self._map_page_of(page)
            if is_map == (page in self._used) and page != LOCK_BYTE // self.page_size + 1:
                raise Broken(f"page {page} is used by nothing, or in the pointer map's place")

    # -- b-trees -----------------------------------------------------------------------------------

    def _walk_root(self, sql: str, root: int) -> None:
        if root:
            plain = sql.upper().startswith("CREATE TABLE") and "WITHOUT ROWID" not in sql.upper()
            self._expect_in_map(root, ROOT, 0)
            self._walk_page(root, Tree(f"tree {root}", plain), GREATEST, 0)

    def _walk_page(self, page: int, tree: Tree, most: int, depth: int) -> tuple[int, int]:
        """How deep the tree is from `page` on, and its least key; none of a table may be above `most`."""
        self._use(page, tree.name)
        data, start = self._page(page), 100 if page == 1 else 0
        flags, count, content = data[start], number(data, start + 3, 2), number(data, start + 5, 2) or 65536
        leaf = flags in (LEAF_INDEX, LEAF_TABLE)
        if flags not in ((INTERIOR_TABLE, LEAF_TABLE) if tree.table else (INTERIOR_INDEX, LEAF_INDEX)):
            raise Broken(f"page {page} of {tree.name} has the kind {flags}")
        pointers = start + (8 if leaf else 12)
        if depth > DEEPEST or content > self.usable or content < pointers + 2 * count:
            raise Broken(f"page {page} is too deep, or its content begins at {content}")
        areas = list(self._free_blocks(data, number(data, start + 1, 2), content, page))
        below, least = 0, most
        if not leaf:
            below, least = self._child(number(data, start + 8), page, tree, most, depth)
        for cell in reversed(range(count)):
            at = number(data, pointers + 2 * cell, 2)
            if not content <= at <= self.usable - 4:
                raise Broken(f"cell {cell} of page {page} is at {at}")
            size, key = self._cell(data, at, page, tree, leaf)
            areas.append((at, size))
            if tree.table:
                if key > least or (key == least and not (leaf and cell == count - 1)):
                    raise Broken(f"key {key} of page {page} is out of order")
                least = key
            if not leaf:
                deep, least = self._child(number(data, at), page, tree, least, depth)
                if deep != below:
                    raise Broken(f"the children of page {page} are not equally deep")
        self._require_covered(content, areas, data[start + 7], page)
        return below + 1, least

    def _child(self, child: int, page: int, tree: Tree, most: int, depth: int) -> tuple[int, int]:
        if 1 <= child <= self.pages:
            self._expect_in_map(child, CHILD, page)
        return self._walk_page(child, tree, most, depth + 1)

    def _free_blocks(self, data: bytes, at: int, content: int, page: int) -> Iterator[tuple[int, int]]:
        while at:
            if not content <= at <= self.usable - 4:
                raise Broken(f"a free block of page {page} is at {at}")
            following, size = number(data, at, 2), number(data, at + 2, 2)
            if at + size > self.usable or (following and following <= at + size + 3):
                raise Broken(f"the free blocks of page {page}")
            yield at, size
            at = following

    def _cell(self, data: bytes, at: int, page: int, tree: Tree, leaf: bool) -> tuple[int, int]:
        """The size of the cell at `at`, and its rowid (0 in an index). Its overflow pages are walked."""
        padded, begin, length, key, local, overflows = data + bytes(9), at, 0, 0, 0, False
        at += 0 if leaf else 4
        if leaf or not tree.table:
            length, taken = varint(padded, at)
            at += taken
        if tree.table:
            value, taken = varint(padded, at)
            key, at = signed(value), at + taken
        if leaf or not tree.table:
            local, overflows = self._local(length & 0xFFFFFFFF, tree.table)
        size = max(4, at - begin + local + (4 if overflows else 0))
        if begin + size > self.usable:
            raise Broken(f"a cell of page {page} ends behind it")
        content = data[at : at + local]
        if tree.rows is None:
            self.payload.append(((page - 1) * self.page_size + at, local))
        if overflows:
            content += self._overflow(number(data, at + local), (length & 0xFFFFFFFF) - local, page, tree)
        if tree.rows is not None and leaf:
            tree.rows.append(schema_row(content, ENCODINGS[number(self.data, 56)]))
        return size, key

    def _local(self, length: int, table: bool) -> tuple[int, bool]:
        least = (self.usable - 12) * 32 // 255 - 23
        most = self.usable - 35 if table else (self.usable - 12) * 64 // 255 - 23
        if length <= most:
            return length, False
        surplus = least + (length - least) % (self.usable - 4)
        return (surplus if surplus <= most else least), True

    def _overflow(self, page: int, left: int, parent: int, tree: Tree) -> bytes:
        content, kind = b"", FIRST_OVERFLOW
        while left > 0:
            self._use(page, f"overflow of {tree.name}")
            self._expect_in_map(page, kind, parent)
            taken = min(left, self.usable - 4)
            content += self._page(page)[4 : 4 + taken]
            if tree.rows is None:
                self.payload.append(((page - 1) * self.page_size + 4, taken))
            left, kind, parent = left - taken, LATER_OVERFLOW, page
            page = number(self._page(page), 0)
        if page:
            raise Broken(f"an overflow chain of {tree.name} goes on")
        return content

    def _require_covered(self, content: int, areas: list[tuple[int, int]], fragments: int, page: int) -> None:
        """Each byte of the content is in one cell, in one free block, or among the counted fragments."""
        end = content
        for at, size in sorted(areas):
            if at < end:
                raise Broken(f"byte {at} of page {page} is used twice")
            fragments -= at - end
            end = at + size
        if fragments != self.usable - end:
            raise Broken(f"the fragments of page {page}")


def schema_row(record: bytes, encoding: str) -> tuple[str, int]:
    """The statement and the root page in one row of the schema."""
    at = (header := varint(record, 0))[0]
    end, here = at, header[1]
    values: list[bytes] = []
    kinds: list[int] = []
    while here < end:
        kind, taken = varint(record, here)
        here += taken
        size = (kind - 12) // 2 if kind >= 12 else {5: 6, 6: 8, 7: 8, 8: 0, 9: 0}.get(kind, kind)
        values.append(record[at : at + size])
        kinds.append(kind)
        at += size
    root = 1 if kinds[3] == 9 else int.from_bytes(values[3], "big", signed=True)
    return values[4].decode(encoding, errors="replace"), root


def find_faults(data: bytes) -> list[str]:
    """What is wrong with the structure of this file: nothing, or the first fault."""
    try:
        Walk(data).run()
    except (Broken, IndexError) as error:
        return [str(error)]
    return []


def payload_of(data: bytes) -> list[tuple[int, int]]:
    """Where a sound file keeps what belongs to rows and keys."""
    walk = Walk(data)
    walk.run()
    return walk.payload
