"""Object stores, opened by a path or a URL.

Knows which kinds of store there are; must not know what is kept in them.
"""

from __future__ import annotations

from pathlib import Path

from ....core.errors import InvalidRequest, Unsupported
from ..names import refuse_secrets
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
    scheme, separator, _ = where.partition("://")
    if not separator:
        return FolderStore(Path(where).expanduser().absolute())
    refuse_secrets(where)
    if scheme.lower() != "file":
        raise Unsupported(
            f"Stores of the kind {scheme}:// cannot be used yet; name a folder by its path or a file:// URL."
        )
    from urllib.parse import unquote, urlsplit
    from urllib.request import url2pathname  # late: it brings a whole HTTP client

    url = urlsplit(where)
    if url.netloc not in ("", "localhost") or not unquote(url.path).strip("/"):
        raise InvalidRequest(f"{where} names no folder of this machine; write file:///path/to/folder.")
    return FolderStore(Path(url2pathname(url.path)))
