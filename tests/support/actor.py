"""A foreign program that does what it is told: run as a script, it obeys one JSON command a line.

`["open", PATH]`, `["close"]`, or an SQL statement as a string; it answers with the rows, or with the
error as a string. `Actor` starts one and talks to it.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any


class Actor:
    """One foreign process. Leaving the `with` block ends it cleanly; `kill` does not."""

    def __init__(self, path: Path | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if path:
            self.open(path)

    def __enter__(self) -> Actor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(60)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def open(self, path: Path) -> None:
        """Connect to `path`."""
        self._tell(["open", str(path)])

    def close(self) -> None:
        """Close the connection, as a program does that ends well."""
        self._tell(["close"])

    def sql(self, *statements: str) -> Any:
        """Run the statements; the rows of the last."""
        answers = [self._tell(statement) for statement in statements]
        return answers[-1]

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait(60)

    def _tell(self, command: object) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return answer


def main() -> None:
    connection: sqlite3.Connection | None = None
    for line in sys.stdin:
        command = json.loads(line)
        rows: list[Any] = []
        try:
            if command == ["close"]:
                assert connection
                connection.close()
            elif isinstance(command, list):
                connection = sqlite3.connect(command[1], isolation_level=None, timeout=20)
            else:
                assert connection
                rows = connection.execute(command).fetchall()
        except sqlite3.Error as error:
            print(json.dumps(f"{command}: {error}"), flush=True)
        else:
            print(json.dumps(rows, default=repr), flush=True)


if __name__ == "__main__":
    main()
