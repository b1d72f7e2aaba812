"""Takes a snapshot in a process of its own, to be killed in the middle of it.

victim.py DATABASE METHOD COPY tells `span` at each span and then waits for a line on its standard input.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reprieve.transports.local.snapshot.take import Method, take


class TellingSink:
    def begin(self, page_size: int, page_count: int) -> None:
        pass

    def write(self, first_page: int, data: bytes) -> None:
        print("span", flush=True)
        sys.stdin.readline()

    def resize(self, page_count: int) -> None:
        pass


if __name__ == "__main__":
    database, method, copy = sys.argv[1:]
    take(
        Path(database), TellingSink(), cancelled=lambda: False, method=Method(method), copy=lambda: Path(copy)
    )
