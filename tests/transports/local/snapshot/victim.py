"""Takes a snapshot in a process of its own, to be killed in the middle of it.

victim.py DATABASE METHOD tells `span` at each span and then waits for a line on its standard input.
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
    take(Path(sys.argv[1]), TellingSink(), cancelled=lambda: False, method=Method(sys.argv[2]))
