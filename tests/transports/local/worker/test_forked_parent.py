"""A worker ends with its parent, also where a fork of the parent lives on."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

DEADLINE = 60.0

PARENT = """
import asyncio, os, sys
from reprieve.transports.local.worker.process import Worker

async def main():
    async with await Worker.start() as worker:
        fork = os.fork()
        if fork == 0:
            sys.stdin.read()
            os._exit(0)
        print(worker.pid, fork, flush=True)
        await asyncio.get_running_loop().create_future()

asyncio.run(main())
"""


@pytest.mark.needs("linux")
def test_a_fork_does_not_keep_its_parents_worker_alive() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout and parent.stdin
        worker, fork = (os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split())

        parent.kill()
        ended, _, _ = select.select([worker], [], [], DEADLINE)
        still, _, _ = select.select([fork], [], [], 0)

        parent.stdin.close()
        signal.pidfd_send_signal(fork, signal.SIGKILL)
        for process in (worker, fork):
            os.close(process)

    assert ([worker], []) == (ended, still)
