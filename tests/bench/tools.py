"""The programs that are compared, each as its users run it, and with its own encryption and compression.

Each knows its command lines and the folder that it may use; must not know which databases come, or when.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import attrs

from .processes import Ran, run


class Tool(Protocol):
    """A program that keeps backups of one database in a store of its own."""

    name: str

    @property
    def version(self) -> str:
        """Which one is installed."""
        ...

    def prepare(self) -> None:
        """Make an empty store, where that is a step of its own."""
        ...

    def backup(self, database: Path) -> Ran:
        """Back the database up."""
        ...

    def restore(self, database: Path, folder: Path) -> Ran:
        """Put the newest backup into the empty `folder`, checking what is read."""
        ...

    def stored(self) -> int:
        """The size of the store in bytes."""
        ...


@attrs.define
class Reprieve:
    """This program: the command that the package installs."""

    folder: Path
    name = "reprieve"

    @property
    def version(self) -> str:
        return self._run("--version").said.split()[-1]

    def prepare(self) -> None:
        """The first backup makes the store."""

    def backup(self, database: Path) -> Ran:
        return self._run("backup", str(database), "--store", "store")

    def restore(self, database: Path, folder: Path) -> Ran:
        return self._restore(self.backups(database)[-1], folder / database.name)

    def restore_into(self, backup: str, database: Path) -> Ran:
        """Put a backup in place of a database that is there."""
        return self._restore(backup, database)

    def revert(self, database: Path) -> Ran:
        """Undo that."""
        return self._run("revert", str(database), "--store", "store")

    def backups(self, database: Path) -> list[str]:
        """The ids of a database's backups, oldest first."""
        listed = json.loads(self._run("list", str(database), "--store", "store", "--json").said)
        return [backup["id"] for backup in listed["backups"]]

    def stored(self) -> int:
        return size_of(self.folder / "store")

    def _restore(self, backup: str, database: Path) -> Ran:
        return self._run("restore", backup, str(database), "--store", "store", "--yes")

    def _run(self, *words: str) -> Ran:
        command = str(Path(sys.executable).with_name("reprieve"))
        home = {"REPRIEVE_HOME": str(self.folder / "home")}
        return run((command, *words), environment=os.environ | home, folder=self.folder)


@attrs.define
class Restic:
    """restic, with its usual settings (compression `auto`)."""

    folder: Path
    name = "restic"

    @property
    def version(self) -> str:
        return self._run("version").said.split()[1]

    def prepare(self) -> None:
        self._run("init")

    def backup(self, database: Path) -> Ran:
        return self._run("backup", str(database.parent))

    def restore(self, database: Path, folder: Path) -> Ran:
        return self._run("restore", "latest", "--target", str(folder), "--verify")

    def stored(self) -> int:
        return size_of(self.folder / "store")

    def _run(self, *words: str) -> Ran:
        settings = {
            "RESTIC_REPOSITORY": str(self.folder / "store"),
            "RESTIC_CACHE_DIR": str(self.folder / "cache"),
            "RESTIC_PASSWORD": "correct horse battery staple",
        }
        return run(("restic", *words), environment=os.environ | settings, folder=self.folder)


@attrs.define
class Borg:
    """borg, encrypted with `repokey-blake2`, compressed with zstd at level 3. Its `extract` checks."""

    folder: Path
    name = "borg"
    _made: int = 0

    @property
    def version(self) -> str:
        return self._run("--version").said.split()[-1]

    def prepare(self) -> None:
        self._run("init", "--encryption", "repokey-blake2", "store")

    def backup(self, database: Path) -> Ran:
        self._made += 1
        return self._run("create", "--compression", "zstd,3", f"store::{self._made}", str(database.parent))

    def restore(self, database: Path, folder: Path) -> Ran:
        return self._run("extract", f"{self.folder / 'store'}::{self._made}", folder=folder)

    def stored(self) -> int:
        return size_of(self.folder / "store")

    def _run(self, *words: str, folder: Path | None = None) -> Ran:
        settings: Mapping[str, str] = {
            "BORG_BASE_DIR": str(self.folder / "base"),
            "BORG_PASSPHRASE": "correct horse battery staple",
        }
        return run(("borg", *words), environment=os.environ | settings, folder=folder or self.folder)


def tools(folder: Path) -> list[Tool]:
    """Those that are installed, ours first; each has a new folder of its own in `folder`."""
    installed: list[Tool] = [Reprieve(_new(folder / "reprieve"))]
    if shutil.which("restic"):
        installed.append(Restic(_new(folder / "restic")))
    if shutil.which("borg"):
        installed.append(Borg(_new(folder / "borg")))
    return installed


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def size_of(folder: Path) -> int:
    """The size of all files in a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
