"""A creation, in the worker: the pages of a live database into the repository, and a Backup of them."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from ....core.errors import FORCE_IT, BadSource, Conflict, NotFound, Problem, WasInterrupted
from ....core.job import Backup
from ....core.lifecycle import JobState
from ....core.messages import Cancelled, Completed, Interrupted, Noted
from ..database_file import examine
from ..image import Image, Sink
from ..repository.records import BackupRecord
from ..repository.repository import Repository
from ..snapshot.request import CheckKind, SnapshotCancelled
from .task import Meter, Task

if TYPE_CHECKING:
    from ..repository.writer import BackupWriter

REHASH_AFTER = timedelta(days=3)
"""How long 'nothing has changed' is believed before every page is read again."""


def create(task: Task) -> None:
    """Back the job's database up, and tell how it goes."""
    database = Path(task.job.database)
    examine(database, as_source=True, force=task.has("force"), resolved=True)
    try:
        task.channel.tell(Completed(_backed_up(task)))
    except SnapshotCancelled:
        task.channel.tell(Cancelled())


def _backed_up(task: Task) -> Backup:
    repository = task.place.repository_or_planned(
        new_store=task.has("new_store"), allow_weak=task.has("allow_weak")
    )
    parent = repository.latest(task.job.database)
    if parent and _unchanged(task, parent) and repository.seems_whole(parent):
        return repository.republish(parent, announce=lambda backup: _announce(task, backup))
    try:
        return _store(task, repository, parent)
    except Conflict:
        if task.place.is_empty() or task.place.repository().id == repository.id:
            raise
        return _backed_up(task)  # another process made a repository there meanwhile


def recover_creation(task: Task) -> None:
    """Settle a creation whose worker is gone: its Backup was published, or it was not."""
    announced = task.job.backup
    published = announced and _published(task, announced)
    if published:
        task.channel.tell(Completed(published))
    elif task.job.state is JobState.CANCELLING:
        task.channel.tell(Cancelled())
    else:
        said = f"The process that backed {task.job.database} up ended before it was done. "
        next_time = "The database is untouched, and what was stored serves the next backup."
        task.channel.tell(Interrupted(Problem(WasInterrupted.kind, said + next_time, temporary=True)))


def _published(task: Task, announced: Backup) -> Backup | None:
    try:
        found = task.place.repository().backup(announced.id)
    except NotFound:
        return None
    return found if found.database == task.job.database else None  # another process took the id meanwhile


def _unchanged(task: Task, parent: BackupRecord) -> bool:
    from ..snapshot.fingerprint import unchanged

    fingerprint = parent.image.fingerprint
    if task.has("force") or task.option("check", "quick") != "quick" or fingerprint is None:
        return False
    read = datetime.fromisoformat(cast("str", fingerprint["read"]))
    recent = timedelta() <= datetime.now(UTC) - read < REHASH_AFTER
    return recent and unchanged(Path(task.job.database), fingerprint)


def _store(task: Task, repository: Repository, parent: BackupRecord | None) -> Backup:
    """Read, store and publish. For a source that is found damaged, no repository is made."""
    sound = threading.Event()
    if task.has("force") or task.option("check", "quick") == "none":
        sound.set()
    with _border(task), repository.writer(parent, task.job.database, sound.is_set) as writer:
        _announce(task, writer.allot())
        image = _take(task, _Metered(writer, Meter(task.channel)), sound)
        if image.fingerprint is not None:
            read = {"read": datetime.now(UTC).isoformat()}
            image = attrs.evolve(image, fingerprint={**image.fingerprint, **read})
        return writer.finish(_checked(task, writer, image))


def _take(task: Task, sink: Sink, sound: threading.Event) -> Image:
    from ..snapshot.take import take

    with _border(task):
        return take(
            Path(task.job.database),
            sink,
            cancelled=task.channel.cancelled,
            check=cast("CheckKind", task.option("check", "quick")),
            force=task.has("force"),
            sound=sound.set,
            resolved=True,
        )


def _border(task: Task) -> AbstractContextManager[None]:
    from ..border import foreign_errors

    return foreign_errors("backing up", Path(task.job.database), BadSource)


def _announce(task: Task, backup: Backup) -> None:
    """Recovery must know which Backup to look for before it can exist."""
    task.channel.ask(Noted("create", backup=backup))


def _checked(task: Task, writer: BackupWriter, image: Image) -> Image:
    """The image with what a check of what was stored found, where the snapshot could not check it."""
    if image.problems is not None or task.option("check", "quick") == "none":
        return image
    from .checking import check_stored

    problems = check_stored(writer.reader(), task)
    if problems and not task.has("force"):
        raise BadSource(
            f"{task.job.database} is damaged ({'; '.join(problems)}). Repair it, or "
            f"{FORCE_IT} to keep it as it is."
        )
    return attrs.evolve(image, problems=problems)


@attrs.frozen
class _Metered:
    """A sink that tells how much has gone through it."""

    writer: BackupWriter
    meter: Meter

    def begin(self, page_size: int, page_count: int) -> None:
        self.meter.total = max(self.meter.total, page_size * page_count)
        self.writer.begin(page_size, page_count)

    def write(self, first_page: int, data: bytes) -> None:
        self.writer.write(first_page, data)
        self.meter.tell("backup", min(self.writer.done, self.meter.total), self.meter.total)

    def resize(self, page_count: int) -> None:
        self.writer.resize(page_count)
