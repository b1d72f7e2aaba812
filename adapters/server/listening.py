"""Where the service listens: loopback addresses, others, a unix socket, and sockets that systemd opened.

Knows sockets and who may be let in where; nothing of HTTP. A port that is taken is an error, never another
port.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from reprieve.core.errors import Conflict, InvalidRequest
from reprieve.transports.peers import holder_of, in_url, is_loopback

from ..unix_socket import unix_socket

PORT = 39300
"""Ours: the client libraries' default, 1000, is privileged, and from here on discovery looks."""

LOOPBACK = ("127.0.0.1", "::1")

_INTERNET = (socket.AF_INET, socket.AF_INET6)

_TRIES = 16
"""For a port that is free on both loopback addresses, where port 0 asked for any."""

_FIRST_INHERITED = 3
"""The first descriptor that systemd passes (sd_listen_fds(3))."""


@attrs.frozen(kw_only=True)
class Place:
    """Where to listen. Without `hosts`: on the loopback addresses. Port 0 is any free one.

    `guarded` says that every caller shows the token, and that nobody overhears it: then others may come in.
    """

    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = (PORT,)
    unix: Path | None = None
    guarded: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses to bind, in numbers. Raises InvalidRequest for a name that is none."""
        if not self.hosts:
            return LOOPBACK
        return tuple(dict.fromkeys(address for host in self.hosts for address in _addresses_of(host)))

    @property
    def names(self) -> tuple[str, ...]:
        """Those hosts that are names, not numbers: people call the service by them."""
        return tuple(host for host in self.hosts if not _is_number(host))

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return all(is_loopback(address) for address in self.addresses)


@contextmanager
def listening(place: Place) -> Iterator[tuple[socket.socket, ...]]:
    """The sockets that systemd passed; else those that are bound here, closed (and removed) at the end.

    Raises Conflict for a port or a path that is taken, InvalidRequest for one that cannot be bound, or that
    others reach though nothing keeps them out.
    """
    with ExitStack() as opened:
        sockets = inherited()
        for one in sockets:
            opened.enter_context(one)
        if not place.guarded:
            _refuse_others(sockets)
        if not sockets:
            sockets = [opened.enter_context(one) for one in _bound(place)]
            if place.unix:
                sockets.append(opened.enter_context(unix_socket(place.unix)))
        yield tuple(sockets)


def url_of(sock: socket.socket, scheme: str) -> str | None:
    """The URL at which this machine at least reaches a listening TCP socket; None for another one."""
    if sock.family not in _INTERNET:
        return None
    host, port = sock.getsockname()[:2]
    return f"{scheme}://{in_url(host)}:{port}"


def tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """What TLS needs of the two PEM files. Raises InvalidRequest."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        said = error.strerror or error
        raise InvalidRequest(
            f"The certificate {certificate} with the key {key} cannot be used ({said}); both are PEM files."
        ) from error
    return context


def inherited() -> list[socket.socket]:
    """The listening sockets that systemd passed to this very process, if it did (sd_listen_fds(3))."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):  # not for our workers
        os.environ.pop(name, None)
    sockets = []
    for descriptor in range(_FIRST_INHERITED, _FIRST_INHERITED + count):
        os.set_inheritable(descriptor, False)
        sockets.append(socket.socket(fileno=descriptor))
    return sockets


def systemd_addresses(place: Place) -> tuple[str, ...]:
    """Where to listen, as `ListenStream=` of a socket unit says it."""
    return tuple(
        f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        for port in place.ports
        for address in _present(place)
    )


def _refuse_others(sockets: Iterable[socket.socket]) -> None:
    """Raises InvalidRequest for a socket that other machines reach."""
    for one in sockets:
        if one.family in _INTERNET and not is_loopback(one.getsockname()[0]):
            raise InvalidRequest(
                f"Other machines reach {one.getsockname()[0]}, which was passed: add --require-token, and "
                "--cert with --key or --insecure-behind-proxy; or have it listen on 127.0.0.1."
            )


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _addresses_of(host: str) -> Iterable[str]:
    if host == "localhost":
        return LOOPBACK
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise InvalidRequest(f"There is no address {host} to listen on: {error.strerror}.") from error
    return [str(address[0]) for *_, address in found]


def _bound(place: Place) -> list[socket.socket]:
    addresses = _present(place)
    return [sock for port in place.ports for sock in _on_each(addresses, port)]


def _present(place: Place) -> tuple[str, ...]:
    """The addresses; of the loopback's own those that this machine has."""
    addresses = place.addresses
    return LOOPBACK[:1] if addresses == LOOPBACK and not _has_ipv6() else addresses


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def _on_each(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """One port on every address; for port 0 one that is free on all of them."""
    for _ in range(_TRIES if port == 0 else 1):
        chosen, sockets = port, []
        try:
            for address in addresses:
                sockets.append(_tcp_socket(address, chosen))
                chosen = sockets[0].getsockname()[1]
        except OSError as error:
            for one in sockets:
                one.close()
            if port or error.errno != errno.EADDRINUSE:
                raise _refused(addresses[len(sockets)], chosen, error) from error
        else:
            return sockets
    raise Conflict("No port is free on every address; name one with --port.")


def _tcp_socket(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # where SO_REUSEADDR lets a second program take the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(128)  # now: two that are only bound to one port do not notice each other
    except OSError:
        sock.close()
        raise
    return sock


def _refused(address: str, port: int, error: OSError) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return Conflict(
            f"Port {port} on {address} is in use{holder_of(address, port)}; end that, or name another --port."
        )
    if isinstance(error, PermissionError):
        return InvalidRequest(
            f"This user may not listen on port {port}; name one above 1023 with --port, or have systemd "
            "open it (--install-unit)."
        )
    return InvalidRequest(f"Nobody can listen on {address}, port {port}: {error.strerror}.")
