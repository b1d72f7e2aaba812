"""`reprieve bridge --socket`: several clients of one process, each with a conversation of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridges import INITIALIZE, environment, framed, request

pytestmark = pytest.mark.needs("posix")

TARGET = "offline:?hang_at=0.5&backups=1"
DEADLINE = 30


@contextmanager
def listening(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A bridge that listens, and its socket."""
    path = folder / "bridge.sock"
    command = (sys.executable, "-m", "reprieve", "bridge", "--socket", str(path), TARGET)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(folder)) as process:
        try:
            assert process.stdout
            assert str(path) == json.loads(process.stdout.readline())["socket"]
            yield process, path
        finally:
            process.kill()


class Client:
    """One connection, greeted."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(str(path))
        self._file = self.socket.makefile("rb")
        self.call(0, "initialize", INITIALIZE)

    def send(self, *messages: object) -> None:
        self.socket.sendall(b"".join(map(framed, messages)))

    def call(self, id: int, method: str, params: object = None) -> Any:
        self.send(request(id, method, params))
        return self.answer(id)

    def answer(self, id: int) -> Any:
        while (said := self._heard()).get("id") != id:
            continue
        return said.get("result", said.get("error"))

    def _heard(self) -> Any:
        length = int(self._file.readline().partition(b":")[2])
        assert b"\r\n" == self._file.readline()
        return json.loads(self._file.read(length))

    def close(self) -> None:
        self._file.close()
        self.socket.close()


def test_clients_share_the_library_and_nothing_else(tmp_path: Path) -> None:
    with listening(tmp_path) as (process, path):
        with closing(Client(path)) as one, closing(Client(path)) as other:
            one.send(request(1, "backups/create"))
            (job,) = one.call(2, "jobs/list", {"unsettled": True})["items"]

            assert job["id"] == other.call(1, "jobs/get", {"job": job["id"]})["id"]
            assert other.call(2, "jobs/cancel", {"job": job["id"]})["accepted"]
            assert -32800 == one.answer(1)["code"]
            assert other.call(3, "shutdown") is None
            assert one.call(3, "backups/list")["items"]

        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(DEADLINE)
        assert not path.exists()


def test_a_client_that_leaves_takes_its_job_along_and_no_other(tmp_path: Path) -> None:
    with listening(tmp_path) as (_, path), closing(Client(path)) as stays:
        stays.call(1, "jobs/subscribe")
        with closing(Client(path)) as leaves:
            leaves.send(request(1, "backups/create"))
            (job,) = leaves.call(2, "jobs/list", {"unsettled": True})["items"]

        assert "cancelled" == stays.call(2, "jobs/cancel", {"job": job["id"]})["job"]["outcome"]


def test_a_client_that_never_begins_does_not_keep_the_bridge(tmp_path: Path) -> None:
    with listening(tmp_path) as (process, path), closing(socket.socket(socket.AF_UNIX)) as silent:
        silent.connect(str(path))
        process.send_signal(signal.SIGTERM)

        assert 0 == process.wait(DEADLINE)
