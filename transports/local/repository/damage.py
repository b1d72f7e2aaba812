"""What was found damaged: a marker in the store for each such pack or manifest.

A later backup shares nothing with what is marked, and so stores it anew. A marker is an empty object that is
only ever made; a wrong one costs room and nothing else. Must not know what is damaged in an object, or how.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ....core.errors import Conflict, RepositoryCorrupt, StorageError
from ..stores import Store

PREFIX = "damaged/"

ADVICE = "Restore another backup, and back up again: that stores anew what was found damaged."
"""What every message about a damaged part of a backup ends with."""

_log = logging.getLogger(__name__)


@contextmanager
def marking(store: Store, name: str) -> Iterator[None]:
    """Mark the object `name` if what is done inside finds it damaged; the RepositoryCorrupt goes on."""
    try:
        yield
    except RepositoryCorrupt:
        _mark(store, name)
        raise


def damaged_objects(store: Store) -> frozenset[str]:
    """The names of the objects that somebody found damaged."""
    return frozenset(stored.name.removeprefix(PREFIX) for stored in store.objects(PREFIX))


def _mark(store: Store, name: str) -> None:
    try:
        store.put(PREFIX + name, b"")
    except Conflict:
        return  # Somebody found it before.
    except StorageError as error:
        _log.warning("%s is damaged, which could not be noted in the store: %s", name, error)
