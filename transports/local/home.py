"""Where reprieve keeps what is its own: keys, journal, undo copies, stages, the list of databases.

REPRIEVE_HOME moves all of it; otherwise the platform's folders are used. The default store is
never inside it: a key must not lie beside the store that it opens.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import attrs

from ...core.errors import InvalidRequest, ReprieveError, StorageError, StorageFull
from .files import is_full, is_read_only, make_folder

VARIABLE = "REPRIEVE_HOME"
STORE_VARIABLE = "REPRIEVE_STORE"

KEY_FOLDER = "keys"
"""In the folder of the configuration."""


@attrs.frozen
class Home:
    """The folders of one user. They are made, private to the user, when first needed."""

    config: Path
    data: Path
    work: Path | None = None
    """Where plain copies of databases lie for a while, if not beside the other data."""

    @classmethod
    def find(cls) -> Home:
        """The home that the environment names, or else the platform's."""
        named = os.environ.get(VARIABLE)
        if named:
            root = _absolute(expanded(named))
            return cls(root, root)
        import platformdirs  # late: costs 30 ms

        return cls(
            _of_platform(platformdirs.user_config_path),
            _of_platform(platformdirs.user_data_path),
        )

    @property
    def keys(self) -> Path:
        """One file for each repository's key, 0600."""
        return self._folder(self.config / KEY_FOLDER)

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
        """Fetched backups on their way into a database, and copies of databases on their way into a backup.

        Raises InvalidRequest for a work folder of its own name that others can look into.
        """
        return self._folder(self.data / "stage") if self.work is None else _private(self.work)

    @property
    def days(self) -> Path:
        """The file that counts the days on which this home ran."""
        return self._folder(self.data) / "days.json"

    @property
    def undo(self) -> Path:
        """What restorations replaced."""
        return self._folder(self.data / "undo")

    @property
    def keeps_undo_copies(self) -> bool:
        """Whether anything was ever replaced; looks, and makes no folder."""
        return (self.data / "undo").is_dir()

    @staticmethod
    def _folder(path: Path) -> Path:
        try:
            make_folder(path)
        except OSError as error:
            raise unusable(f"The folder {path}, where reprieve keeps its own files,", error) from error
        return path


def unusable(what: str, error: OSError) -> ReprieveError:
    """What a file of ours, named by `what`, failed with: a full disk, a wrong setting, or a bad disk."""
    why = error.strerror or str(error)
    if is_full(error):
        return StorageFull(f"{what} cannot be written: {why}. Make room, then try again.")
    if isinstance(error, _SETTINGS) or is_read_only(error):
        return InvalidRequest(
            f"{what} cannot be made or used: {why}. Set {VARIABLE} to a folder that this user may read and "
            "write, or change its permissions."
        )
    return StorageError(f"{what} cannot be read or written: {why}. Check the disk, then try again.")


_SETTINGS = (PermissionError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
"""What the system says of a place where no folder of ours can be."""


def _private(folder: Path) -> Path:
    """A folder that somebody named, made if it is missing. Raises InvalidRequest unless it is private."""
    try:
        make_folder(folder)
        status = folder.stat()
    except OSError as error:
        raise InvalidRequest(
            f"The work folder {folder} cannot be used ({error.strerror or error}); name another by "
            "--work-dir."
        ) from error
    if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
        raise InvalidRequest(
            f"The work folder {folder} is not private to this user, and plain copies of databases lie there. "
            f"Run `chmod 700 {folder}`, or name another by --work-dir: one that is missing is made."
        )
    return folder


def default_store() -> str:
    """Where backups go by default: REPRIEVE_STORE, or a folder of the platform's for data.

    Where configuration and data share a folder (macOS, Windows), a new store lies beside that, not in it.
    """
    named = os.environ.get(STORE_VARIABLE)
    if named:
        return named
    import platformdirs

    data, config = _of_platform(platformdirs.user_data_path), _of_platform(platformdirs.user_config_path)
    store = data / "store"
    if data.is_relative_to(config) and not os.path.lexists(store):
        store = data.with_name("reprieve-store")
    return str(store)


def expanded(path: str) -> str:
    """The path with `~` in the place of the home folder. Raises InvalidRequest where there is none.

    A file of that name can be named `./~`.
    """
    whole = os.path.expanduser(path)
    if whole.startswith("~") and re.split(r"[/\\]", whole)[0] == "~":
        raise InvalidRequest(
            f"{path} is below a home folder, and there is none: set HOME, or give the whole path."
        )
    return whole


def _of_platform(find: Callable[..., Path]) -> Path:
    """A folder of the platform's. Raises InvalidRequest where there is no home folder to have it."""
    try:
        path = find("reprieve", appauthor=False)
    except RuntimeError:  # what platformdirs says; older ones give a path that begins with a tilde
        path = Path("~")
    if path.is_absolute():
        return path
    raise InvalidRequest(
        f"There is no home folder to keep keys and the journal in: set HOME, or set {VARIABLE} to a folder "
        f"of reprieve's own (and {STORE_VARIABLE} to one for the backups)."
    )


def _absolute(path: str) -> Path:
    try:
        return Path(path).absolute()
    except FileNotFoundError as error:
        raise InvalidRequest(
            f"{VARIABLE} is {path}, and the current folder is gone; give it as a whole path."
        ) from error
