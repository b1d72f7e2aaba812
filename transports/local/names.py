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

    Raises InvalidRequest for an empty name (a script's variable that was not set), and for a URL with a
    secret in it.
    """
    if store == "":
        raise InvalidRequest("The store has an empty name; give a folder's path or a URL, or leave it out.")
    where = store or default_store()
    if "://" not in where:
        return os.path.realpath(os.path.expanduser(where))
    refuse_secrets(where)
    return where


def refuse_secrets(store: str) -> None:
    """Raise InvalidRequest for a store's URL with a name, a password or a query, without repeating it."""
    if holds_secret(store):
        raise InvalidRequest(
            "The URL of a store must hold no name, no password and nothing after a `?` or a `#`, as others "
            f"can read it; this one ({store.partition('://')[0]}://) does. Name the store without them, and "
            "give secrets in files or the environment."
        )


def holds_secret(store: str) -> bool:
    """Whether a store's URL may hold a secret: a password may have any character, also a slash."""
    scheme, separator, rest = store.partition("://")
    authority = rest.partition("/")[0] if scheme.lower() == "file" else rest
    return bool(separator) and ("@" in authority or "?" in rest or "#" in rest)


def without_secret(store: str) -> str:
    """A store's name, fit to be shown: of a URL that may hold a secret only what surely is none."""
    return f"{store.partition('://')[0]}://***@***" if holds_secret(store) else store
