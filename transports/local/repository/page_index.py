"""Where a page with a given id is stored already: a hash table in three flat arrays.

Sixteen bytes for the id, eight for the location and eight to sixteen for the slots, where a Python dict costs
350 bytes a page. Knows nothing of packs.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence

from .packs import ID_SIZE


class PageIndex:
    """Ids and their locations, by open addressing. The ids are hashes, so their first bytes are the slot."""

    def __init__(self) -> None:
        self._ids = bytearray()
        self._locations = array("Q")
        self._slots = array("I", (0,)) * (1 << 12)
        self._mask = len(self._slots) - 1

    def __len__(self) -> int:
        return len(self._locations)

    def claim(self, page_ids: Sequence[bytes], location: int) -> list[int]:
        """The location of each page with such an id; the new ones get `location` and those after it."""
        self._make_room(len(page_ids))
        slots, mask, ids, locations = self._slots, self._mask, self._ids, self._locations
        found = []
        for page_id in page_ids:
            slot = int.from_bytes(page_id[:8], sys.byteorder) & mask
            while (entry := slots[slot]) and ids[(entry - 1) * ID_SIZE : entry * ID_SIZE] != page_id:
                slot = (slot + 1) & mask
            if not entry:
                ids += page_id
                locations.append(location)
                location += 1
                entry = slots[slot] = len(locations)
            found.append(locations[entry - 1])
        return found

    def extend(self, ids: bytes, first_location: int) -> None:
        """Remember pages in consecutive locations. Of an id that comes twice the older location is found."""
        known = len(self._locations)
        count = len(ids) // ID_SIZE
        self._make_room(count)
        self._ids += ids
        self._locations.extend(range(first_location, first_location + count))
        self._fill(known)

    def _make_room(self, count: int) -> None:
        """Keep a quarter of the slots free when so many more are taken."""
        wanted = (len(self) + count) * 4 // 3
        if wanted > len(self._slots):
            self._slots = array("I", (0,)) * (1 << wanted.bit_length())
            self._mask = len(self._slots) - 1
            self._fill(0)

    def _fill(self, known: int) -> None:
        slots, mask = self._slots, self._mask
        with memoryview(self._ids) as ids, ids.cast("Q") as words:
            for entry, head in enumerate(words[2 * known :: 2], known + 1):
                slot = head & mask
                while slots[slot]:
                    slot = (slot + 1) & mask
                slots[slot] = entry
