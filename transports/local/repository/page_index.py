"""Where a page with a given id is stored already: a hash table in three flat arrays.

Sixteen bytes for the id, eight for the location and eight to sixteen for the slots, where a Python dict costs
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

    def claim(self, page_id: bytes, location: int) -> int:
        """The location of the page with this id; `location`, from now on, if it is new."""
        slots, ids, locations = self._slots, self._ids, self._locations
        slot = int.from_bytes(page_id[:8], sys.byteorder) & self._mask
        while entry := slots[slot]:
            if ids[(entry - 1) * ID_SIZE : entry * ID_SIZE] == page_id:
                return locations[entry - 1]
            slot = (slot + 1) & self._mask
        ids += page_id
        locations.append(location)
        slots[slot] = len(locations)
        if 2 * len(locations) > len(slots):
            self._resize(3 * len(locations))
        return location

    def extend(self, ids: bytes, first_location: int) -> None:
        """Remember pages in consecutive locations. Of an id that comes twice the older location is found."""
        known = len(self._locations)
        count = len(ids) // ID_SIZE
        self._ids += ids
        self._locations.extend(range(first_location, first_location + count))
        if 2 * (known + count) > len(self._slots):
            self._resize(3 * (known + count))
        else:
            self._fill(known)

    def _resize(self, at_least: int) -> None:
        size = 1 << (at_least - 1).bit_length()
        self._mask = size - 1
        self._slots = array("I", bytes(4 * size))
        self._fill(0)

    def _fill(self, known: int) -> None:
        slots, mask = self._slots, self._mask
        with memoryview(self._ids) as ids, ids.cast("Q") as words:
            for entry, head in enumerate(words[2 * known :: 2], known + 1):
                slot = head & mask
                while slots[slot]:
                    slot = (slot + 1) & mask
                slots[slot] = entry
