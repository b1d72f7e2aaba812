"""What the repository asks of an object store, and what every store MUST do.

Kept to what a folder and S3 can both do. Objects are written once and never changed, so no store
needs compare-and-swap. Must not know what the objects mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol

import attrs


@attrs.frozen
class Stored:
    """An object in a store: its name and its size in bytes."""

    name: str
    size: int


class Upload(Protocol):
    """One object on its way into the store. It does not exist before `commit` has returned.

    Leaving the `with` block without a commit MUST leave nothing behind.
    """

    def write(self, data: bytes) -> None:
        """Append. Raises StorageFull or StorageError."""
        ...

    def commit(self) -> None:
        """Make the object exist, durably. Raises Conflict, and changes nothing, if its name is taken."""
        ...

    def abort(self) -> None:
        """Forget what was written. Does nothing after a commit."""
        ...

    def __enter__(self) -> Upload: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Store(Protocol):
    """A flat set of named, immutable objects. Names are made of `[A-Za-z0-9._-]` and `/`.

    A call that fails raises a StorageError (StorageFull where there is no room) that names the store and
    the object; an object that is not there raises NotFound. What lies there and cannot be an object (a
    folder, a link, a name of other characters) MUST be passed over, and a link MUST NOT be followed.
    """

    @property
    def url(self) -> str:
        """How a person names this store."""
        ...

    def upload(self, name: str) -> Upload:
        """Start writing an object piece by piece. Its name is taken only by the commit."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Write a small object at once, durably. Of several racing writers exactly one succeeds; the
        others get Conflict."""
        ...

    def get(self, name: str, limit: int) -> bytes:
        """A whole object of at most `limit` bytes. Raises RepositoryCorrupt for a larger one, unread."""
        ...

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; fewer only where the object ends."""
        ...

    def size(self, name: str) -> int:
        """The size of an object in bytes."""
        ...

    def objects(self, prefix: str) -> Iterator[Stored]:
        """Every object whose name starts with `prefix` (which ends in `/`), in no order."""
        ...

    def tops(self) -> Iterator[str]:
        """The part before the first `/` of every object's name, and of whatever else lies there, in no order.

        What the store or the system itself keeps there is left out, hidden files are too.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...

    def withdraw(self) -> None:
        """Leave no trace of a store in which there is nothing: folders that an upload of this object made."""
        ...

    def sweep(self) -> None:
        """Remove what uploads of dead processes left behind; leaves those under way alone."""
        ...
