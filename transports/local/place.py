"""Where the backups are and with what they are opened: all that the transport, a worker and the command line
need to get at a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ...core import VERSION
from .home import Home

if TYPE_CHECKING:
    from .repository.repository import Repository
    from .stores import Store


@attrs.frozen
class Place:
    """A store by its path or URL, the home that may have its key, and a passphrase in case it has not."""

    store: str
    home: Home
    passphrase: str | None = attrs.field(default=None, repr=False)

    def repository(self) -> Repository:
        """The repository there. Raises NotFound where there is none, KeyRequired, UpdateRequired."""
        from .repository.opening import open_repository

        return open_repository(self._store(), self.home, version=VERSION, passphrase=lambda: self.passphrase)

    def repository_or_new(self, *, new_store: bool = False) -> Repository:
        """The repository there, made now if there is none; its key is then kept in the home.

        Raises StorageError where one was and is gone, unless `new_store` says that this is meant.
        """
        from .repository.opening import open_or_create_repository

        return open_or_create_repository(
            self._store(),
            self.home,
            version=VERSION,
            passphrase=lambda: self.passphrase,
            new_store=new_store,
        )

    def repository_or_planned(self, *, new_store: bool = False, allow_weak: bool = False) -> Repository:
        """The repository there, or one that is made by its `make`; raises as `repository_or_new` does."""
        from .repository.opening import open_or_plan_repository

        return open_or_plan_repository(
            self._store(),
            self.home,
            version=VERSION,
            passphrase=lambda: self.passphrase,
            new_store=new_store,
            allow_weak=allow_weak,
        )

    def is_empty(self) -> bool:
        """Whether there is no repository yet."""
        from .repository.config import Config

        return Config.read(self._store()) is None

    def _store(self) -> Store:
        from .stores import open_store  # late, as all of this: a worker may not need it

        return open_store(self.store)
