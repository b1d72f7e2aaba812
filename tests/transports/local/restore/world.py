"""A database in use, programs that use it, and a worker that can be killed; and the oracle.

The oracle is O1 to O8 of the design's restore page. It asks the files with the standard library's
SQLite, and knows nothing of how the worker works.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import attrs

from reprieve.transports.local.home import Home
from reprieve.transports.local.leftovers import left_behind, remove

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
FOREIGN = [sys.executable, "-I", "-S"]
DEADLINE = 60

OLD, NEW = 0, 1


def make_database(
    path: Path,
    tag: int,
    *,
    mode: str = "wal",
    rows: int = 1000,
    page_size: int = 4096,
    encoding: str = "UTF-8",
    auto_vacuum: int = 0,
) -> Path:
    """A database whose every row says `tag`, and whose pages all depend on it; `rows` of about 8 KB."""
    noise = random.Random(tag)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA page_size = {page_size}")
        database.execute(f"PRAGMA encoding = '{encoding}'")
        database.execute(f"PRAGMA auto_vacuum = {auto_vacuum}")
        database.execute("BEGIN")
        database.execute("CREATE TABLE content (id INTEGER PRIMARY KEY, tag INTEGER, body BLOB)")
        database.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, body TEXT)")
        database.executemany(
            "INSERT INTO content VALUES (?, ?, ?)", ((n, tag, noise.randbytes(7500)) for n in range(rows))
        )
        if tag == NEW:  # the schemas differ, so that a restoration changes what others have cached
            database.execute("CREATE TABLE newer (x)")
            database.execute("CREATE INDEX content_tag ON content (tag)")
        database.execute("COMMIT")
        database.execute(f"PRAGMA journal_mode = {mode}")
    return path


def content_of(path: Path) -> str:
    """A digest of everything in the database but what the writer writes. Asserts that it is sound."""
    digest = hashlib.blake2b()
    with closing(sqlite3.connect(path, timeout=30)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for row in database.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name"):
            digest.update(repr(row).encode())
        for row in database.execute("SELECT id, tag, body FROM content ORDER BY id"):
            digest.update(b"%d %d %d " % (row[0], row[1], len(row[2])) + row[2])
    return digest.hexdigest()


def writes_in(path: Path) -> set[int]:
    """The writer's numbers that are in the database."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        return {number for (number,) in database.execute("SELECT id FROM written")}


def masked_pages(path: Path) -> list[bytes]:
    """The pages as SQL sees them, but for what changes without the content: read by SQLite itself."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        (page_size,) = database.execute("PRAGMA page_size").fetchone()
        image = bytearray(database.serialize())
    for start, stop in ((18, 20), (24, 28), (40, 44), (92, 100)):
        image[start:stop] = bytes(stop - start)
    return [bytes(image[at : at + page_size]) for at in range(0, len(image), page_size)]


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


@attrs.define
class World:
    """One database at `target`, an image to restore, a home, and what the worker journals."""

    folder: Path
    target: Path
    image: Path
    jobs: int = 0
    job: str = "job0"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def journal(self) -> Path:
        return self.folder / f"{self.job}.journal"

    @property
    def cancel_flag(self) -> Path:
        return self.folder / f"{self.job}.cancel"

    def undo_file(self, undo_id: str) -> Path:
        return self.home / "undo" / f"{undo_id}.db"

    def next_job(self) -> None:
        """What is started from now on is another job."""
        self.jobs += 1
        self.job = f"job{self.jobs}"

    def start(self, do: str, failpoint: str | None = None, **task: object) -> subprocess.Popen[str]:
        """Start a worker; `failpoint` as REPRIEVE_FAILPOINT says."""
        environment = {name: value for name, value in os.environ.items() if name != "REPRIEVE_FAILPOINT"}
        if failpoint:
            environment["REPRIEVE_FAILPOINT"] = failpoint
        paths = {
            "do": do,
            "job": self.job,
            "home": str(self.home),
            "target": str(self.target),
            "source": str(self.image),
            "journal": str(self.journal),
            "cancel": str(self.cancel_flag),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tests.transports.local.restore.worker", json.dumps(paths | task)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, do: str, failpoint: str | None = None, **task: object) -> dict[str, str] | None:
        """How the worker said it ended; None if it was killed. A traceback fails the test."""
        return ended(self.start(do, failpoint, **task))

    @property
    def committed(self) -> bool:
        """Whether the journal says that the job is done."""
        return self.journal.exists() and '"done"' in self.journal.read_text()

    def sweep(self) -> None:
        """What a later process does about a worker that died when its job was done."""
        for paths in left_behind(Home(self.home, self.home), self.target).values():
            remove(paths)

    def leftovers(self) -> list[str]:
        """Every file that should not be there once all is settled (O7)."""
        undo = self.home / "undo"
        kept = {path.stem for path in undo.glob("*.json")} if undo.exists() else set()
        stray = [path for folder in ("stage", "workers") for path in (self.home / folder).glob("*")]
        stray += [
            path for path in undo.glob("*") if path.stem not in kept or path.suffix not in (".db", ".json")
        ]
        stray += list(self.target.parent.glob(".*.reprieve*"))
        return sorted(str(path.relative_to(self.folder)) for path in stray)


def ended(worker: subprocess.Popen[str]) -> dict[str, str] | None:
    """What a worker said last; None if it was killed."""
    said, complaint = worker.communicate(timeout=DEADLINE)
    if worker.returncode == -signal.SIGKILL:
        return None
    assert worker.returncode == 0, complaint
    result: dict[str, str] = json.loads(said)
    return result


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


def copy_database(template: Path, path: Path) -> Path:
    """A fresh copy of a database that nobody has open."""
    shutil.copyfile(template, path)
    return path


def check(world: World, crowd: Neighbours, contents: dict[int, str], ending: str) -> None:
    """The oracle, once a job has settled as `ending`; stops the neighbours first."""
    crowd.stop()
    assert contents[NEW if ending == "restored" else OLD] == content_of(world.target)  # O1, O2
    assert world.committed == (ending == "restored")  # O2
    kept = writes_in(world.target)
    for copy in (world.home / "undo").glob("*.db"):
        kept |= writes_in(copy)
    assert set() == crowd.acknowledged - kept  # O3
    assert [] == world.leftovers()  # O7
