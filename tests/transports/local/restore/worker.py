"""A worker for the tests: runs one restore, revert or recovery, and journals into a file that it syncs.

Run as a module, with a JSON task on the command line. The journal is one JSON line for each note, and for
the commit; a cancel is a file that appears. The last line of its output says how it ended.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from reprieve.core.errors import Problem, ReprieveError
from reprieve.transports.local import failpoints
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import (
    Fact,
    Settled,
    Source,
    recover,
    restore,
    revert,
    worker_lock,
)
from tests.transports.local.restore import disk

CHUNK = 1 << 20

Task = dict[str, object]


class FileSteps:
    """Steps over a journal file.

    `cancel_at` makes the cancel come when it is asked for the nth time, `cancel_on_commit` with the offer.
    """

    def __init__(self, task: Task) -> None:
        self.journal, self.cancel = Path(str(task["journal"])), Path(str(task["cancel"]))
        self.cancel_at, self.cancel_on_commit = task.get("cancel_at"), task.get("cancel_on_commit")
        self.asked = 0

    def note(self, step: str, **facts: Fact) -> None:
        self._append({"step": step, "facts": facts})

    def cancelled(self) -> bool:
        self.asked += 1
        if self.asked == self.cancel_at:
            self.cancel.touch()
        return self.cancel.exists()

    def progressed(self, phase: str, done: int, total: int) -> None:
        assert 0 <= done <= total, (phase, done, total)

    def commit(self) -> bool:
        if self.cancel_on_commit:
            self.cancel.touch()
        if self.cancel.exists():
            failpoints.reach("harness.declined")
            return False
        failpoints.reach("harness.committing")
        self._append({"done": True})
        return True

    def _append(self, entry: dict[str, object]) -> None:
        with self.journal.open("ab") as file:
            file.write(json.dumps(entry).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def chunks(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        offset = 0
        while data := file.read(CHUNK):
            yield offset, data
            offset += len(data)


def source_of(path: Path) -> Source:
    with path.open("rb") as file:
        start = file.read(100)
    size = int.from_bytes(start[16:18], "big")
    return Source(65536 if size == 1 else size, path.stat().st_size, chunks(path))


def run(task: Task) -> Settled:
    home = Home(Path(str(task["home"])), Path(str(task["home"])))
    lock = worker_lock(home, str(task["job"]))
    lock.end_holder()
    with lock:
        return carried_out(task, home, FileSteps(task))


def carried_out(task: Task, home: Home, steps: FileSteps) -> Settled:
    job_id, target = str(task["job"]), Path(str(task["target"]))
    deadline, force = float(str(task.get("deadline", 10))), bool(task.get("force"))
    if task["do"] == "recover":
        step, notes = last_step(steps.journal)
        return recover(step, notes, job_id=job_id, home=home, steps=steps, deadline=deadline)
    if task["do"] == "revert":
        undo = str(task["undo"])
        return revert(undo, target, job_id=job_id, home=home, steps=steps, deadline=deadline, force=force)
    source = source_of(Path(str(task["source"])))
    return restore(source, target, job_id=job_id, home=home, steps=steps, deadline=deadline, force=force)


def last_step(journal: Path) -> tuple[str, dict[str, object]]:
    """What the journal holds of a job: its last step, and the facts of all."""
    if not journal.exists():
        return "", {}
    entries = [json.loads(line) for line in journal.read_bytes().splitlines()]
    notes = {name: value for entry in entries for name, value in entry.get("facts", {}).items()}
    return [entry["step"] for entry in entries if "step" in entry][-1], notes


def limit_file_size(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def arm(after: str | None) -> None:
    """Install the failpoint of the environment: now, or once `after` is reached."""
    if after is None:
        failpoints.install_from_environment()
    else:
        failpoints.install(lambda name: failpoints.install_from_environment() if name == after else None)


def main() -> None:
    task: Task = json.loads(sys.argv[1])
    after = task.get("after")
    arm(str(after) if after else None)
    if task.get("disk"):
        disk.install()
    if "file_size" in task:
        limit_file_size(int(str(task["file_size"])))
    try:
        settled = run(task)
    except ReprieveError as error:
        problem = Problem.of(error)
        print(json.dumps({"error": problem.kind, "message": problem.message}), flush=True)
        return
    undo = settled.undo.id if settled.undo else None
    print(json.dumps({"ending": settled.ending, "undo": undo}), flush=True)


if __name__ == "__main__":
    main()
