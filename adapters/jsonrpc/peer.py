"""Peer: one end of a JSON-RPC conversation, sans-I/O. Bytes in, messages out; answers in, bytes out.

It knows which ids are in flight, gathers a batch's answers, and answers by itself whatever is no message.
Nothing here knows a method, waits, or reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from .bodies import said
from .errors import RpcError, invalid_request
from .framing import Frames, FramingError, framed
from .messages import Answer, Bad, Id, Message, Notification, Request, read
from .welcome import MOST_IN_FLIGHT


@attrs.frozen
class Reply:
    """Bytes to be sent: something was answered already."""

    data: bytes


Heard = Request | Notification | Answer | Reply


@attrs.define(eq=False)
class _Batch:
    missing: int
    answers: list[bytes] = attrs.field(factory=list)


class Peer:
    """One end of a conversation."""

    def __init__(self, frames: Frames | None = None) -> None:
        self._frames = frames or Frames()
        self._flying: dict[Id, _Batch | None] = {}

    def receive(self, data: bytes) -> Iterator[Heard]:
        """What these bytes say, in order. Raises FramingError where the conversation cannot go on."""
        for body in self._frames.feed(data):
            yield from self.take(body)

    def take(self, body: bytes) -> Iterator[Heard]:
        """What the body of one frame says."""
        message = read(body)
        yield from self._batch(message) if isinstance(message, list) else self._one(message, None)

    def ended(self) -> None:
        """No more bytes will come. Raises FramingError if they ended inside a message."""
        if not self._frames.between:
            raise FramingError("The input ended in the middle of a message.")

    def answer(self, id: Id, result: object) -> bytes:
        """The answer to a request; empty until its batch has all of its answers."""
        body = said(id=id, result=result)
        return self._answered(self._flying.pop(id), body)

    def refuse(self, id: Id, error: RpcError) -> bytes:
        """The answer to a request that fails; empty until its batch has all of its answers."""
        return self._answered(self._flying.pop(id), said(id=id, error=error.members()))

    @staticmethod
    def notify(method: str, params: object) -> bytes:
        """A notification to the other end."""
        return framed(said(method=method, params=params))

    @staticmethod
    def request(id: Id, method: str, params: object) -> bytes:
        """A request to the other end."""
        return framed(said(id=id, method=method, params=params))

    @staticmethod
    def unreadable(error: RpcError) -> bytes:
        """The answer to what has no id that could be read."""
        return framed(said(id=None, error=error.members()))

    def _batch(self, messages: list[Message]) -> Iterator[Heard]:
        wanted = sum(isinstance(message, Request | Bad) for message in messages)
        batch = _Batch(wanted) if wanted else None
        for message in messages:
            yield from self._one(message, batch)

    def _one(self, message: Message, batch: _Batch | None) -> Iterator[Heard]:
        if isinstance(message, Request):
            message = self._taken(message, batch)
        if not isinstance(message, Bad):
            yield message
        elif data := self._answered(batch, said(id=message.id, error=message.error.members())):
            yield Reply(data)

    def _taken(self, request: Request, batch: _Batch | None) -> Request | Bad:
        if request.id in self._flying:
            return Bad(request.id, invalid_request(f"A request with the id {request.id!r} is under way."))
        if len(self._flying) >= MOST_IN_FLIGHT:
            return Bad(request.id, invalid_request(f"{MOST_IN_FLIGHT} requests are under way; wait for one."))
        self._flying[request.id] = batch
        return request

    @staticmethod
    def _answered(batch: _Batch | None, body: bytes) -> bytes:
        if batch is None:
            return framed(body)
        batch.answers.append(body)
        batch.missing -= 1
        return b"" if batch.missing else framed(b"[" + b",".join(batch.answers) + b"]")
