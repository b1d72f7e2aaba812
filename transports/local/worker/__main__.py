"""A worker: one child process, one job, and everything that opens the user's database.

spawn.py starts it by `load` and `main`; it is never run by `python -m`, which would put the current folder
before the standard library. It lives as long as its lock on `home.workers/<job>.lock` is held: whoever
recovers the job ends a worker that still holds it, before deciding anything.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from ....core.errors import OwnershipLost, Problem, ReprieveError, StorageError, StorageFull
from ....core.job import JobKind
from ....core.journal import job_of
from ....core.messages import Failed
from ...stderr_relay import drain, relay
from .. import failpoints
from ..files import is_full
from ..home import Home
from ..os_lock import OsLock
from ..place import Place
from .channel import ORPHANED, Channel
from .creation import create, recover_creation
from .task import Task

_GARBAGE = 50_000
"""New objects after which Python looks for cycles among them: it would do so a hundred times in a start."""

MEMORY = 4 << 30
"""How much address space a worker may have, in bytes: a hostile database must not take it all."""


def load() -> None:
    """Import what nearly every task needs: a worker may be started before there is a task.

    Raises ImportError also where SQLite's library is missing, which an unchanged database does not need.
    """
    library = find_spec("apsw")
    if library is None or library.origin is None:  # none, or one that was made for another Python
        raise ImportError("No module named 'apsw'")
    import_module("cryptography.hazmat.primitives.ciphers.aead")
    for module in ("repository.opening", "snapshot.fingerprint", "stores.folder"):
        import_module(f"..{module}", __package__)


def main() -> NoReturn:
    """Do one task, and end: to take all modules apart first would cost 20 ms, for which the parent waits."""
    _do_task()
    drain()
    os._exit(0)


def _do_task() -> None:
    """Read a task from stdin, do it, tell how it goes on stdout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_GARBAGE)
    relay()  # the owner of the parent's stderr may never read it
    failpoints.install_from_environment()
    channel = Channel()
    channel.ready()
    said = channel.task()
    _limit_resources()
    home = Home(*(None if folder is None else Path(folder) for folder in said["home"]))  # type: ignore[arg-type]
    task = Task(channel, job_of(said["job"]), Place(said["store"], home, said["passphrase"]))
    recovers = said["what"] == "recover"
    try:
        with _lock(task, recovers):
            _act(task, recovers)
    except OwnershipLost:
        sys.exit(ORPHANED)
    except ReprieveError as error:
        channel.tell(Failed(Problem.of(error)))
    except OSError as error:  # of our own files: what a database's mean is border.py's matter
        channel.tell(Failed(Problem.of(_of_home(home, error))))


def _of_home(home: Home, error: OSError) -> StorageError:
    if is_full(error):
        return StorageFull(f"There is no room left in {home.data} ({error}); make room, then try again.")
    return StorageError(f"The system failed in {home.data} ({error}); look at the disk, then try again.")


def _lock(task: Task, recovers: bool) -> OsLock:
    """This job's worker lock. To recover, a worker that still has it is ended first."""
    lock = OsLock(task.home.workers / f"{task.job.id}.lock")
    if recovers:
        lock.end_holder()
    return lock


def _act(task: Task, recovers: bool) -> None:
    if task.job.kind is JobKind.CREATION:
        (recover_creation if recovers else create)(task)
    else:
        from .restoration import recover_restoration, restore

        (recover_restoration if recovers else restore)(task)


def _limit_resources() -> None:
    if sys.platform == "win32":
        return  # there, only the job object of a host could do it
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
