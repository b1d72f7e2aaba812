"""The one name of a database, and of a store: the same in every process and every working directory."""

from __future__ import annotations

import os

from ...core.errors import InvalidRequest
from .home import default_store


def canonical_database(target: str) -> str:
    """The real path of a database that was named by a path or a `file:` URL; nothing is opened.

    Raises InvalidRequest for what is no path at all.
    """
    try:
        named = b"\0" not in os.fsencode(target)
    except UnicodeEncodeError:  # half a character
        named = False
    if not named:
        raise InvalidRequest(f"No file can have the name {target!r}; give a database's path.")
    return os.path.realpath(os.path.expanduser(target.removeprefix("file://").removeprefix("file:")))


def canonical_store(store: str | None) -> str:
    """The real path of a folder, or a URL as it is; None is the default store.

    Raises InvalidRequest for an empty name: a script's variable that was not set.
    """
    if store == "":
        raise InvalidRequest("The store has an empty name; give a folder's path or a URL, or leave it out.")
    where = store or default_store()
    return where if "://" in where else os.path.realpath(os.path.expanduser(where))
