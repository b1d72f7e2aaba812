"""Locks on open files that end with their process, on every system.

The one place that knows how Windows differs.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt

    # Windows locks byte ranges and refuses reads of them: this byte is past every real one.
    _FAR = 1 << 40

    def try_lock(descriptor: int) -> bool:
        """Take the file's lock if it is free. It is let go when the descriptor is closed."""
        return _lock(descriptor, msvcrt.LK_NBLCK)

    def lock_exclusively(descriptor: int) -> None:
        """Wait for the file's lock. It is let go when the descriptor is closed."""
        while not _lock(descriptor, msvcrt.LK_LOCK):
            pass

    def _lock(descriptor: int, how: int) -> bool:
        import os

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

    def try_lock(descriptor: int) -> bool:
        """Take the file's lock if it is free. It is let go when the descriptor is closed."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def lock_exclusively(descriptor: int) -> None:
        """Wait for the file's lock. It is let go when the descriptor is closed."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)
