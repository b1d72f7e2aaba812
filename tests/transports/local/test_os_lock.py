"""The lock that lives as long as its process: taken once, freed by death, kept while only stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reprieve.core.errors import Conflict
from reprieve.transports.local.os_lock import OsLock
from reprieve.transports.local.process_identity import ProcessIdentity

HOLD = """
import sys
from pathlib import Path
from reprieve.transports.local.os_lock import OsLock
lock = OsLock(Path(sys.argv[1]))
lock.acquire(10)
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_one_process_has_it_and_the_file_says_which(path: Path, holder: subprocess.Popen[str]) -> None:
    lock = OsLock(path)

    assert not lock.try_acquire()
    assert lock.held()
    assert lock.pid() == holder.pid
    with pytest.raises(Conflict, match=str(holder.pid)):
        lock.acquire(0.05)


def test_two_locks_in_one_process_exclude_each_other(path: Path) -> None:
    with OsLock(path):
        assert not OsLock(path).try_acquire()
    assert OsLock(path).try_acquire()


def test_a_released_lock_leaves_no_file(path: Path) -> None:
    with OsLock(path) as lock:
        assert lock.held()
        assert lock.pid() == os.getpid()

    assert not path.exists()
    assert not lock.held()
    assert lock.pid() is None


def test_death_frees_it(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()

    assert not OsLock(path).held()
    assert OsLock(path).try_acquire()


def test_a_holder_that_ends_in_time_is_not_killed(path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdin is not None
    holder.stdin.close()

    OsLock(path).end_holder(grace=30)

    assert holder.wait() == 0


def test_a_stopped_holder_keeps_it_until_it_is_killed(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGSTOP)
    lock = OsLock(path)
    assert lock.held()

    lock.end_holder(grace=0.1)

    assert lock.pid() == os.getpid()
    assert holder.wait() == -signal.SIGKILL


FORK = """
import os, sys, time
from pathlib import Path
from reprieve.transports.local.os_lock import OsLock
lock = OsLock(Path(sys.argv[1]))
lock.acquire(10)
child = os.fork()
if child == 0:
    lock.release()  # does nothing: it is the parent's
    os.write(1, b"let go\\n")
    sys.stdin.read()
    os._exit(0)
os.write(1, b"%d\\n" % child)
os.waitpid(child, 0)
"""


@pytest.mark.needs("posix")
def test_a_fork_has_no_part_in_its_parents_lock(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None and parent.stdout is not None
        said = {parent.stdout.readline().strip(), parent.stdout.readline().strip()}
        assert "let go" in said
        held = OsLock(path).held()
        parent.kill()
        parent.wait()

        OsLock(path).acquire(10)  # though the fork lives on

        parent.stdin.close()
        assert held


def test_a_process_is_known_by_number_start_and_namespace(holder: subprocess.Popen[str], path: Path) -> None:
    known = ProcessIdentity.of(holder.pid)

    assert known is not None
    assert OsLock(path).holder() == known
    assert ProcessIdentity.parse(str(known)) == known


@pytest.mark.parametrize(
    "change",
    [
        lambda known: f"{known.pid} 1 {known.namespace}",
        lambda known: f"{known.pid} {known.started} pid:[1]@another-boot",
        lambda known: f"{known.pid}",  # as earlier versions wrote it
        lambda known: "",
        lambda known: "no number",
    ],
    ids=["started-later", "other-namespace", "number-alone", "empty", "nonsense"],
)
def test_what_is_not_proved_to_be_the_holder_is_waited_for(
    path: Path, holder: subprocess.Popen[str], change: Callable[[ProcessIdentity], str]
) -> None:
    known = ProcessIdentity.of(holder.pid)
    assert known is not None
    path.write_text(change(known))
    holder.send_signal(signal.SIGSTOP)

    with pytest.raises(Conflict, match="was not killed") as raised:
        OsLock(path).end_holder(grace=0.01, deadline=0.05)

    assert raised.value.temporary
    assert holder.poll() is None


def test_a_stranger_with_the_same_number_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        known = ProcessIdentity.of(stranger.pid)
        assert known is not None
        earlier = ProcessIdentity(stranger.pid, "1", known.namespace)

        assert earlier.kill() is False
        assert stranger.poll() is None
        assert known.kill() is True
    assert stranger.returncode == -signal.SIGKILL


def test_one_that_ended_meanwhile_needs_no_killing(holder: subprocess.Popen[str]) -> None:
    known = ProcessIdentity.of(holder.pid)
    assert known is not None
    holder.kill()
    holder.wait()

    assert known.kill() is True
