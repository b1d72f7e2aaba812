"""`reprieve bridge` as a process, and a client of it that hides nothing: bytes go out as the test says, and
all that comes back is kept in order. Nothing of the bridge's own code is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

COMMAND = (sys.executable, "-P", "-m", "reprieve", "bridge", "--stdio")
if sys.platform != "win32":
    import fcntl
    import termios

LOG = "bridge.log"
FULL = 60_000
"""Bytes in a pipe of 64 KiB, to which a write of a page may no longer be added."""

DEADLINE = 60.0

Said = dict[str, Any]
"""A message."""

INITIALIZE: Said = {"processId": None, "clientInfo": {"name": "tests"}, "protocolVersions": ["1"]}


def framed(message: object) -> bytes:
    """A message as a frame; bytes are taken to be a body."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def request(id: object, method: str, params: object = None) -> Said:
    """A request, with params if there are any."""
    asked = {"jsonrpc": "2.0", "id": id, "method": method}
    return asked if params is None else {**asked, "params": params}


def notification(method: str, params: object = None) -> Said:
    """A notification, with params if there are any."""
    told = {"jsonrpc": "2.0", "method": method}
    return told if params is None else {**told, "params": params}


class Bridge:
    """A bridge that runs, and what it has said so far: `heard`, in order."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.heard: list[Any] = []
        self._log = log
        self._ids = count(1000)
        self._news = Condition()
        self._closed = False
        self._reads = Event()
        self._reads.set()
        self._reader = Thread(target=self._read_on, daemon=True)
        self._reader.start()

    # -- saying ---------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Bytes, as they are."""
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, *messages: object) -> None:
        """Messages, in one write."""
        self.write(b"".join(map(framed, messages)))

    def ask(self, method: str, params: object = None) -> int:
        """Send a request; its id."""
        id = next(self._ids)
        self.send(request(id, method, params))
        return id

    def notify(self, method: str, params: object = None) -> None:
        self.send(notification(method, params))

    def call(self, method: str, params: object = None) -> Any:
        """The result of a request."""
        answer = self.answer(self.ask(method, params))
        assert "error" not in answer, answer
        return answer["result"]

    def refused(self, method: str, params: object = None) -> Said:
        """The error of a request."""
        answer = self.answer(self.ask(method, params))
        assert "result" not in answer, answer
        error: Said = answer["error"]
        return error

    def initialize(self, **more: object) -> Said:
        """Begin the conversation; what the bridge says of itself."""
        said: Said = self.call("initialize", {**INITIALIZE, **more})
        self.notify("initialized", {})
        return said

    # -- hearing --------------------------------------------------------------------------------

    def until(self, holds: Callable[[Any], bool], within: float = DEADLINE) -> Any:
        """The first message for which this holds; waited for, if it has not come yet."""
        deadline, seen = time.monotonic() + within, 0
        with self._news:
            while True:
                for message in self.heard[seen:]:
                    if holds(message):
                        return message
                seen = len(self.heard)
                left = deadline - time.monotonic()
                assert not self._closed and left > 0, f"it never came: {self.heard[-5:]} {self.log()}"
                self._news.wait(left)

    def answer(self, id: object) -> Said:
        """The answer to a request."""
        answer: Said = self.until(lambda said: _answers(said, id))
        return answer

    def told(self, method: str, **params: object) -> Said:
        """The first notification or request of this method whose params have these members; its params."""
        found: Said = self.until(lambda said: tells(said, method, **params))["params"]
        return found

    def everything(self, method: str, **params: object) -> list[Said]:
        """The params of each notification of this method that has come, in order."""
        return [said["params"] for said in self.heard if tells(said, method, **params)]

    def answers(self, id: object) -> list[Said]:
        """Each answer to a request that has come: there should be one."""
        return [said for said in self.heard if _answers(said, id)]

    def meanwhile(self, *messages: object) -> list[Any]:
        """What the bridge says to these messages at once, without going to work."""
        before = len(self.heard)
        self.send(*messages)
        last = self.answer(self.ask("tests/nothing"))
        return self.heard[before : self.heard.index(last)]

    def stop_reading(self) -> None:
        """Read nothing more, so that the pipe fills."""
        self._reads.clear()

    def wait_until_stuck(self) -> None:
        """Return once its output is full, because nobody reads (Linux)."""
        assert self.process.stdout
        deadline, waiting = time.monotonic() + DEADLINE, array("i", [0])
        while waiting[0] < FULL:
            fcntl.ioctl(self.process.stdout, termios.FIONREAD, waiting)
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def read_on(self) -> None:
        """Read again."""
        self._reads.set()

    # -- ending ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Say no more."""
        assert self.process.stdin
        self.process.stdin.close()

    def leave(self) -> int:
        """Shut it down as is agreed; its exit code."""
        assert self.call("shutdown") is None
        self.notify("exit")
        return self.ended()

    def ended(self, within: float = DEADLINE) -> int:
        """Its exit code, once it has ended and all that it said was read."""
        code = self.process.wait(within)
        if self._reads.is_set():
            self._reader.join(DEADLINE)
        return code

    def log(self) -> str:
        """What it said on stderr."""
        return self._log.read_text("utf-8", "replace")

    def memory(self) -> int:
        """Bytes that it holds now (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    # -- the thread that reads ------------------------------------------------------------------

    def _read_on(self) -> None:
        try:
            while (message := self._next()) is not None:
                with self._news:
                    self.heard.append(message)
                    self._news.notify_all()
        except ValueError:  # the test closed the pipe
            return
        finally:
            with self._news:
                self._closed = True
                self._news.notify_all()

    def _next(self) -> Any:
        out = self.process.stdout
        assert out
        self._reads.wait()
        if not (header := out.readline()):
            return None
        name, _, length = header.partition(b": ")
        assert (b"Content-Length", b"\r\n") == (name, out.readline()), header
        return json.loads(out.read(int(length)))


def tells(said: Any, method: str, **params: object) -> bool:
    """Whether a message is of this method, and its params have these members."""
    return isinstance(said, dict) and said.get("method") == method and _has(said["params"], params)


def _has(said: Said, wanted: Mapping[str, object]) -> bool:
    return all(
        _has(said.get(name, {}), value) if isinstance(value, dict) else said.get(name) == value
        for name, value in wanted.items()
    )


def _answers(said: Any, id: object) -> bool:
    return isinstance(said, dict) and "method" not in said and said["id"] == id and "id" in said


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A home and a store in `folder`, and nothing of ours that is inherited."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
    own = {"REPRIEVE_HOME": str(folder / "home"), "REPRIEVE_STORE": str(folder / "store")}
    return {**inherited, **own, **more}


def spawned(
    folder: Path,
    *words: str,
    command: Sequence[str] = COMMAND,
    stderr: int | None = None,
    **variables: str,
) -> subprocess.Popen[bytes]:
    """A bridge in `folder`, to which nobody listens yet. Its stderr is a file there, unless one is given."""
    with (folder / LOG).open("ab") as errors:
        return subprocess.Popen(
            [*command, *words],
            cwd=folder,
            env=environment(folder, **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors if stderr is None else stderr,
        )


@contextmanager
def bridging(
    folder: Path,
    *words: str,
    command: Sequence[str] = COMMAND,
    greet: bool = True,
    stderr: int | None = None,
    **variables: str,
) -> Iterator[Bridge]:
    """A bridge in `folder`, killed at the end if it still runs. Unless told not to, it is greeted."""
    process = spawned(folder, *words, command=command, stderr=stderr, **variables)
    bridge = Bridge(process, folder / LOG)
    try:
        if greet:
            bridge.initialize()
        yield bridge
    finally:
        process.kill()
        process.wait(DEADLINE)
        bridge.read_on()
        assert process.stdin
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
