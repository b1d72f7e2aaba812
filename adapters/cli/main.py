"""The door of the command line: what has to happen before anything is imported, and after all is said.

Imports nothing at first, so that the worker of a command that needs one starts at once, and both load their
modules at the same time. What a command line means is running.py's matter.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from .output import Output

NEEDS_WORKER = {"backup", "restore", "revert"}

_GARBAGE = 50_000
"""New objects after which Python looks for cycles among them; at 700, it does so 200 times in a start."""


def script() -> NoReturn:
    """The program `reprieve`. It ends without taking its modules apart, which would cost 20 ms."""
    from reprieve.transports.local.import_path import restrict_path

    restrict_path()
    import gc
    import os

    gc.set_threshold(_GARBAGE)
    for descriptor in range(3):  # one that the parent closed would be taken by the next file that is opened
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    words = sys.argv[1:]
    if words[:1] == ["bridge"]:
        from ..jsonrpc.ahead import greet_ahead

        greet_ahead(words)
    if _will_need_worker(words):
        from reprieve.transports.local.worker.spawn import spawn_ahead

        spawn_ahead()
    code = main(words)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:  # None, where a parent closed it
                stream.flush()
        except OSError:  # nobody reads it any more
            continue
    if relayed := sys.modules.get("reprieve.transports.stderr_relay"):
        relayed.drain()
    os._exit(code)


def main(arguments: Sequence[str] | None = None, output: Output | None = None) -> int:
    """Run a command line (by default this process's) and give its exit code."""
    from .running import run

    return run(list(sys.argv[1:] if arguments is None else arguments), output)


def _will_need_worker(words: Sequence[str]) -> bool:
    """Whether a worker is likely to be needed: one that is not ends with this process.

    What has a colon beyond a drive letter's may be a URL, of something that is not on this machine.
    """
    elsewhere = any(":" in word[2:] for word in words)
    return bool(words) and words[0] in NEEDS_WORKER and not elsewhere and not {"-h", "--help"} & set(words)
