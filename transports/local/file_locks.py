"""Locks on open files that end with their process, on every system.

The one place where fcntl and msvcrt differ. Knows descriptors; must not know what their files are for.
"""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    # Locks are of bytes, which nobody else may read then, and never shared: this one is past every real one.
    _FAR = 1 << 30

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Take the file's lock if it is free. It is let go when the descriptor is closed."""
        return _lock(descriptor, msvcrt.LK_NBLCK)

    def lock(descriptor: int) -> None:
        """Wait for the file's lock. It is let go when the descriptor is closed."""
        while not _lock(descriptor, msvcrt.LK_LOCK):  # which gives up after ten seconds
            pass

    def _lock(descriptor: int, how: int) -> bool:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, how, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)
        return True

else:
    import fcntl

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Take the file's lock if it is free. It is let go when the descriptor is closed."""
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def lock(descriptor: int) -> None:
        """Wait for the file's lock. It is let go when the descriptor is closed."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)
