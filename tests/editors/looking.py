"""What an editor's case asks of its database: `looking.py DATABASE` prints the tag that all its rows have;
`looking.py DATABASE TAG` gives them another, in one transaction. Asked with the standard library's SQLite.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing


def main(path: str, tag: str | None = None) -> None:
    with closing(sqlite3.connect(path, timeout=30)) as database:
        if tag is not None:
            with database:
                database.execute("UPDATE content SET tag = ?", (int(tag),))
        assert database.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        ((found,),) = database.execute("SELECT DISTINCT tag FROM content")
        print(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
