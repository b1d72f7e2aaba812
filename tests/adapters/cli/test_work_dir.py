"""Plain copies lie in a private folder, never in that for temporary files, and go with the next start."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from reprieve.transports.local.os_lock import OsLock

from .conftest import DEADLINE, Reprieve, content, write


def _stopped_worker(reprieve: Reprieve) -> int:
    """The worker that has stopped itself at its failpoint."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        for path in (reprieve.home / "workers").glob("*.lock"):
            pid = OsLock(path).pid()
            status = Path(f"/proc/{pid}/stat")
            if pid and status.exists() and b") T " in status.read_bytes():
                return pid
        time.sleep(0.01)
    raise AssertionError("no worker has stopped")


@pytest.mark.needs("linux")
@pytest.mark.parametrize("words", [(), ("--work-dir", "work")], ids=["in the home", "named"])
def test_a_stage_lies_in_a_private_folder_and_is_swept_by_the_next_start(
    reprieve: Reprieve, database: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    reprieve("backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    aimed = Reprieve(
        reprieve.folder,
        {
            **reprieve.environment,
            "TMPDIR": str(temporary),
            "REPRIEVE_FAILPOINT": "restore.a1.checked=stop",
        },
    )
    process = aimed.start("restore", "latest", "snippets.db", "--yes", *words)
    worker = _stopped_worker(reprieve)
    folder = tmp_path / "work" if words else reprieve.home / "stage"
    lying = [(path.stat().st_mode & 0o777) for path in folder.iterdir()]
    process.kill()
    os.kill(worker, signal.SIGKILL)
    process.communicate()

    backed_up = reprieve("backup", "snippets.db")

    assert [0o600] == lying
    assert 0o700 == folder.stat().st_mode & 0o777
    assert 0 == backed_up.code
    assert [] == [*folder.iterdir(), *temporary.iterdir()]
    assert ["first", "second"] == content(database)


@pytest.mark.needs("posix")
def test_a_work_folder_that_others_can_look_into_is_refused(
    reprieve: Reprieve, database: Path, tmp_path: Path
) -> None:
    (tmp_path / "public").mkdir(mode=0o755)

    refused = reprieve("backup", "snippets.db", "--work-dir", "public")

    assert 2 == refused.code
    assert "chmod 700" in refused.err
    assert 0 == reprieve("backup", "snippets.db", "--work-dir", "made").code
    assert 2 == reprieve("backup", "http://localhost:9", "--work-dir", "made").code


@pytest.mark.needs("linux")
def test_a_name_that_is_not_utf_8_is_refused(reprieve: Reprieve, database: Path, tmp_path: Path) -> None:
    refused = reprieve("backup", "snippets.db", "--work-dir", os.fsdecode(b"w\xff"))

    assert 2 == refused.code
    assert "not text (UTF-8)" in refused.err
    assert [] == [name for name in os.listdir(os.fsencode(tmp_path)) if b"\xff" in name]


@pytest.mark.needs("posix")
def test_a_url_is_decoded_and_an_empty_name_refused(
    reprieve: Reprieve, database: Path, tmp_path: Path
) -> None:
    assert 0 == reprieve("backup", "snippets.db", "--work-dir", f"file://{tmp_path}/my%20work").code
    assert (tmp_path / "my work").is_dir()

    refused = reprieve("backup", "snippets.db", "--work-dir", "")

    assert 2 == refused.code
    assert "empty name" in refused.err
