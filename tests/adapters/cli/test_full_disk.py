"""A full disk, whatever the library that met it calls it: exit code 7 within seconds, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import COMMAND, DEADLINE, Ran, Reprieve, content, until, write

pytestmark = pytest.mark.needs("tmpfs")

Small = Callable[[Path, str], None]


@pytest.fixture
def small() -> Iterator[Small]:
    """Makes a folder a file system of its own, of this size."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> None:
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no room at all."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    return filler


def is_full(ran: Ran) -> bool:
    return 7 == ran.code and "storageFull" in ran.out and "Traceback" not in ran.err


def test_a_database_in_wal_mode_on_a_full_disk(reprieve: Reprieve, small: Small) -> None:
    """SQLite calls it an I/O error, as it was making the -shm larger; a backup may need no room there."""
    disk = reprieve.folder / "disk"
    small(disk, "4m")
    write(disk / "n.db", "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)", "INSERT INTO t VALUES ('first')")
    assert 0 == reprieve("backup", "disk/n.db").code
    filler = fill(disk)

    backup = reprieve("backup", "disk/n.db", "--json")
    restored = reprieve("restore", "latest", "disk/n.db", "--yes", "--json")
    filler.unlink()

    assert 0 == backup.code or is_full(backup)
    assert is_full(restored)
    assert 0 == reprieve("restore", "latest", "disk/n.db", "--yes").code
    assert ["first"] == content(disk / "n.db")


@pytest.mark.parametrize("words", [("backup", "snippets.db"), ("register", "other.db"), ("jobs",)])
def test_a_home_on_a_full_disk(
    reprieve: Reprieve, database: Path, small: Small, words: tuple[str, ...]
) -> None:
    write(reprieve.folder / "other.db", "CREATE TABLE t (x)")
    small(reprieve.home, "4m")
    assert 0 == reprieve("backup", "snippets.db").code
    filler = fill(reprieve.home)

    ran = reprieve(*words, "--json")
    filler.unlink()

    assert is_full(ran) or (0 == ran.code and words == ("jobs",))
    assert 0 == reprieve(*words).code


def test_a_home_that_is_full_from_the_beginning(reprieve: Reprieve, database: Path, small: Small) -> None:
    small(reprieve.home, "1m")
    fill(reprieve.home)

    assert is_full(reprieve("backup", "snippets.db", "--json"))


@pytest.mark.parametrize("point", ["store.upload.written", "repository.record.sealing"])
def test_the_journals_disk_fills_up_while_a_job_runs(
    reprieve: Reprieve, database: Path, small: Small, point: str
) -> None:
    small(reprieve.home, "4m")
    assert 0 == reprieve("backup", "snippets.db").code
    write(database, "INSERT INTO t VALUES ('second')")
    began = time.monotonic()
    process = subprocess.Popen(
        [*COMMAND, "backup", "snippets.db", "--json"],
        cwd=reprieve.folder,
        env={**reprieve.environment, "REPRIEVE_FAILPOINT": f"{point}:1=stop"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(process, lambda line: line["job"]["state"] == "running")
    worker = stopped_child(process.pid)
    filler = fill(reprieve.home)
    os.kill(worker, signal.SIGCONT)
    out, err = process.communicate(timeout=DEADLINE)
    filler.unlink()

    assert is_full(Ran(process.returncode, out, err)), (out, err)
    assert time.monotonic() - began < DEADLINE
    assert 0 == reprieve("backup", "snippets.db").code


def stopped_child(parent: int) -> int:
    """The child of this process that was stopped; waits for it."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if "State:\tT" in Path(f"/proc/{child}/status").read_text():
                return int(child)
        time.sleep(0.02)
    raise AssertionError("No child was stopped.")
