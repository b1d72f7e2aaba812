"""The worker's end of the pipe to its parent: events out, answers and a cancel in.

JSON lines, whose records are those of the journal. The real stdin and stdout are moved to private
descriptors first, so that a stray print cannot touch the channel. The end of the parent's pipe is
the end of this process: what was begun is rolled back by SQLite, what was left by recovery.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any

from ....core.journal import name_of, to_record
from ....core.messages import Event

ORPHANED = 3
"""The exit code of a worker whose parent went away."""


class Channel:
    """Tells the parent events; hears its answers and whether it wants the work cancelled."""

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        self._answers: queue.SimpleQueue[bool | None] = queue.SimpleQueue()
        self._cancelled = threading.Event()

    def ready(self) -> None:
        """Tell the parent that this is a worker, which takes a task."""
        self._send({"ready": True})

    def task(self) -> dict[str, Any]:
        """What the parent wants done; from now on it is listened to."""
        line = self._in.readline()
        if not line:
            os._exit(ORPHANED)
        task: dict[str, Any] = json.loads(line)
        threading.Thread(target=self._listen, name="parent", daemon=True).start()
        return task

    def tell(self, event: Event) -> None:
        """Tell the parent, and go on."""
        self._send({"event": name_of(event), "record": to_record(event)})

    def ask(self, event: Event) -> bool | None:
        """Tell the parent, and wait until that is durable; its answer, if the event was an offer."""
        self._send({"event": name_of(event), "record": to_record(event), "asks": True})
        return self._answers.get()

    def cancelled(self) -> bool:
        """Whether the parent wants the work stopped."""
        return self._cancelled.is_set()

    def _send(self, message: dict[str, object]) -> None:
        line = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        while line:
            try:
                line = line[os.write(self._out, line) :]
            except BrokenPipeError:
                os._exit(ORPHANED)

    def _listen(self) -> None:
        for line in self._in:
            said = json.loads(line)
            if "answer" in said:
                self._answers.put(said["answer"])
            else:
                self._cancelled.set()
        os._exit(ORPHANED)
