"""Object stores, opened by a path or a URL.

Knows which kinds of store there are; must not know what is kept in them.
"""

from __future__ import annotations

from pathlib import Path

from ....core.errors import Unsupported
from ..names import canonical_store
from .port import Store, Stored, Upload

__all__ = ["Store", "Stored", "Upload", "open_store"]


def open_store(where: str | Path) -> Store:
    """The store at a path or a `file://` URL. Nothing is made or touched yet.

    Raises Unsupported for a kind of store that this version cannot reach, and InvalidRequest for a
    `file:` URL that names no local folder, or a URL with a secret in it.
    """
    from .folder import FolderStore

    if isinstance(where, Path):
        return FolderStore(where.expanduser().absolute())
    folder = canonical_store(where)
    scheme, separator, _ = folder.partition("://")
    if separator:
        raise Unsupported(
            f"Stores of the kind {scheme}:// cannot be used yet; name a folder by its path or a file:// URL."
        )
    return FolderStore(Path(folder))
