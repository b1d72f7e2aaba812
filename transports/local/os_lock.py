"""A lock on a file that lives exactly as long as the process that holds it, which is named inside.

It knows nothing of jobs, owners or workers. The operating system frees the lock when its holder dies, so a
lock that can be taken proves that nobody lives behind it; a process that is only stopped goes on holding it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

import attrs

from ...core.errors import Conflict
from .file_locks import try_lock
from .files import BINARY
from .process_identity import ProcessIdentity

log = logging.getLogger(__name__)

_FOUND_FREE_EVERY = 0.02

_held: dict[int, OsLock] = {}
"""The locks of this process, by their descriptors."""

_settled = threading.RLock()
"""Held while a descriptor is locked, but not noted in `_held`: no fork falls in between."""


@attrs.define
class OsLock:
    """The lock of `path`; as a context manager it is acquired at once (unless it already is) or not at all.

    It is this process's alone: one that is forked or started (exec) while it is held has no part in it.
    """

    path: Path
    _descriptor: int | None = attrs.field(default=None, init=False)

    def try_acquire(self) -> bool:
        """Take the lock if it is free, and write this process's identity into the file."""
        with _settled:
            descriptor = self._locked()
            if descriptor is None:
                return False
            try:
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, str(ProcessIdentity.own()).encode())
            except OSError:  # a full disk: nothing would say whose lock it is
                os.close(descriptor)
                raise
            self._descriptor = descriptor
            _held[descriptor] = self
        return True

    def acquire(self, deadline: float) -> None:
        """Take the lock as soon as it is free. Raises Conflict after `deadline` seconds."""
        until = time.monotonic() + deadline
        while not self.try_acquire():
            if time.monotonic() >= until:
                raise Conflict(
                    f"The process {self.pid() or 'that holds it'} still holds {self.path} after "
                    f"{deadline:g} s; end it, then try again."
                )
            time.sleep(_FOUND_FREE_EVERY)

    def release(self) -> None:
        """Remove the file and free the lock."""
        if self._descriptor is None:
            return
        with _settled:
            descriptor, self._descriptor = self._descriptor, None
            del _held[descriptor]
            if sys.platform == "win32":  # an open file cannot be removed there
                os.close(descriptor)
                self.path.unlink(missing_ok=True)
            else:
                self.path.unlink(missing_ok=True)
                os.close(descriptor)

    def held(self) -> bool:
        """Whether any process, this one included, holds the lock now."""
        if self._descriptor is not None:
            return True
        with _settled:
            try:
                descriptor = os.open(self.path, os.O_RDWR | BINARY)
            except FileNotFoundError:
                return False
            try:
                return not try_lock(descriptor, shared=True)  # two that look at once do not see each other
            finally:
                os.close(descriptor)

    def holder(self) -> ProcessIdentity | None:
        """Which process wrote itself into the file; only while the lock is held is that its holder."""
        try:
            return ProcessIdentity.parse(self.path.read_bytes().decode("ascii", "replace"))
        except FileNotFoundError:
            return None

    def pid(self) -> int | None:
        """The number of that process, in the pid namespace where it runs."""
        holder = self.holder()
        return holder.pid if holder else None

    def end_holder(self, *, grace: float = 0.5, deadline: float = 10.0) -> None:
        """Take the lock; if its holder has not let go after `grace` seconds, kill it (SIGKILL).

        It is killed only if it is proved to be the process that wrote itself into the file: by its number,
        its start and its pid namespace. Otherwise (a container that shares the folder, another machine) it
        is waited for. Raises Conflict, which is temporary, if the lock is not free `deadline` seconds later.
        """
        until = time.monotonic() + grace
        while not self.try_acquire():
            if time.monotonic() < until:
                time.sleep(_FOUND_FREE_EVERY)
                continue
            holder = self.holder()
            if holder is None or holder.pid == os.getpid() or not holder.kill():
                log.warning("waiting until %s lets go of %s", _described(holder), self.path)
            try:
                self.acquire(deadline)
            except Conflict as error:
                raise _still_held(holder, self.path) from error
            return

    def _locked(self) -> int | None:
        """A locked descriptor of the file, if the lock is free."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | BINARY, 0o600)
            if not try_lock(descriptor):
                os.close(descriptor)
                return None
            if _is_still(descriptor, self.path):
                return descriptor
            os.close(descriptor)  # its holder removed the file between our open and our lock

    def __enter__(self) -> OsLock:
        if self._descriptor is None:
            self.acquire(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _described(holder: ProcessIdentity | None) -> str:
    if holder is None:
        return "the process that holds it"
    return f"process {holder.pid} (of another container or machine, or one that cannot be identified)"


def _still_held(holder: ProcessIdentity | None, path: Path) -> Conflict:
    error = Conflict(
        f"{path} is still held by {_described(holder)}, which was not killed, as its number alone does not "
        "prove which process it is. End it where it runs; what it had begun is settled then."
    )
    error.temporary = True
    return error


def _leave_to_parent() -> None:
    """In a fork: forget every lock. To close a descriptor here frees none that the parent has open, too."""
    for descriptor, lock in _held.items():
        lock._descriptor = None
        os.close(descriptor)
    _held.clear()
    _settled.release()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(
        before=_settled.acquire, after_in_parent=_settled.release, after_in_child=_leave_to_parent
    )
