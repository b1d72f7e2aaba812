"""A worker: one child process, one job, and everything that opens the user's database.

It lives as long as its lock on `home.workers/<job>.lock` is held: whoever recovers the job ends a worker
that still holds it, before deciding anything.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from ....core.errors import OwnershipLost, Problem, ReprieveError
from ....core.job import JobKind
from ....core.journal import job_of
from ....core.messages import Failed
from .. import failpoints
from ..home import Home
from ..os_lock import OsLock
from ..place import Place
from .channel import ORPHANED, Channel
from .creation import create, recover_creation  # here: a worker may be started before there is a task
from .task import Task

MEMORY = 4 << 30
"""How much address space a worker may have, in bytes: a hostile database must not take it all."""


def main() -> None:
    """Read a task from stdin, do it, tell how it goes on stdout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    failpoints.install_from_environment()
    channel = Channel()
    said = channel.task()
    _limit_resources()
    home = Home(*(Path(folder) for folder in said["home"]))
    task = Task(channel, job_of(said["job"]), Place(said["store"], home, said["passphrase"]))
    recovers = said["what"] == "recover"
    try:
        with _lock(task, recovers):
            _act(task, recovers)
    except OwnershipLost:
        sys.exit(ORPHANED)
    except ReprieveError as error:
        channel.tell(Failed(Problem.of(error)))


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


main()
