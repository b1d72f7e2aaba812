"""The one name of a database, and of a store: the same in every process and every working directory.

And the name of what lies beside a database while it is restored.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

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


def incoming_path(database: Path, job_id: str) -> Path:
    """What a job is fetching, before it takes the place of `database`: in the same folder, hidden."""
    return database.with_name(f"{incoming_prefix(database)}{job_id}.reprieve")


def incoming_prefix(database: Path) -> str:
    """How the names of such files begin: short, since the name itself may be as long as names can be."""
    digest = hashlib.blake2b(os.fsencode(database.name), digest_size=8).hexdigest()
    return f".{digest}."


def canonical_store(store: str | None) -> str:
    """The real path of a folder, or a URL as it is; None is the default store.

    Raises InvalidRequest for an empty name: a script's variable that was not set.
    """
    if store == "":
        raise InvalidRequest("The store has an empty name; give a folder's path or a URL, or leave it out.")
    where = store or default_store()
    return where if "://" in where else os.path.realpath(os.path.expanduser(where))
