"""Who is at the other end of a connection, where the system tells it, for both of its ends; who holds a port.

Linux tells the user of a loopback connection (sock_diag(7), measured: 20 µs; proc(5) where the kernel was
built without it) and of a unix socket (SO_PEERCRED). macOS and Windows tell nobody but the administrator.
Knows sockets, nothing of requests.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import attrs

log = logging.getLogger(__name__)

_LISTENS = "0A"

_End = tuple[str, int]
_ANY: dict[int, _End] = {socket.AF_INET: ("0.0.0.0", 0), socket.AF_INET6: ("::", 0)}
"""The other end of a socket that listens."""

_Way = Callable[[int, _End, _End], "Peer"]
"""Who has the socket of this family that has this address and this other end. Raises OSError."""


@attrs.frozen
class Peer:
    """Who connected. `uid` is None where the system does not tell, or where nobody is there any more."""

    told: bool
    uid: int | None = None

    @property
    def is_us(self) -> bool:
        """Whether it is this process's own user, as far as anybody can tell."""
        return not self.told or (sys.platform != "win32" and self.uid == os.getuid())

    @property
    def may_have_secrets(self) -> bool:
        """Whether it is this user or the administrator, who can read this user's secrets anyway."""
        return self.is_us or self.uid == 0


UNTOLD = Peer(told=False)
NOBODY = Peer(told=True)
"""Nobody whom we know: from another machine, or gone."""


def is_loopback(address: str) -> bool:
    """Whether an address in numbers is this machine's own; also as an IPv6 socket sees one of IPv4."""
    return _known(address).is_loopback


def in_url(address: str) -> str:
    """How a URL calls an address in numbers; an own one, for that which stands for every address."""
    known = _known(address)
    if known.is_unspecified:
        return "127.0.0.1" if known.version == 4 else "[::1]"
    return str(known) if known.version == 4 else f"[{known}]"


def _known(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    known = ipaddress.ip_address(address.partition("%")[0])
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return mapped or known


def who_connected(sock: socket.socket) -> Peer:
    """Who is at the other end of an accepted connection."""
    try:
        if sock.family == getattr(socket, "AF_UNIX", None):
            return _unix_peer(sock)
        ours, theirs = sock.getsockname(), sock.getpeername()
    except OSError:  # it has been closed meanwhile
        return NOBODY
    if ours[0] != theirs[0] and not is_loopback(theirs[0]):
        return NOBODY  # another machine knows no users of ours
    return _owner(sock.family, theirs, ours)


def who_serves(sock: socket.socket) -> Peer:
    """Who is at the other end of a connection that was made here, or listens there and will accept it."""
    try:
        ours, theirs = sock.getsockname(), sock.getpeername()
    except OSError:  # it has been closed meanwhile
        return NOBODY
    if not is_loopback(theirs[0]):
        return NOBODY
    accepted = _owner(sock.family, theirs, ours)
    return _owner(sock.family, theirs, _ANY[sock.family]) if accepted == NOBODY else accepted


def holder_of(address: str, port: int) -> str:
    """` by NAME (pid N)`, of the program of this user that listens there, as far as the system tells."""
    if sys.platform != "linux":
        return ""
    for inode in _listeners(address, port):
        for process in Path("/proc").glob("[0-9]*"):
            if _has(process, f"socket:[{inode}]"):
                return f" by {_name(process)} (pid {process.name})"
    return ""


def _listeners(address: str, port: int) -> Iterator[str]:
    """The inodes of the sockets that listen on this port, or on it on every address."""
    table = Path("/proc/net/tcp6" if ":" in address else "/proc/net/tcp")
    for line in table.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
            yield fields[9]


def _has(process: Path, link: str) -> bool:
    try:
        return any(os.readlink(entry) == link for entry in (process / "fd").iterdir())
    except OSError:  # it ended, or it is somebody else's
        return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "a program"


if sys.platform == "linux":
    _DIAG = 4  # NETLINK_SOCK_DIAG
    _BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY
    _REQUEST = 1  # NLM_F_REQUEST
    _NO_COOKIE = b"\xff" * 8

    def _unix_peer(sock: socket.socket) -> Peer:
        said = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
        return Peer(told=True, uid=struct.unpack("iII", said)[1])

    @cache
    def way_of_telling() -> _Way | None:
        """The way in which this system tells whose a connection is; None if it does not. Tried once."""
        for way in (_ask_kernel, _look_up):
            if _works(way):
                return way
        log.warning("this system does not tell whose a connection is: every user of it is let in")
        return None

    def _works(way: _Way) -> bool:
        """Whether it knows one that is ours: that it cannot tell, and that there is none, is one answer."""
        try:
            with (
                socket.create_server(("127.0.0.1", 0)) as listener,
                socket.create_connection(listener.getsockname()) as caller,
            ):
                return way(caller.family, caller.getsockname(), caller.getpeername()).uid is not None
        except OSError:
            return False

    def _owner(family: int, source: _End, target: _End) -> Peer:
        way = way_of_telling()
        if way is None:
            return UNTOLD
        try:
            return way(family, source, target)
        except OSError:  # for the moment: too many files are open, perhaps
            return NOBODY

    def _ask_kernel(family: int, source: _End, target: _End) -> Peer:
        """As inet_diag_req_v2 of sock_diag(7)."""
        hosts = (end[0].partition("%")[0] for end in (source, target))
        ends = b"".join(socket.inet_pton(family, host).ljust(16, b"\0") for host in hosts)
        identity = struct.pack("!HH", source[1], target[1]) + ends + struct.pack("=I", 0) + _NO_COOKIE
        asked = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity
        header = struct.pack("=IHHII", 16 + len(asked), _BY_FAMILY, _REQUEST, 1, 0)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _DIAG) as kernel:
            kernel.send(header + asked)
            answer = kernel.recv(4096)
        if struct.unpack_from("=IH", answer)[1] != _BY_FAMILY:
            return NOBODY  # it is gone
        uid, inode = struct.unpack_from("=II", answer, 16 + 4 + 48 + 12)
        return Peer(told=True, uid=uid if inode else None)  # without an inode nobody holds it any more

    def _look_up(family: int, source: _End, target: _End) -> Peer:
        """As the tables of proc(5), which take milliseconds where there are thousands of connections."""
        table = "/proc/net/tcp" if _known(source[0]).version == 4 else "/proc/net/tcp6"
        if target[1] == 0:
            return _listener(source)
        ends = [_in_table(source), _in_table(target)]
        for line in Path(table).read_text("ascii").splitlines():
            fields = line.split()
            if fields[1:3] == ends:
                return Peer(told=True, uid=int(fields[7]) if fields[9] != "0" else None)
        return NOBODY

    def _listener(at: _End) -> Peer:
        """Who listens on this port, on whatever address; a stranger, where several do."""
        found = NOBODY
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == at[1]:
                    found = Peer(told=True, uid=int(fields[7]))
                    if not found.may_have_secrets:
                        return found
        return found

    def _in_table(end: _End) -> str:
        """Words of 32 bits in the machine's order, and the port."""
        packed = _known(end[0]).packed
        words = struct.unpack(f"={len(packed) // 4}I", packed)
        return f"{''.join(f'{word:08X}' for word in words)}:{end[1]:04X}"

else:

    def way_of_telling() -> _Way | None:
        return None

    def _unix_peer(sock: socket.socket) -> Peer:
        return UNTOLD

    def _owner(family: int, source: _End, target: _End) -> Peer:
        return UNTOLD
