"""The blocking twin: the same library for scripts, its loop in a thread of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reprieve import InvalidRequest, Job, JobCancelled, JobState, NotFound, Outcome, Progress
from reprieve.core.messages import Cancelled, Progressed
from reprieve.core.ports import Events
from tests.adapters.python.libraries import blocking
from tests.core.doubles import ScriptedTransport, a_backup


async def stops(transport: ScriptedTransport, job: Job) -> Events:
    yield Progressed(Progress("copy", 1, 4))
    await transport.aborted.wait()
    yield Cancelled()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "reprieve"]


def test_a_script_backs_up_iterates_and_restores() -> None:
    with blocking(ScriptedTransport()) as lib:
        job = lib.create_backup()
        states = [update.state for update in job]
        backup = job.result()
        restored = lib.restore(backup.id).result()
        listed = lib.backups()
        with pytest.raises(NotFound):
            lib.backup("b9")
        settled = lib.follow(job.id).settled()

    assert JobState.DONE == states[-1] == settled.state
    assert a_backup() == backup == restored
    assert (backup,) == listed
    assert [] == threads()


def test_a_script_cancels_and_breaks_off_its_iterations() -> None:
    with blocking(ScriptedTransport(stops)) as lib:
        job = lib.create_backup()
        for update in job:
            if update.percentage:
                break
        for change in lib.watch():
            assert job.id == change.id
            break
        ended = job.cancel()
        with pytest.raises(JobCancelled):
            job.result()

    assert Outcome.CANCELLED == ended.outcome
    assert [] == threads()


def test_it_says_so_when_it_is_not_open() -> None:
    lib = blocking(ScriptedTransport())
    with pytest.raises(InvalidRequest, match="`with` block"):
        lib.backups()
    with lib:
        job = lib.create_backup()
        job.result()
    with pytest.raises(InvalidRequest, match="was closed"):
        job.now()


SCRIPT = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it

from tests.adapters.python.libraries import blocking
from tests.adapters.python.test_blocking import stops
from tests.core.doubles import ScriptedTransport

transport = ScriptedTransport(stops)
try:
    with blocking(transport) as lib:
        job = lib.create_backup()
        next(iter(job))
        print("waiting", flush=True)
        job.result()
except KeyboardInterrupt:
    states = [what[3] for what in transport.log if what[0] == "durable"]
    print("interrupted", transport.at_work, flush=True)
"""


def test_ctrl_c_ends_a_wait_and_leaving_the_block_cancels_the_job() -> None:
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert script.stdout is not None
    assert "waiting" == script.stdout.readline().strip()
    script.send_signal(signal.SIGINT)
    said, complained = script.communicate(timeout=60)

    assert ("interrupted 0", "") == (said.strip(), complained)
    assert 0 == script.returncode
