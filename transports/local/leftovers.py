"""What workers that were killed have left behind, and removing it once their jobs have ended.

Knows by which names the engine's parts call their temporary files; opens no database. The files come first
and the journal is asked afterwards: the other way round, a job that began in between would lose its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from ...core.errors import NotFound, StorageError
from ...core.ports import JournalStore
from .home import Home
from .names import incoming_prefix
from .os_lock import OsLock
from .undo_catalogue import REDO

log = logging.getLogger(__name__)


def left_behind(home: Home, database: Path) -> Mapping[str, list[Path]]:
    """The temporary files in `home` and beside `database`, by the id of the job; none of a living worker."""
    found: dict[str, list[Path]] = defaultdict(list)
    for job_id, path in (*_in_home(home), *_beside(database)):
        found[job_id].append(path)
    return {job_id: paths for job_id, paths in found.items() if not _lock(home, job_id).held()}


def remove(paths: Iterable[Path]) -> None:
    """Remove what a job that has ended left behind; what cannot be removed now is found again later."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s was left behind and cannot be removed: %s", path, error)


async def clear_up(home: Home, database: Path, journal: JournalStore) -> None:
    """Remove what the jobs left behind that have ended, and unfinished keys.

    A job that is not settled needs its files.
    """
    await asyncio.to_thread(_clear_keys, home)
    for job_id, paths in (await asyncio.to_thread(left_behind, home, database)).items():
        if await _has_ended(job_id, journal):
            await asyncio.to_thread(remove, paths)


def _clear_keys(home: Home) -> None:
    if not any(home.keys.glob("*.part")):
        return
    from .keys import clear_unfinished_keys  # late: it is hardly ever needed

    try:
        clear_unfinished_keys(home)
    except OSError as error:
        log.warning("an unfinished key was left behind in %s and cannot be removed: %s", home.keys, error)


async def _has_ended(job_id: str, journal: JournalStore) -> bool:
    try:
        return (await journal.job(job_id)).final
    except NotFound:
        return False  # the job of another home, whose database lies in the same folder
    except StorageError as error:
        log.info("What job %s left behind stays: %s", job_id, error)
        return False


def _in_home(home: Home) -> Iterator[tuple[str, Path]]:
    folders = {home.stages, attrs.evolve(home, work=None).stages, home.workers}
    for path in (path for folder in folders for path in folder.iterdir()):
        yield _job_of(path), path
    entries = list(home.undo.iterdir())
    whole = {path.stem for path in entries if path.suffix == ".json"}
    for path in entries:
        if path.suffix == ".part" or path.name.split(".")[0] not in whole:
            yield _job_of(path), path


def _job_of(path: Path) -> str:
    return path.name.split(".")[0].removesuffix(REDO)


def _beside(database: Path) -> Iterator[tuple[str, Path]]:
    earlier = f".{database.name}."  # as 0.1 named them
    for path in database.parent.glob("*.reprieve*"):
        for start in (incoming_prefix(database), earlier):
            if path.name.startswith(start):
                yield path.name.removeprefix(start).split(".")[0], path


def _lock(home: Home, job_id: str) -> OsLock:
    return OsLock(home.workers / f"{job_id}.lock")
