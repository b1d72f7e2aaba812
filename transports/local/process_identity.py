"""Which process a pid means: a number is used again, and means another process in another pid namespace.

A lock file holds one identity, and its holder may be killed only where all of it is still true. Holds what
differs between systems in asking for it; knows nothing of locks.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import attrs

UNKNOWN = "-"
"""Stands for what a system does not tell."""


@attrs.frozen
class ProcessIdentity:
    """A process: its number, when it started, and in which pid namespace of which boot it has that number."""

    pid: int
    started: str
    namespace: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The process that has this number here and now; None if there is none, or the system does not tell.

        Its namespace is the caller's own: only there does the number mean that process.
        """
        started = _started(pid)
        return cls(pid, started, _namespace()) if started else None

    @classmethod
    def own(cls) -> ProcessIdentity:
        """This process, as far as the system tells."""
        return cls.of(os.getpid()) or cls(os.getpid(), UNKNOWN, UNKNOWN)

    @classmethod
    def parse(cls, text: str) -> ProcessIdentity | None:
        """What `str` of an identity gave. Earlier versions wrote a bare number, of which no more is known."""
        parts = text.split()
        if not parts or not parts[0].isdigit():
            return None
        started, namespace = parts[1:] if len(parts) == 3 else (UNKNOWN, UNKNOWN)
        return cls(int(parts[0]), started, namespace)

    def __str__(self) -> str:
        return f"{self.pid} {self.started} {self.namespace}"

    def kill(self) -> bool:
        """Kill exactly this process; False where it cannot be proved that its number still means it.

        True also if it has ended meanwhile.
        """
        if UNKNOWN in (self.started, self.namespace) or self.namespace != _namespace():
            return False
        return _kill(self)


if sys.platform == "linux":

    def _started(pid: int) -> str | None:
        """Clock ticks since the boot (proc(5), field 22). The name before it may hold blanks and brackets."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        return stat.rpartition(b")")[2].split()[19].decode()

    def _namespace() -> str:
        """The namespace's own number, and the boot: a folder may be shared with another machine."""
        try:
            if os.readlink("/proc/self") != str(os.getpid()):
                return UNKNOWN  # /proc is that of another namespace, and numbers other processes
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
            return f"{os.readlink('/proc/self/ns/pid')}@{boot}"
        except OSError:
            return UNKNOWN

    def _kill(process: ProcessIdentity) -> bool:
        """By a descriptor of the process, which means that one, whatever becomes of the number."""
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return True
        try:
            if ProcessIdentity.of(process.pid) != process:
                return False
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        except ProcessLookupError:
            return True
        finally:
            os.close(descriptor)
        return True

elif sys.platform == "darwin":
    import ctypes
    import socket

    _BSD_INFO = 3  # PROC_PIDTBSDINFO
    _BSD_INFO_SIZE = 136
    _START = slice(120, 136)  # pbi_start_tvsec, pbi_start_tvusec

    def _started(pid: int) -> str | None:
        """Seconds and microseconds, as struct proc_bsdinfo of <sys/proc_info.h> has them."""
        libproc = ctypes.CDLL("/usr/lib/libproc.dylib")
        buffer = ctypes.create_string_buffer(_BSD_INFO_SIZE)
        if libproc.proc_pidinfo(pid, _BSD_INFO, ctypes.c_uint64(0), buffer, _BSD_INFO_SIZE) != _BSD_INFO_SIZE:
            return None
        return buffer.raw[_START].hex()

    def _namespace() -> str:
        """There is one for each machine."""
        return "".join(socket.gethostname().split()) or UNKNOWN

    def _kill(process: ProcessIdentity) -> bool:
        if ProcessIdentity.of(process.pid) != process:
            return False
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return True
        return True

elif sys.platform == "win32":
    import ctypes
    import socket
    from collections.abc import Iterator
    from contextlib import contextmanager
    from ctypes import wintypes

    _TERMINATE = 0x0001
    _QUERY = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
    _KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
    _KERNEL.OpenProcess.restype = wintypes.HANDLE

    @contextmanager
    def _opened(pid: int, access: int) -> Iterator[wintypes.HANDLE | None]:
        handle = _KERNEL.OpenProcess(access, False, pid)
        try:
            yield wintypes.HANDLE(handle) if handle else None
        finally:
            if handle:
                _KERNEL.CloseHandle(wintypes.HANDLE(handle))

    def _created(handle: wintypes.HANDLE) -> str | None:
        times = [wintypes.FILETIME() for _ in range(4)]
        if not _KERNEL.GetProcessTimes(handle, *(ctypes.byref(time) for time in times)):
            return None
        return f"{times[0].dwHighDateTime:08x}{times[0].dwLowDateTime:08x}"

    def _started(pid: int) -> str | None:
        """When it was created, in units of 100 ns."""
        with _opened(pid, _QUERY) as handle:
            return _created(handle) if handle else None

    def _namespace() -> str:
        """There is one for each machine."""
        return "".join(socket.gethostname().split()) or UNKNOWN

    def _kill(process: ProcessIdentity) -> bool:
        """By a handle, which means that one process, whatever becomes of the number."""
        with _opened(process.pid, _QUERY | _TERMINATE) as handle:
            if not handle or _created(handle) != process.started:
                return False
            return bool(_KERNEL.TerminateProcess(handle, 1))

else:

    def _started(pid: int) -> str | None:
        return None

    def _namespace() -> str:
        return UNKNOWN

    def _kill(process: ProcessIdentity) -> bool:
        return False
