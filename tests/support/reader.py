"""A program that has the database open and reads it all the time; run as `reader.py DATABASE`.

Says `ready` after the first transaction and `MIX` with what it saw if one transaction shows two contents.
Ends when its input does. Uses the standard library's SQLite: another one than the worker's.
"""

from __future__ import annotations

import sqlite3
import sys
import threading

PACE = 0.02


def wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None, check_same_thread=False)
    ended = threading.Event()
    threading.Thread(target=wait_for_the_end, args=[ended], daemon=True).start()
    said = False
    while not ended.is_set():
        database.execute("BEGIN")
        first = database.execute("SELECT min(tag), max(tag), count(*) FROM content").fetchone()
        again = database.execute("SELECT tag, (SELECT count(*) FROM content) FROM content LIMIT 1").fetchone()
        database.execute("COMMIT")
        if first[0] != first[1] or again != (first[0], first[2]):
            print("MIX", first, again, flush=True)
            return
        if not said:
            said = True
            print("ready", flush=True)
        ended.wait(PACE)


if __name__ == "__main__":
    main()
