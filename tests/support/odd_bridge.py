"""A bridge whose transport misbehaves: run as `odd_bridge.py bridge --stdio odd:`.

Listing the backups is a bug that holds a secret; listing the documents writes to what was stdout, here and in
a child, and reads what was stdin.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from reprieve.adapters.cli import script
from reprieve.core.job import AssetVersion, Backup
from reprieve.transports.offline.opening import open_offline
from reprieve.transports.registry import OPENERS, Opened

SECRET = "hunter2 in /home/somebody/secret.db"
CHILD = "import os, sys; os.write(1, b'a child'); print(sys.stdin.read(), 'its print')"


def open_odd(target: str, **options: Any) -> Opened:
    """An offline service in real time, with the bugs."""
    opened = open_offline("offline:?clock=real&backups=3", **options)
    transport: Any = opened.transport
    transport.backups, transport.assets = _backups, _assets
    return opened


async def _backups() -> tuple[Backup, ...]:
    raise ValueError(SECRET)


async def _assets() -> tuple[AssetVersion, ...]:
    print("a stray print", flush=True)
    os.write(1, b"a stray write")
    print("it reads", repr(sys.stdin.read()), flush=True)
    subprocess.run([sys.executable, "-I", "-S", "-c", CHILD], check=True)
    return ()


if __name__ == "__main__":
    OPENERS["odd"] = "__main__:open_odd"  # the folder of a script is not imported from
    sys.exit(script())
