"""What a creation says when something fails that is not the store's: a sentence, not a dead worker."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import attrs
import pytest

from reprieve.core.errors import BadSource, InvalidRequest, StorageError, StorageFull
from reprieve.core.job import Job, JobKind
from reprieve.core.messages import Completed, Event, Interrupted
from reprieve.transports.local import failpoints
from reprieve.transports.local.home import Home
from reprieve.transports.local.place import Place
from reprieve.transports.local.snapshot import take
from reprieve.transports.local.snapshot.take import Method
from reprieve.transports.local.worker.channel import Channel
from reprieve.transports.local.worker.creation import create, recover_creation
from reprieve.transports.local.worker.task import Task


@attrs.define
class Parent:
    """A channel whose other end remembers what it is told."""

    told: list[Event] = attrs.field(factory=list)

    def tell(self, event: Event) -> None:
        self.told.append(event)

    ask = tell

    def cancelled(self) -> bool:
        return False


@pytest.fixture
def parent() -> Parent:
    return Parent()


@pytest.fixture
def task(tmp_path: Path, parent: Parent) -> Task:
    """The creation of a Backup of a small database, into a new store."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE note (body TEXT)")
    job = Job("job", JobKind.CREATION, str(path), datetime.now(UTC))
    home = Home(tmp_path / "home", tmp_path / "home")
    return Task(cast("Channel", parent), job, Place(str(tmp_path / "store"), home))


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot is read in a way that cannot check it, so that what was stored has to be checked."""
    monkeypatch.setattr(take, "_plan", lambda file: [(Method.BACKUP, 1)])


def failing(error: OSError) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == "repository.packs.stored":
            raise error

    return reached


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), StorageFull),
        (OSError(5, "Input/output error"), StorageError),
        (PermissionError(13, "Permission denied"), BadSource),
    ],
)
def test_an_error_of_the_system(task: Task, error: OSError, said: type[Exception]) -> None:
    failpoints.install(failing(error))
    try:
        with pytest.raises(said, match=error.strerror):
            create(task)
    finally:
        failpoints.install(None)


@pytest.mark.usefixtures("unchecked")
def test_what_was_stored_cannot_be_checked_without_a_folder(task: Task, parent: Parent) -> None:
    stages = task.home.stages
    stages.rmdir()
    stages.write_text("in the way")

    with pytest.raises(InvalidRequest, match="stage"):
        create(task)

    assert not any(isinstance(event, Completed) for event in parent.told)


@pytest.mark.usefixtures("unchecked")
def test_what_was_stored_is_checked_where_the_source_was_not(task: Task, parent: Parent) -> None:
    create(task)

    assert isinstance(parent.told[-1], Completed)
    assert [] == list(task.home.stages.iterdir())


def test_for_a_damaged_source_nothing_is_made(task: Task, parent: Parent) -> None:
    path = Path(task.job.database)
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO note VALUES (zeroblob(100000))")
        database.commit()
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    path.write_bytes(data)

    with pytest.raises(BadSource, match="damaged"):
        create(task)

    assert not Path(task.place.store).exists()
    assert [] == list(task.home.keys.iterdir())

    create(attrs.evolve(task, job=attrs.evolve(task.job, options={"force": True})))

    completed = parent.told[-1]
    assert isinstance(completed, Completed)
    assert completed.backup is not None and completed.backup.source_damaged


def test_a_copy_that_a_killed_worker_left_goes_with_the_recovery(task: Task, parent: Parent) -> None:
    left = task.home.stages / "job.copy.db"
    left.write_bytes(b"plain")

    recover_creation(task)

    assert not left.exists()
    assert isinstance(parent.told[-1], Interrupted)
