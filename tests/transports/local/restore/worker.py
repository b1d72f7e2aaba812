"""A worker for the tests: runs one restore, revert or recovery, and journals into a file that it syncs.

Driven by a JSON task on the command line. The journal is one JSON line for each note, and for the commit; a
cancel is a file that appears. The last line of its output says how it ended.
"""

from __future__ import annotations

import json
import os
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

CHUNK = 1 << 20


class FileSteps:
    """Steps over a journal file; `cancel_at` makes the cancel come at the nth time that it is asked for."""

    def __init__(self, journal: Path, cancel: Path, cancel_at: int | None) -> None:
        self.journal, self.cancel, self.cancel_at = journal, cancel, cancel_at
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
        if self.cancel.exists():
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


def run(task: dict[str, object]) -> Settled:
    home = Home(Path(str(task["home"])), Path(str(task["home"])))
    job_id, target = str(task["job"]), Path(str(task["target"]))
    deadline = float(str(task.get("deadline", 10)))
    journal = Path(str(task["journal"]))
    cancel_at = task.get("cancel_at")
    steps = FileSteps(journal, Path(str(task["cancel"])), int(str(cancel_at)) if cancel_at else None)
    force = bool(task.get("force"))
    lock = worker_lock(home, job_id)
    lock.end_holder()
    with lock:
        if task["do"] == "recover":
            entries = [json.loads(line) for line in journal.read_bytes().splitlines()]
            notes = {name: value for entry in entries for name, value in entry.get("facts", {}).items()}
            taken = [entry["step"] for entry in entries if "step" in entry]
            step = taken[-1] if taken else ""
            return recover(step, notes, job_id=job_id, home=home, steps=steps, deadline=deadline)
        if task["do"] == "revert":
            undo = str(task["undo"])
            return revert(undo, target, job_id=job_id, home=home, steps=steps, deadline=deadline, force=force)
        source = source_of(Path(str(task["source"])))
        return restore(source, target, job_id=job_id, home=home, steps=steps, deadline=deadline, force=force)


def limit_file_size(size: int) -> None:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def main() -> None:
    task = json.loads(sys.argv[1])
    failpoints.install_from_environment()
    if "file_size" in task:
        limit_file_size(task["file_size"])
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
