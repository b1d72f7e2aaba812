"""A worker: one child process, one job, and everything that opens the user's database.

It lives as long as its lock on `home.workers/<job>.lock` is held: whoever recovers the job ends a worker
that still holds it, before deciding anything.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from ....core.errors import Problem, ReprieveError
from ....core.job import JobKind
from ....core.journal import job_of
from ....core.messages import Failed
from .. import failpoints
from ..home import Home
from ..os_lock import OsLock
from .channel import Channel
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
    task = Task(
        channel,
        job_of(said["job"]),
        Home(*(Path(folder) for folder in said["home"])),
        said["store"],
        said["passphrase"],
    )
    with OsLock(task.home.workers / f"{task.job.id}.lock") as lock:
        del lock
        try:
            _act(task, recovers=said["what"] == "recover")
        except ReprieveError as error:
            channel.tell(Failed(Problem.of(error)))


def _act(task: Task, *, recovers: bool) -> None:
    if task.job.kind is JobKind.CREATION:
        from .creation import create, recover_creation

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
