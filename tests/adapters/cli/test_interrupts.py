"""Ctrl-C in a real process, once and twice; a cancel from another terminal. The database stays whole."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reprieve.transports.local.os_lock import OsLock

from .conftest import DEADLINE, Reprieve, content, until, write

TakeLock = Callable[[Path], sqlite3.Connection]


def _running(said: dict[str, Any]) -> bool:
    return bool(said["type"] == "job" and said["job"]["state"] == "running")


def _waiting_for_the_lock(said: dict[str, Any]) -> bool:
    return _running(said) and said["job"]["done"] > 0


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, out, err


def test_ctrl_c_cancels_and_puts_everything_back(
    reprieve: Reprieve, database: Path, write_lock: TakeLock
) -> None:
    reprieve("backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")
    holder = write_lock(database)
    process = reprieve.start("restore", "latest", "snippets.db", "--yes", "--json")
    job = until(process, _waiting_for_the_lock)["job"]["id"]

    process.send_signal(signal.SIGINT)
    code, out, err = _ended(process)
    holder.close()

    assert (130, "") == (code, err)
    assert '"kind":"cancelled"' in out.splitlines()[-1]
    assert "cancelled" == reprieve("status", job, "--json").result["job"]["outcome"]
    assert ["first", "second"] == content(database)


def test_people_are_told_that_it_is_being_put_back(reprieve: Reprieve) -> None:
    process = reprieve.start("offline", "hang_at=0.3", "speed=1000")
    assert process.stderr
    next(line for line in process.stderr if "30 %" in line)

    process.send_signal(signal.SIGINT)
    code, _, err = _ended(process)

    assert 130 == code
    assert "putting everything back" in err
    assert "everything is as it was before" in err


def test_a_second_ctrl_c_leaves_at_once(reprieve: Reprieve) -> None:
    process = reprieve.start("offline", "hang_at=0.3", "cancel_delay=3600", "--json")
    until(process, _running)
    process.send_signal(signal.SIGINT)
    until(process, lambda said: said["job"]["state"] == "cancelling")

    process.send_signal(signal.SIGINT)
    code, _, err = _ended(process)

    assert 130 == code
    assert "by the next reprieve command" in err


def test_what_a_second_ctrl_c_left_is_put_back_by_the_next_command(
    reprieve: Reprieve, database: Path, write_lock: TakeLock
) -> None:
    reprieve("backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")
    holder = write_lock(database)
    process = reprieve.start("restore", "latest", "snippets.db", "--yes", "--json")
    job = until(process, _waiting_for_the_lock)["job"]["id"]
    worker = OsLock(reprieve.home / "workers" / f"{job}.lock").pid()
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)  # so that the cancel cannot end before the second Ctrl-C
    process.send_signal(signal.SIGINT)
    until(process, lambda said: said["job"]["state"] == "cancelling")
    process.send_signal(signal.SIGINT)
    code, _, _ = _ended(process)
    os.kill(worker, signal.SIGCONT)
    holder.close()

    settled = reprieve("status", job, "--json").result["job"]

    assert 130 == code
    assert "cancelled" == settled["outcome"]
    assert ["first", "second"] == content(database)


def test_a_job_is_cancelled_from_another_terminal(
    reprieve: Reprieve, database: Path, write_lock: TakeLock
) -> None:
    reprieve("backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")
    holder = write_lock(database)
    process = reprieve.start("restore", "latest", "snippets.db", "--yes", "--json")
    job = until(process, _waiting_for_the_lock)["job"]["id"]

    running = reprieve("jobs", "--running", "--json").result["jobs"]
    cancelled = reprieve("cancel", job[:10], "--json")
    code, _, _ = _ended(process)
    holder.close()

    assert [job] == [one["id"] for one in running]
    assert (0, "cancelled") == (cancelled.code, cancelled.result["job"]["outcome"])
    assert 130 == code
    assert ["first", "second"] == content(database)


def test_a_job_is_watched_from_another_terminal(
    reprieve: Reprieve, database: Path, write_lock: TakeLock
) -> None:
    reprieve("backup", "snippets.db")
    holder = write_lock(database)
    process = reprieve.start("restore", "latest", "snippets.db", "--yes", "--json")
    job = until(process, _waiting_for_the_lock)["job"]["id"]
    watching = reprieve.start("watch", "--json")
    seen = until(watching, _running)["job"]

    holder.rollback()
    ended = until(watching, lambda said: said["job"]["state"] in ("done", "failed"))["job"]
    code, _, _ = _ended(process)
    watching.send_signal(signal.SIGINT)

    assert (job, 0, "completed") == (seen["id"], code, ended["outcome"])
    assert 130 == _ended(watching)[0]
