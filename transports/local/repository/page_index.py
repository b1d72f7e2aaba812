"""Where a page with a given id is stored already: a hash table in three flat arrays.

Sixteen bytes for the id, eight for the location and at most sixteen for the slots, where a Python dict costs
350 bytes a page. Knows nothing of packs.
"""

from __future__ import annotations

import sys
from array import array

from .packs import ID_SIZE


class PageIndex:
    """Ids and their locations, by open addressing. The ids are hashes, so their first bytes are the slot."""

    def __init__(self) -> None:
        self._ids = bytearray()
        self._locations = array("Q")
        self._resize(1 << 12)

    def __len__(self) -> int:
        return len(self._locations)

    def find(self, page_id: bytes) -> int | None:
        """The location of the page with this id."""
        slot = int.from_bytes(page_id[:8], "little") & self._mask
        slots, ids = self._slots, self._ids
        while entry := slots[slot]:
            if ids[(entry - 1) * ID_SIZE : entry * ID_SIZE] == page_id:
                return self._locations[entry - 1]
            slot = (slot + 1) & self._mask
        return None

    def add(self, page_id: bytes, location: int) -> None:
        """Remember one page that `find` did not find."""
        self.extend(page_id, location)

    def extend(self, ids: bytes, first_location: int) -> None:
        """Remember pages in consecutive locations. For an id that is known already the older one may win."""
        known = len(self._locations)
        count = len(ids) // ID_SIZE
        self._ids += ids
        self._locations.extend(range(first_location, first_location + count))
        if 2 * (known + count) > len(self._slots):
            self._resize(4 * (known + count))
        else:
            self._fill(known)

    def _resize(self, at_least: int) -> None:
        size = 1 << (at_least - 1).bit_length()
        self._mask = size - 1
        self._slots = array("I", bytes(4 * size))
        self._fill(0)

    def _fill(self, first_entry: int) -> None:
        slots, mask = self._slots, self._mask
        heads = array("Q", bytes(self._ids[first_entry * ID_SIZE :]))[::2]
        if sys.byteorder == "big":
            heads.byteswap()
        for entry, head in enumerate(heads, first_entry + 1):
            slot = head & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = entry
