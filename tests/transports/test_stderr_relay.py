"""stderr that nobody reads stops no process of ours: lines are dropped whole, counted, and reported."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.transports.stderr_relay import Backlog
from tests.support.pipes import FullPipe, full_pipe

DEADLINE = 60.0
LINES = 40_000
"""So many do not fit into the pipe and what may wait."""

NOTICE = re.compile(r"reprieve: (\d+) lines? (?:was|were) dropped here, because stderr was not read\.")

PROGRAM = """
import os, subprocess, sys
from reprieve.transports.stderr_relay import drain, relay

relay()
{work}
print("written", flush=True)
sys.stdin.read()
drain()
os._exit(0)
"""

BY_PRINT = f"for n in range({LINES}): print('line', n, file=sys.stderr)"
BY_CHILD = f"subprocess.run([sys.executable, '-c', {BY_PRINT!r}.join(('import sys\\n', ''))], check=True)"
BY_DESCRIPTOR = f"for n in range({LINES}): os.write(2, b'line %d\\n' % n)"


def started(work: str, pipe: FullPipe | int, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *options, "-c", PROGRAM.format(work=work)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=pipe if isinstance(pipe, int) else pipe.writing,
        text=True,
    )


@pytest.mark.needs("posix")
@pytest.mark.parametrize("work", [BY_PRINT, BY_CHILD, BY_DESCRIPTOR], ids=["print", "child", "descriptor"])
def test_what_is_not_read_is_dropped_whole_and_counted(work: str) -> None:
    with full_pipe() as pipe, started(work, pipe) as process:
        assert process.stdin and process.stdout
        assert "written\n" == process.stdout.readline()  # though nobody has read a byte
        seen = pipe.read_while(lambda data: accounted(data) < LINES)
        process.stdin.close()
        assert 0 == process.wait(DEADLINE)

    number = 0
    for line in seen.decode().splitlines():
        notice = NOTICE.fullmatch(line)
        assert notice or f"line {number}" == line
        number += int(notice[1]) if notice else 1
    assert LINES == number
    assert NOTICE.search(seen.decode())


def accounted(data: bytes) -> int:
    """How many lines are whole in `data`, or are reported there as dropped."""
    lines = data.decode().split("\n")[:-1]
    return sum(int(notice[1]) if (notice := NOTICE.fullmatch(line)) else 1 for line in lines)


@pytest.mark.needs("posix")
def test_a_process_ends_though_its_stderr_is_never_read() -> None:
    with full_pipe() as pipe, started(BY_PRINT, pipe) as process:
        assert process.stdin
        process.stdin.close()

        assert 0 == process.wait(DEADLINE)


@pytest.mark.needs("posix")
def test_a_reader_that_leaves_stops_nothing() -> None:
    with started(BY_PRINT, subprocess.PIPE) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stderr.close()
        assert "written\n" == process.stdout.readline()
        process.stdin.close()

        assert 0 == process.wait(DEADLINE)


def test_what_is_read_arrives_whole_to_the_last_line() -> None:
    with started(BY_PRINT, subprocess.PIPE) as process:
        _, told = process.communicate(timeout=DEADLINE)

    lines = [line for line in told.splitlines() if not line.startswith("reprieve: ")]
    dropped = sum(map(int, re.findall(r"reprieve: (\d+) line", told)))
    assert f"line {LINES - 1}" == lines[-1] or dropped
    assert LINES == len(lines) + dropped


def test_a_file_is_written_at_once(tmp_path: Path) -> None:
    file = tmp_path / "errors"
    with file.open("w") as errors, started("print('said', file=sys.stderr)", errors.fileno()) as process:
        assert process.stdout
        assert "written\n" == process.stdout.readline()
        assert "said\n" == file.read_text()
        process.communicate(timeout=DEADLINE)


def test_what_a_traceback_says_at_the_end_arrives() -> None:
    with started("raise ValueError('the last word')", subprocess.PIPE) as process:
        _, told = process.communicate(timeout=DEADLINE)

    assert 1 == process.returncode
    assert told.endswith("ValueError: the last word\n")


@pytest.mark.needs("linux")
@pytest.mark.parametrize("read", [True, False])
def test_a_crash_is_shown_and_does_not_wait(read: bool) -> None:
    crash = "import faulthandler; faulthandler._sigsegv()"
    if read:
        with started(crash, subprocess.PIPE, "-X", "faulthandler") as process:
            _, told = process.communicate(timeout=DEADLINE)
        assert told.startswith("Fatal Python error: Segmentation fault\n")
    else:
        with full_pipe() as pipe, started(crash, pipe, "-X", "faulthandler") as process:
            process.wait(DEADLINE)
    assert 0 > process.returncode


Step = bytes | None
"""Bytes that come, or a reader that takes what there is."""


@given(
    st.lists(st.one_of(st.none(), st.binary(max_size=30), st.sampled_from([b"\n", b"abc\n", b"x" * 90]))),
    st.integers(1, 64),
)
def test_lines_keep_their_order_and_none_is_lost_uncounted(steps: list[Step], limit: int) -> None:
    backlog, rest, told = Backlog(limit), b"".join(filter(None, steps)), list[tuple[bytes, int]]()
    for step in steps:
        if step is None:
            told.append(backlog.take())
        else:
            backlog.add(step)
    backlog.finish()
    told.append(backlog.take())

    assert not backlog
    assert all(len(data) <= limit for data, _ in told)
    for data, dropped in told:
        assert rest.startswith(data)
        rest = _without_lines(rest[len(data) :], dropped)
    assert b"" == rest


def _without_lines(data: bytes, count: int) -> bytes:
    """What is left behind the first lines, which are there."""
    for _ in range(count):
        assert data
        data = data.partition(b"\n")[2]
    return data
