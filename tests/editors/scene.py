"""A database in use, and an editor that runs one case of its plugin's own tests on it, as a process.

The cases are written in the editor's language, beside this file; a case is found by its name and run in an
editor of its own. Knows no plugin.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.faults.people import until
from tests.support.databases import OLD, make_database
from tests.support.neighbours import Neighbours, neighbours

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLUGINS = ROOT / "adapters" / "editors"
PAGES = ROOT / "docs" / "howto"
DEADLINE = 120
GONE_WITHIN = 10
ROWS = 1000
"""7.5 MB: what is done to it can be cancelled or killed before it is over."""

OWN = re.compile(r"^(REPRIEVE_|XDG_|VIRTUAL_ENV$)")
"""What an editor must not inherit: it is the tester's, not the test's."""


@attrs.frozen
class Scene:
    """A folder with a database that others read and write, and a home and a store for reprieve."""

    folder: Path
    others: Neighbours

    @property
    def _home(self) -> Path:
        return self.folder / "home"

    @property
    def database(self) -> Path:
        return self.folder / "snippets.db"

    def run(self, *command: str) -> None:
        """Run an editor to its end; shows what it said where that is no good one. Nothing is left running."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
        )

        assert 0 == done.returncode, done.stdout
        self.others.write_more()
        self.others.stop()
        until("every process of it gone", lambda: not self._processes(), GONE_WITHIN)

    def _processes(self) -> list[Path]:
        """The bridges and workers that were started in this scene and still run, where the system tells."""
        own = b"REPRIEVE_HOME=" + os.fsencode(self._home)
        return [file for file in Path("/proc").glob("[0-9]*/environ") if own in environment_in(file)]

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not OWN.match(name)}
        return inherited | {
            "HOME": str(self.folder),
            "REPRIEVE_HOME": str(self._home),
            "REPRIEVE_STORE": str(self.folder / "store"),
            "REPRIEVE_BRIDGE": str(Path(sys.executable).with_name("reprieve")),
            "TZ": "EST5EDT,M3.2.0,M11.1.0",
            "TRIED_DATABASE": str(self.database),
            "TRIED_PLUGINS": str(PLUGINS),
            "TRIED_PAGES": str(PAGES),
            "TRIED_PYTHON": sys.executable,
            "TRIED_LOOKING": str(HERE / "looking.py"),
            "TRIED_FALSE_BRIDGE": str(HERE / "false_bridge.py"),
        }


def environment_in(file: Path) -> bytes:
    """The environment of a process; nothing, where it has gone or is somebody else's."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


@contextmanager
def in_use(folder: Path) -> Iterator[Scene]:
    """A scene in an empty folder, for as long as the block lasts."""
    database = make_database(folder / "snippets.db", OLD, rows=ROWS)
    with neighbours(database) as others:
        yield Scene(folder, others)


def names_in(file: Path, pattern: str) -> Sequence[str]:
    """The names of the cases in a file: what `pattern` captures at the beginnings of its lines."""
    return re.findall(pattern, file.read_text("utf-8"), re.MULTILINE)
