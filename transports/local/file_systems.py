"""Whether a path lies on a network file system, on which SQLite's locks cannot be trusted.

All that differs between operating systems in this question is here. The macOS and Windows branches
follow their documentation and were not tried.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

NETWORK_KINDS = frozenset(
    "nfs nfs4 cifs smb3 smbfs smb2 ncpfs afs afpfs 9p ceph glusterfs lustre gpfs beegfs orangefs ocfs2 gfs2 "
    "webdav davfs fuse.sshfs fuse.rclone fuse.s3fs fuse.davfs fuse.glusterfs fuse.curlftpfs".split()
)


def network_kind(path: Path) -> str | None:
    """The kind of network file system that holds the absolute, resolved `path`; None if it is local."""
    if sys.platform == "linux":
        return _linux(path, Path("/proc/self/mounts").read_bytes())
    if sys.platform == "darwin":
        return _darwin(path)
    if sys.platform == "win32":
        return _windows(path)
    return None


def _linux(path: Path, mounts: bytes) -> str | None:
    target = os.fsencode(path)
    longest, kind = b"", ""
    for line in mounts.splitlines():
        _device, point, name, *_rest = line.split(b" ")
        point = point.decode("unicode_escape").encode("latin-1")  # spaces are written as \040
        inside = target == point or target.startswith(point.rstrip(b"/") + b"/")
        if inside and len(point) >= len(longest):  # of two on one point, the later covers the earlier
            longest, kind = point, os.fsdecode(name)
    return kind if kind in NETWORK_KINDS else None


def _darwin(path: Path) -> str | None:
    import ctypes

    local_flag = 0x1000  # MNT_LOCAL; f_flags is at 64 and f_fstypename at 72 of the 64-bit struct statfs
    library = ctypes.CDLL(None, use_errno=True)
    ask = getattr(library, "statfs$INODE64", None) or library.statfs
    answer = ctypes.create_string_buffer(4096)
    if ask(os.fsencode(path), answer):
        return None
    flags = int.from_bytes(answer.raw[64:68], sys.byteorder)
    return None if flags & local_flag else answer.raw[72:88].split(b"\0")[0].decode("ascii", "replace")


def _windows(path: Path) -> str | None:
    import ctypes

    remote_drive = 4  # DRIVE_REMOTE
    root = path.drive + "\\"
    if root.startswith("\\\\"):
        return "smb"
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  (absent from the stubs elsewhere)
    return "smb" if kernel.GetDriveTypeW(root) == remote_drive else None


def is_read_only(path: Path) -> bool:
    """Whether nothing can be written where `path` is: a mount, or a medium, that is read-only."""
    if sys.platform == "win32":
        return False  # SQLite itself says what it may not write there
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
