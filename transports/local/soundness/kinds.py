"""Whether each page of a b-tree is of its tree's kind, which SQLite's walk of the trees does not compare.

The pages of a table are keyed by rowid, those of an index are not, and the first byte of a page says which.
Only interior pages are read here, about a hundredth of all; the kinds of the others are noted when their
pages pass by for another reason. It is for trees that SQLite has walked: a circle of pages would not end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import attrs

INTERIOR_INDEX, INTERIOR_TABLE, LEAF_INDEX, LEAF_TABLE = 0x02, 0x05, 0x0A, 0x0D
TABLE_KINDS = frozenset({INTERIOR_TABLE, LEAF_TABLE})
INDEX_KINDS = frozenset({INTERIOR_INDEX, LEAF_INDEX})

_CHILDREN_FROM = 12  # where an interior page's header ends and its cell pointers begin


@attrs.frozen
class PageKinds:
    """The first byte of each page of an image, as far as it has passed by."""

    page_size: int
    _kinds: bytearray

    @classmethod
    def of(cls, page_size: int, page_count: int) -> PageKinds:
        """Nothing is known yet."""
        return cls(page_size, bytearray(page_count + 1))

    def note(self, first_page: int, data: bytes) -> None:
        """`data` are whole consecutive pages from `first_page` on."""
        kinds = data[:: self.page_size]
        self._kinds[first_page : first_page + len(kinds)] = kinds

    def kind(self, page: int) -> int:
        """The kind of `page`; 0 if there is none."""
        return self._kinds[page] if 0 < page < len(self._kinds) else 0


def find_strays(
    roots: Iterable[tuple[int, bool]], kinds: PageKinds, read_page: Callable[[int], bytes]
) -> tuple[str, ...]:
    """The pages that are in the tree of some root, and not of its kind; no root is page 1.

    Each root comes with whether it must be an index's.
    """
    found = []
    for root, is_index in roots:
        own = TABLE_KINDS if kinds.kind(root) in TABLE_KINDS and not is_index else INDEX_KINDS
        waiting = [root]
        while waiting:
            page = waiting.pop()
            if kinds.kind(page) not in own:
                found.append(f"page {page} is not of the kind of the tree {root}, which it is in")
            elif kinds.kind(page) in (INTERIOR_INDEX, INTERIOR_TABLE):
                leaf = LEAF_TABLE if own is TABLE_KINDS else LEAF_INDEX
                children = _children(read_page(page))
                waiting.extend(child for child in children if kinds.kind(child) != leaf)
    return tuple(found)


def _children(page: bytes) -> list[int]:
    (count,) = struct.unpack_from(">H", page, 3)
    cells = struct.unpack_from(f">{count}H", page, _CHILDREN_FROM)
    return [int.from_bytes(page[at : at + 4], "big") for at in (8, *cells)]
