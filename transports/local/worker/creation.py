"""A creation, in the worker: the pages of a live database into the repository, and a Backup of them."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from ....core.errors import (
    BadSource,
    Conflict,
    NotFound,
    Problem,
    StorageError,
    WasInterrupted,
)
from ....core.job import WARNINGS, Backup
from ....core.lifecycle import JobState
from ....core.messages import Cancelled, Completed, Interrupted, Noted
from ..database_file import examine
from ..image import Image, Sink
from ..reading_turn import ReadingTurn
from ..repository.records import BackupRecord
from ..repository.repository import Repository
from ..repository.shared_packs import SharedDamage, Sharing
from ..snapshot.request import CheckKind, SnapshotCancelled
from .task import Meter, Task

if TYPE_CHECKING:
    from ..repository.writer import BackupWriter

ATTEMPTS = 5
"""How often a backup is begun at most, because more of what it shares turns out to be damaged."""

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
    turn = ReadingTurn.of(task.home, repository.id, task.job.database)
    try:
        backup = _republished_or_stored(task, repository, parent, turn.number)
    except Conflict:
        if task.place.is_empty() or task.place.repository().id == repository.id:
            raise
        return _backed_up(task)  # another process made a repository there meanwhile
    turn.pass_on()
    return backup


def _republished_or_stored(
    task: Task, repository: Repository, parent: BackupRecord | None, turn: int
) -> Backup:
    """A Backup that shares all of its parent's data, if nothing changed and that is sound; else a new one."""
    sharing = Sharing(turn, pause=partial(_check_cancel, task))
    if parent and _unchanged(task, parent):
        damaged = repository.find_damage(parent, sharing)
        if not damaged:
            return repository.republish(parent, announce=lambda backup: _announce(task, backup))
        sharing = attrs.evolve(sharing, avoid=damaged)
    return _stored_soundly(task, repository, parent, sharing)


def _stored_soundly(
    task: Task, repository: Repository, parent: BackupRecord | None, sharing: Sharing
) -> Backup:
    """Store; and again, without what was found damaged, as long as what it shares turns out to be."""
    attempt = 1
    while True:
        try:
            backup, damaged = _store(task, repository, parent, sharing)
        except SharedDamage as damage:
            if attempt == ATTEMPTS:
                raise
            attempt += 1
            sharing = attrs.evolve(sharing, avoid=sharing.avoid | damage.names)
            continue
        if damaged:
            _warn_of(damaged, task, repository, backup)
        return backup


def _warn_of(damaged: frozenset[str], task: Task, repository: Repository, backup: Backup) -> None:
    """Name the Backups that cannot be restored any more; this one is whole."""
    try:
        lost = ", ".join(lame.id for lame in repository.backups_that_need(damaged)) or "none"
    except StorageError as error:
        lost = f"not known ({error})"
    warning = (
        f"The store {task.place.store} was found damaged ({', '.join(sorted(damaged))}). This backup is "
        f"whole: what it needs was stored anew. Older backups that can no longer be restored: {lost}. Look "
        "after the disk; if there is a copy of the store, put these files back from it."
    )
    task.channel.ask(Noted("create", {WARNINGS: [warning]}, backup=backup))


def _check_cancel(task: Task) -> None:
    if task.channel.cancelled():
        raise SnapshotCancelled(f"The backup of {task.job.database} was cancelled.")


def _copy_of(task: Task) -> Path:
    """Where a plain copy of the database may lie for a while: in our own folder, under the job's name."""
    return task.home.stages / f"{task.job.id}.copy.db"


def recover_creation(task: Task) -> None:
    """Settle a creation whose worker is gone: its Backup was published, or it was not."""
    _copy_of(task).unlink(missing_ok=True)
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


def _store(
    task: Task, repository: Repository, parent: BackupRecord | None, sharing: Sharing
) -> tuple[Backup, frozenset[str]]:
    """Read, store and publish; gives what was found damaged in the store, too.

    For a source that is found damaged, no repository is made.
    """
    sound = threading.Event()
    if task.has("force") or task.option("check", "quick") == "none":
        sound.set()
    with _border(task), repository.writer(parent, task.job.database, sound.is_set, sharing) as writer:
        _announce(task, writer.allot())
        image = _take(task, _Metered(writer, Meter(task.channel)), sound)
        if image.fingerprint is not None:
            read = {"read": datetime.now(UTC).isoformat()}
            image = attrs.evolve(image, fingerprint={**image.fingerprint, **read})
        backup = writer.finish(_checked(task, writer, image))
        return backup, writer.damaged | sharing.avoid


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
            copy=partial(_copy_of, task),
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
    from ..soundness import refusal
    from .checking import check_stored

    problems = check_stored(writer.reader(), task)
    if problems and not task.has("force"):
        raise refusal(task.job.database, problems)
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
