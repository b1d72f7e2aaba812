"""Which repository this user last met in which store, so that one that is gone is not taken for a new one.

One JSON file, replaced whole under a lock. Knows stores and repositories by their names only.
"""

from __future__ import annotations

import json

import attrs

from ...core.errors import StorageError
from .files import write_at, written
from .home import Home, unusable
from .os_lock import OsLock

FORMAT = 1
PATIENCE = 10.0
"""Seconds to wait for another process that changes the file."""


@attrs.frozen
class KnownStores:
    """The stores of one user. Several processes may change the file at once."""

    home: Home

    def repository_in(self, store: str) -> str | None:
        """The id of the repository last met in the store of this name. Raises StorageError."""
        return self._all().get(store)

    def remember(self, store: str, repository_id: str) -> None:
        """This repository is in that store now. Writes nothing where that is known. Raises StorageError."""
        if self.repository_in(store) == repository_id:
            return
        path = self.home.stores
        try:
            lock = OsLock(path.with_suffix(".lock"))
            lock.acquire(PATIENCE)
            with lock:
                said = {"format": FORMAT, "stores": {**self._all(), store: repository_id}}
                text = json.dumps(said, indent=2, sort_keys=True)
                with written(path, "stores") as descriptor:
                    write_at(descriptor, text.encode(), 0)
        except OSError as error:
            raise unusable(f"The list of stores {path}", error) from error

    def _all(self) -> dict[str, str]:
        path = self.home.stores
        try:
            said = json.loads(path.read_text("utf-8"))
            if said["format"] != FORMAT:
                raise ValueError(said["format"])
            return {str(store): str(repository_id) for store, repository_id in said["stores"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise unusable(f"The list of stores {path}", error) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(
                f"The list of stores {path} makes no sense. Remove it: it is made anew."
            ) from error
