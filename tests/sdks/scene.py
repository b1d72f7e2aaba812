"""A real `reprieve serve` over a real database that a reader and a writer have open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.support.databases import OLD, content_of, copy_database, make_database, writes_in
from tests.support.neighbours import Neighbours, neighbours
from tests.support.services import Service, serving

REPRIEVE = (sys.executable, "-m", "reprieve.adapters.cli")
DEADLINE = 60.0

Backup = dict[str, Any]


@attrs.frozen
class Scene:
    """A service over a database in use, and what both were promised."""

    folder: Path
    service: Service
    crowd: Neighbours

    @property
    def address(self) -> str:
        """Where clients find it: by the name that the SDKs' own default has."""
        return f"http://localhost:{self.service.port}"

    @property
    def database(self) -> Path:
        return self.folder / "snippets.db"

    def content(self) -> str:
        """What the database holds, beside what the writer writes."""
        return content_of(self.database)

    def catalogue(self) -> list[Backup]:
        """What `reprieve list` says, in the words of the API's document: asked without HTTP."""
        own = {"REPRIEVE_HOME": str(self.folder / "home"), "REPRIEVE_STORE": str(self.folder / "store")}
        listed = subprocess.run(
            [*REPRIEVE, "list", str(self.database), "--json"],
            env={**os.environ, **own},
            capture_output=True,
            check=True,
            timeout=DEADLINE,
        ).stdout
        known = ("id", "version", "timestamp", "bytes", "created", "platform")
        return [
            {**{name: backup[name] for name in known}, "device_name": backup["deviceName"]}
            for backup in json.loads(listed)["backups"]
        ]

    def unbroken(self) -> None:
        """The writer goes on, and nobody who had the database open has seen two contents in one."""
        self.crowd.write_more()
        self.crowd.stop()

    def untouched(self, content: str) -> None:
        """The database holds that content, and no write is lost that the writer was promised."""
        self.unbroken()
        assert content == self.content()
        assert set() == self.crowd.acknowledged - writes_in(self.database)


def make_small(path: Path) -> Path:
    """A database that is backed up at once."""
    return make_database(path, OLD, rows=50)


def make_catchable(path: Path) -> Path:
    """60 MB: a first backup takes a second or so, a cancel through an SDK some hundredths.

    The rows are few, so that the reader, who looks at each of them again and again, leaves time for others.
    """
    return make_database(path, OLD, rows=800, body=75_000)


@contextmanager
def scene(folder: Path, template: Path) -> Iterator[Scene]:
    """A copy of a database, in use, and a service over it, until the block ends."""
    database = copy_database(template, folder / "snippets.db")
    with neighbours(database) as crowd, serving(folder, str(database)) as service:
        yield Scene(folder, service, crowd)
