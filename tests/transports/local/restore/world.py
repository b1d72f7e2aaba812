"""A database in use, programs that use it, and a worker that can be killed; and the oracle.

The oracle is O1 to O8 of the design's restore page. It asks the files with the standard library's
SQLite, and knows nothing of how the worker works.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import attrs

from reprieve.transports.local.home import Home
from reprieve.transports.local.leftovers import left_behind, remove
from tests.support.databases import NEW, OLD, content_of, writes_in
from tests.support.leftovers import leftovers
from tests.support.neighbours import Neighbours

ROOT = Path(__file__).parents[4]
DEADLINE = 60


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
        return leftovers(self.home, self.target)


def ended(worker: subprocess.Popen[str]) -> dict[str, str] | None:
    """What a worker said last; None if it was killed."""
    said, complaint = worker.communicate(timeout=DEADLINE)
    if worker.returncode == -signal.SIGKILL:
        return None
    assert worker.returncode == 0, complaint
    result: dict[str, str] = json.loads(said)
    return result


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
