"""The programs that have a database open while something is done to it, and what they were promised."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

HERE = Path(__file__).parent
FOREIGN = [sys.executable, "-I", "-S"]
DEADLINE = 60


@attrs.define
class Neighbours:
    """The programs that have the database open."""

    processes: dict[str, subprocess.Popen[str]]
    acknowledged: set[int] = attrs.field(factory=set)

    def write_more(self, count: int = 3) -> None:
        """Return once the writer was promised `count` more numbers than it had said before."""
        pipe = self.processes["writer"].stdout
        assert pipe is not None
        self.acknowledged |= {int(pipe.readline()) for _ in range(count)}

    def stop(self) -> None:
        """End them; `acknowledged` is then every number that the writer was promised."""
        if not self.processes:
            return
        reader, writer = self.processes.pop("reader"), self.processes.pop("writer")
        said, complaint = writer.communicate(timeout=DEADLINE)
        assert (writer.returncode, complaint) == (0, ""), complaint
        self.acknowledged |= {int(line) for line in said.split()}
        said, complaint = reader.communicate(timeout=DEADLINE)
        assert (reader.returncode, said, complaint) == (0, "", ""), (said, complaint)


@contextmanager
def neighbours(target: Path, first: int = 1) -> Iterator[Neighbours]:
    """A reader and a writer, each in a process of its own, with the database open and at work."""
    processes = {
        name: subprocess.Popen(
            [*FOREIGN, str(HERE / f"{name}.py"), str(target), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, more in (("reader", []), ("writer", [str(first)]))
    }
    started = Neighbours(dict(processes))
    try:
        assert processes["reader"].stdout and processes["writer"].stdout
        assert processes["reader"].stdout.readline() == "ready\n"
        assert processes["writer"].stdout.readline() == f"{first}\n"
        started.acknowledged.add(first)
        yield started
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()
