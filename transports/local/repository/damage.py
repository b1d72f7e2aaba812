"""What was found damaged: a marker in the store for each such pack or manifest.

Damage is what was read and is not what was stored, or what two listings agree is not there; what cannot be
read at the moment may be whole. A later backup shares nothing with what is marked, and so stores it anew. A
marker is an empty object that is only ever made; a wrong one costs room and nothing else. Must not know what
is damaged in an object, or how.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ....core.errors import Conflict, RepositoryCorrupt, StorageError
from ..stores import Store

PREFIX = "damaged/"
FOLDERS = (PREFIX + "packs/", PREFIX + "manifests/")

ADVICE = "Restore another backup, and back up again: that stores anew what was found damaged."
"""What every message about a damaged part of a backup ends with."""

_log = logging.getLogger(__name__)


class MissingObject(RepositoryCorrupt):
    """An object that something names is not there, as the store says this time."""


@contextmanager
def marking(store: Store, name: str) -> Iterator[None]:
    """Mark the object `name` if what is done inside finds it damaged; the RepositoryCorrupt goes on.

    Raises StorageError for one that is missing, and is listed all the same: that proves nothing.
    """
    try:
        yield
    except MissingObject:
        require_absent(store, name)
        mark(store, name)
        raise
    except RepositoryCorrupt:
        mark(store, name)
        raise


def require_absent(store: Store, name: str) -> None:
    """Raise StorageError unless two listings agree that an object is not there."""
    folder = name.rpartition("/")[0] + "/"
    for _ in range(2):
        if any(stored.name == name for stored in store.objects(folder)):
            raise StorageError(
                f"{name} in the store {store.url} could not be read just now, though it is listed. "
                "Look at the disk or the connection, then try again."
            )


def damaged_objects(store: Store) -> frozenset[str]:
    """The names of the objects that somebody found damaged."""
    listed = (stored.name for folder in FOLDERS for stored in store.objects(folder))
    return frozenset(name.removeprefix(PREFIX) for name in listed)


def mark(store: Store, name: str) -> None:
    """Note that `name` was found damaged; that it could not be noted is logged, and hides no error."""
    try:
        store.put(PREFIX + name, b"")
    except Conflict:
        return  # Somebody found it before.
    except StorageError as error:
        _log.warning("%s is damaged, which could not be noted in the store: %s", name, error)
