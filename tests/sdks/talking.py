"""A client's program under way: it is sent calls, and says what became of each.

The programs (programs/) read one JSON object a line: `{"id": 1, "call": "restore", "backup": ID, "body":
{…}}`. For each they write any number of `{"id": 1, "frame": …}` and one end: `{"id": 1, "returned": …}`, or
`{"id": 1, "raised": NAME, "status": 500, "body": …}`. Knows processes and this protocol; nothing of HTTP.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any, Self

import attrs

from tests.sdks.environments import Client

DEADLINE = 90.0

Said = dict[str, Any]


@attrs.define
class Call:
    """One call that a client was asked for."""

    name: str
    said: queue.Queue[Said] = attrs.field(factory=queue.Queue)
    frames: list[Any] = attrs.field(factory=list)
    ending: Said | None = None

    def frame(self) -> Any:
        """Its next frame; it must not have ended."""
        said = self.said.get(timeout=DEADLINE)
        assert "frame" in said, f"{self.name} ended: {said}"
        self.frames.append(said["frame"])
        return said["frame"]

    def end(self) -> Said:
        """What became of it, once it has ended; its frames are then all in `frames`."""
        while self.ending is None:
            said = self.said.get(timeout=DEADLINE)
            if "frame" in said:
                self.frames.append(said["frame"])
            else:
                self.ending = said
        return self.ending

    def returned(self) -> Any:
        """What it returned; it must not have raised."""
        end = self.end()
        assert "returned" in end, f"{self.name}: {end}"
        return end["returned"]

    def raised(self) -> Said:
        """What it raised."""
        end = self.end()
        assert "raised" in end, f"{self.name}: {end}"
        return end


class Talk:
    """A client's program, talking to a service; ended with the block."""

    def __init__(self, client: Client, address: str, *, token: str = "") -> None:
        self.client = client
        self._numbers = itertools.count(1)
        self._calls: dict[int, Call] = {}
        self._process = subprocess.Popen(
            [*client.command, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "TOKEN": token},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.vanish()

    def start(self, name: str, **given: Any) -> Call:
        """Ask for a call, and do not wait."""
        number = next(self._numbers)
        call = self._calls[number] = Call(f"{self.client.name}: {name}")
        assert self._process.stdin
        print(json.dumps({"id": number, "call": name, **given}), file=self._process.stdin, flush=True)
        return call

    def returned(self, name: str, **given: Any) -> Any:
        """What a call returns."""
        return self.start(name, **given).returned()

    def raised(self, name: str, **given: Any) -> Said:
        """What a call raises."""
        return self.start(name, **given).raised()

    def vanish(self) -> None:
        """End the program at once, whatever it is in the middle of."""
        if self._process.poll() is None:
            self._kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        else:
            os.killpg(self._process.pid, signal.SIGKILL)  # and with it whatever curl it is waiting for

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            said = json.loads(line)
            self._calls[said.pop("id")].said.put(said)
