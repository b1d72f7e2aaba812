"""Whether any other program has a file open: proved, or refused.

On Linux the kernel itself says so: it grants a write lease on a file only if nobody else has it open, and
then makes whoever opens it wait (fcntl(2), F_SETLEASE). Where a file system or a foreign owner allows
no lease, the list of every process's open files is the proof, if all of it can be read. Other systems give no
proof.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ....core.errors import FORCE_IT, BadTarget
from .target import Target

Still = Callable[[], None]
"""Raises BadTarget if somebody has come to open the file since the proof."""


@contextmanager
def alone(target: Target, *, force: bool) -> Iterator[Still]:
    """Run the block only if it is proved that no other process has the target open.

    With `force` nothing is asked. Raises BadTarget if it is not proved; names who has it open if that can
    be seen.
    """
    if force:
        yield lambda: None
        return
    holders, complete = _holders(target) if sys.platform == "linux" else ([], False)
    if holders:
        raise _refusal(target.path, f"process {', '.join(map(str, holders))} has it open; close that first")
    leased = sys.platform == "linux" and _lease(target)
    if not leased and not complete:
        raise _refusal(
            target.path,
            "it cannot be proved here that no other program has it open; close every program that may "
            f"use it and {FORCE_IT}",
        )
    try:
        yield (lambda: _require_unbroken(target)) if leased else (lambda: None)
    finally:
        if leased:
            _release(target)


def _refusal(path: Path, why: str) -> BadTarget:
    return BadTarget(
        f"{path} is not a database (or is encrypted), so it can only be replaced as a file, and {why}."
    )


if sys.platform == "linux":
    import fcntl

    def _lease(target: Target) -> bool:
        # The signal that tells of somebody who waits would end this process; SIGURG is ignored.
        fcntl.fcntl(target.descriptor, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(target.descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                raise _refusal(target.path, "another program has it open; close that first") from None
            if error.errno in (errno.EINVAL, errno.EACCES, errno.EOPNOTSUPP):
                return False
            raise
        return True

    def _require_unbroken(target: Target) -> None:
        if fcntl.fcntl(target.descriptor, fcntl.F_GETLEASE) != fcntl.F_WRLCK:
            raise _refusal(target.path, "another program is opening it; close that first")

    def _release(target: Target) -> None:
        fcntl.fcntl(target.descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)

    def _holders(target: Target) -> tuple[list[int], bool]:
        """The other processes that have the target open, and whether every process could be asked."""
        holders, complete = [], True
        for process in Path("/proc").iterdir():
            if not process.name.isdigit() or int(process.name) == os.getpid():
                continue
            try:
                if any(_is_open_as(target, entry) for entry in (process / "fd").iterdir()):
                    holders.append(int(process.name))
            except PermissionError:
                complete = False
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
        return holders, complete

    def _is_open_as(target: Target, entry: Path) -> bool:
        try:
            status = entry.stat()
        except FileNotFoundError:
            return False  # it was closed meanwhile
        return (status.st_dev, status.st_ino) == target.identity

else:

    def _lease(target: Target) -> bool:
        return False

    def _require_unbroken(target: Target) -> None:
        return None

    def _release(target: Target) -> None:
        return None

    def _holders(target: Target) -> tuple[list[int], bool]:
        return [], False
