"""Which connections are taken: so many at once, counted from the moment of their accept, and fairly.

A connection is silent until a request on it has passed the guard; a TLS handshake that never begins, headers
that never end and a user who is refused all stay silent. Where every place is taken, the oldest silent
connection makes room, of the caller who has the most of them; one that is not silent never does. So no user
uses up another user's places, and an honest client, which is silent for milliseconds, is not the oldest.
Knows sockets; nothing of HTTP.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Hashable

import attrs

from reprieve.transports.peers import who_connected

log = logging.getLogger(__name__)


class TakenSocket(socket.socket):
    """An accepted connection that gives its place back once it is closed, from either side."""

    place: Place | None = None

    def close(self) -> None:
        place, self.place = self.place, None
        if place is not None:
            place.gate.free(place)
        super().close()


@attrs.frozen(eq=False)
class Place:
    """What one connection takes: a descriptor, and a place among those of `caller`."""

    gate: Gate
    number: int
    caller: Hashable
    sock: TakenSocket


@attrs.define
class Gate:
    """The places of one service; at most `limit` at once."""

    limit: int
    _taken: dict[int, Place] = attrs.field(factory=dict, init=False)
    _silent: dict[Hashable, dict[int, Place]] = attrs.field(factory=dict, init=False)

    def take(self, accepted: socket.socket) -> TakenSocket | None:
        """A place for this connection; None where all are taken by such as are not silent."""
        if len(self._taken) >= self.limit and not self._make_room():
            return None
        caller = _caller(accepted)
        sock = TakenSocket(accepted.family, accepted.type, accepted.proto, accepted.detach())
        sock.setblocking(False)
        sock.place = place = Place(self, sock.fileno(), caller, sock)
        self._taken[place.number] = place
        self._silent.setdefault(caller, {})[place.number] = place
        return sock

    def admit(self, number: int) -> None:
        """The connection with this descriptor is silent no more."""
        place = self._taken.get(number)
        if place is not None:
            self._drop_silent(place)

    def free(self, place: Place) -> None:
        """The connection is closed."""
        if self._taken.get(place.number) is place:
            del self._taken[place.number]
        self._drop_silent(place)

    def _make_room(self) -> bool:
        """End the oldest silent connection of the caller who has the most; its place is free at once."""
        if not self._silent:
            return False
        place = next(iter(max(self._silent.values(), key=len).values()))
        log.debug("all connections are taken: the oldest silent one of %s is closed", place.caller)
        self.free(place)
        try:
            place.sock.shutdown(socket.SHUT_RDWR)  # its server sees its end, and closes it
        except OSError as error:
            log.debug("it had ended already: %s", error)
        return True

    def _drop_silent(self, place: Place) -> None:
        of_caller = self._silent.get(place.caller, {})
        of_caller.pop(place.number, None)
        if not of_caller:
            self._silent.pop(place.caller, None)


def _caller(accepted: socket.socket) -> Hashable:
    """Whose connection it is: a user of this machine, where the system tells, or else another address."""
    peer = who_connected(accepted)
    if peer.told and peer.uid is not None:
        return peer.uid
    try:
        name = accepted.getpeername()
    except OSError:
        return "gone"
    return name[0] if isinstance(name, tuple) else "unknown"
