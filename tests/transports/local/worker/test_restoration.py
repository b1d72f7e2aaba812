"""What a restoration makes of a damaged backup that has no mark, such as 0.1 could make."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import attrs
import pytest

from reprieve.core.errors import RepositoryCorrupt
from reprieve.core.job import Job, JobKind
from reprieve.core.messages import Completed, Event
from reprieve.transports.local.home import Home
from reprieve.transports.local.place import Place
from reprieve.transports.local.worker.channel import Channel
from reprieve.transports.local.worker.creation import create
from reprieve.transports.local.worker.restoration import restore
from reprieve.transports.local.worker.task import Task


@attrs.define
class Parent:
    """A channel whose other end takes every offer, and remembers what it hears."""

    events: list[Event] = attrs.field(factory=list)

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def ask(self, event: Event) -> bool:
        self.events.append(event)
        return True

    def cancelled(self) -> bool:
        return False


@pytest.fixture
def parent() -> Parent:
    return Parent()


@pytest.fixture
def unmarked(tmp_path: Path, parent: Parent) -> Task:
    """The restoration of a damaged database that was backed up unchecked."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE note (body TEXT)")
        database.execute("INSERT INTO note VALUES (zeroblob(100000))")
        database.commit()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    home = Home(tmp_path / "home", tmp_path / "home")
    job = Job("creation", JobKind.CREATION, str(path), datetime.now(UTC), options={"check": "none"})
    task = Task(cast("Channel", parent), job, Place(str(tmp_path / "store"), home))
    create(task)
    completed = parent.events[-1]
    assert isinstance(completed, Completed) and completed.backup and not completed.backup.source_damaged
    target = str(tmp_path / "restored.db")
    job = Job("restoration", JobKind.RESTORATION, target, datetime.now(UTC), backup_id=completed.backup.id)
    return attrs.evolve(task, job=job)


def test_it_is_refused(unmarked: Task) -> None:
    with pytest.raises(RepositoryCorrupt, match=r"The database in the backup is damaged: .*or force it"):
        restore(unmarked)

    assert not Path(unmarked.job.database).exists()


def test_force_restores_it_as_it_is(unmarked: Task) -> None:
    restore(attrs.evolve(unmarked, job=attrs.evolve(unmarked.job, options={"force": True})))

    restored = Path(unmarked.job.database)
    assert restored.with_name("a.db").read_bytes() == restored.read_bytes()
