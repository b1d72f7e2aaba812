"""Where reprieve keeps what is its own: keys, journal, undo copies, stages, the list of databases.

REPRIEVE_HOME moves all of it; otherwise the platform's folders are used. The default store is
never inside it: a key must not lie beside the store that it opens.
"""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from ...core.errors import StorageError
from .files import make_folder

VARIABLE = "REPRIEVE_HOME"
STORE_VARIABLE = "REPRIEVE_STORE"


@attrs.frozen
class Home:
    """The folders of one user. They are made, private to the user, when first needed."""

    config: Path
    data: Path

    @classmethod
    def find(cls) -> Home:
        """The home that the environment names, or else the platform's."""
        named = os.environ.get(VARIABLE)
        if named:
            root = Path(named).expanduser().absolute()
            return cls(root, root)
        import platformdirs  # late: costs 30 ms

        return cls(
            platformdirs.user_config_path("reprieve", appauthor=False),
            platformdirs.user_data_path("reprieve", appauthor=False),
        )

    @property
    def keys(self) -> Path:
        """One file for each repository's key, 0600."""
        return self._folder(self.config / "keys")

    @property
    def databases(self) -> Path:
        """The file that lists the registered databases."""
        return self._folder(self.config) / "databases.json"

    @property
    def stores(self) -> Path:
        """The file that remembers which repository is in which store."""
        return self._folder(self.config) / "stores.json"

    @property
    def journal(self) -> Path:
        """The journal's own SQLite file."""
        return self._folder(self.data) / "journal.db"

    @property
    def owners(self) -> Path:
        """One locked file for each process that owns jobs."""
        return self._folder(self.data / "owners")

    @property
    def workers(self) -> Path:
        """One locked file for each worker that is alive."""
        return self._folder(self.data / "workers")

    @property
    def turns(self) -> Path:
        """Which part of what it shares the next backup of each database reads."""
        return self._folder(self.data / "turns")

    @property
    def stages(self) -> Path:
        """Fetched backups on their way into a database."""
        return self._folder(self.data / "stage")

    @property
    def undo(self) -> Path:
        """What restorations replaced."""
        return self._folder(self.data / "undo")

    @staticmethod
    def _folder(path: Path) -> Path:
        try:
            make_folder(path)
        except OSError as error:
            raise StorageError(
                f"The folder {path}, where reprieve keeps what is its own, cannot be made "
                f"({error.strerror or error}). Set {VARIABLE} to a folder that this user may write to."
            ) from error
        return path


def default_store() -> str:
    """Where backups go when nobody says where: REPRIEVE_STORE, or the platform's data folder."""
    named = os.environ.get(STORE_VARIABLE)
    if named:
        return named
    import platformdirs

    return str(platformdirs.user_data_path("reprieve", appauthor=False) / "store")
