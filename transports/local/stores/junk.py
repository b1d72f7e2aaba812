"""What lies in a store and is none of its objects: passed over, with one warning.

File servers, sync tools and file managers put files into every folder (.DS_Store, @eaDir, conflict copies). A
process that lives long looks at a store many times, and must not warn of the same files each time.
"""

from __future__ import annotations

import logging

SYSTEM = frozenset(
    {
        "lost+found",
        "System Volume Information",
        "desktop.ini",
        "Thumbs.db",
        "@eaDir",
        "@tmp",
        "@Recycle",
        "@Recently-Snapshot",
        "#recycle",
        "#snapshot",
        "Network Trash Folder",
        "Temporary Items",
    }
)
"""What systems and file servers put into a folder that is not used yet."""

_log = logging.getLogger(__name__)
_told: set[str] = set()


def pass_over(store: str, name: str) -> None:
    """Say that `name` in `store` is no object of ours; of each store once in this process."""
    if store not in _told:
        _told.add(store)
        _log.warning(
            "The store %s also holds what is not reprieve's (%r); such files are passed over.", store, name
        )
