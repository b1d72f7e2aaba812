"""A program that has the database open and writes to it all the time; run as `writer.py DATABASE FIRST`.

Says each number that it has written once SQLite has told it that the write is committed, so what
it says is what it was promised. Ends when its input does.
"""

from __future__ import annotations

import sqlite3
import sys
import threading

PACE = 0.005


def wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
    number = int(sys.argv[2])
    ended = threading.Event()
    threading.Thread(target=wait_for_the_end, args=[ended], daemon=True).start()
    while not ended.is_set():
        database.execute("INSERT OR REPLACE INTO written VALUES (?, ?)", (number, f"write {number}"))
        print(number, flush=True)
        number += 1
        ended.wait(PACE)


if __name__ == "__main__":
    main()
