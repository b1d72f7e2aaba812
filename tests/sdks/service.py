"""A real `reprieve serve` in a process of its own, over a real database that a reader and a writer have open."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.support.databases import content_of, copy_database, writes_in
from tests.support.neighbours import Neighbours, neighbours

COMMAND = (sys.executable, "-m", "reprieve.adapters.cli", "serve")
DEADLINE = 60.0


@attrs.frozen
class Service:
    """A service that is up: where it is, and what it serves."""

    address: str
    ready: dict[str, Any]
    process: subprocess.Popen[str]
    database: Path

    @property
    def port(self) -> int:
        """The TCP port that it listens on."""
        return int(self.address.rpartition(":")[2])


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process whose home and store are in `folder`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
    return {**inherited, "REPRIEVE_HOME": str(folder / "home"), "REPRIEVE_STORE": str(folder / "store")}


@contextmanager
def serving(folder: Path, target: str | Path, *options: str, port: int = 0) -> Iterator[Service]:
    """`reprieve serve TARGET` with a home and a store in `folder`, until the block ends."""
    process = subprocess.Popen(
        [*COMMAND, str(target), "--port", str(port), *options],
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(folder / "log").open("w"),
        text=True,
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line, (folder / "log").read_text()
        ready = json.loads(line)
        yield Service(ready["address"].replace("127.0.0.1", "localhost"), ready, process, Path(target))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DEADLINE)
        finally:
            process.kill()
            process.communicate()


@attrs.frozen
class Scene:
    """A service over a database in use, and what both were promised."""

    service: Service
    crowd: Neighbours

    @property
    def database(self) -> Path:
        return self.service.database

    @property
    def folder(self) -> Path:
        """Where the database, the home and the store are."""
        return self.database.parent

    def content(self) -> str:
        """What the database holds, beside what the writer writes."""
        return content_of(self.database)

    def unbroken(self) -> None:
        """The writer goes on, and nobody who had the database open has seen two contents in one."""
        self.crowd.write_more()
        self.crowd.stop()

    def untouched(self) -> None:
        """And no write is lost that the writer was promised."""
        self.unbroken()
        assert set() == self.crowd.acknowledged - writes_in(self.database)


@contextmanager
def scene(folder: Path, template: Path) -> Iterator[Scene]:
    """A copy of a database, in use, and a service over it."""
    database = copy_database(template, folder / "snippets.db")
    with neighbours(database) as crowd, serving(folder, database) as service:
        yield Scene(service, crowd)
