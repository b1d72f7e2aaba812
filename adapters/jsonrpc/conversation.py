"""Conversation: one client. Requests become calls, cancels find theirs, answers are sent in order.

Knows the peer, the table and the library's promise; nothing of pipes. Everything happens on one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import ReprieveError

from ..wire import Shape, members, on_wire
from .call import Call
from .changes import Changes
from .errors import INTERNAL, NO_METHOD, Refused, RpcError, cancelled, error_of, parse_error
from .framing import FramingError
from .handshake import Handshake, Stage
from .messages import Answer, Id, Notification, Request
from .outbox import Outbox
from .peer import Heard, Peer
from .plans import Plans
from .progress import Tellings
from .reading import read
from .shapes import Cancelled, LogMessage, ProgressToken
from .table import METHODS

if TYPE_CHECKING:
    from reprieve import Library

log = logging.getLogger(__name__)

CLEAN, NOT_SHUT_DOWN, FRAMING = 0, 1, 3
"""With which code the bridge ends: as agreed, `exit` without `shutdown`, an input that is no message."""

UNDOING = 60.0
"""Seconds that cancelled jobs have to put the originals back when the client is gone."""


class Conversation:
    """One client's requests, from its first to its last. `over` has the exit code once it has ended."""

    def __init__(
        self,
        library: asyncio.Future[Library],
        handshake: Handshake,
        peer: Peer | None = None,
    ) -> None:
        self.outbox = Outbox()
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._library = library
        self._peer = peer or Peer()
        self._handshake = handshake
        self._changes = Changes(self.outbox)
        self._plans = Plans()
        self._tellings = Tellings(self.outbox, self._ask, lambda: self._handshake.makes_progress)
        self._calls: dict[Id, Call] = {}
        self._detached: set[asyncio.Task[object]] = set()
        self._asked: dict[object, asyncio.Future[Answer]] = {}

    def receive(self, data: bytes) -> None:
        """Bytes from the client; none at all is their end."""
        try:
            if not data:
                self._peer.ended()
                self.end(CLEAN)
            self.hear(self._peer.receive(data))
        except FramingError as error:
            self.broken(error)

    def hear(self, heard: Iterable[Heard]) -> None:
        """What the client said. Raises FramingError."""
        for one in heard:
            if self.over.done():
                return
            if isinstance(one, Request):
                self._request(one)
            elif isinstance(one, Notification):
                self._notification(one)
            elif isinstance(one, Answer):
                self._answered(one)
            else:
                self.outbox.put(one.data)

    def broken(self, error: FramingError) -> None:
        """Nobody can tell where the next message begins: say so, and end."""
        self.outbox.put(Peer.unreadable(parse_error(str(error))))
        self.end(FRAMING)

    def end(self, code: int) -> None:
        """It is over; the first reason counts."""
        if not self.over.done():
            self.over.set_result(code)

    def say(self, type: int, message: str) -> None:
        """A line for the client's log."""
        self.outbox.put(Peer.notify("window/logMessage", members(LogMessage(type, message))))

    async def leave(self) -> None:
        """Cancel what was asked for and not detached, until the originals are back and that is answered."""
        calls = tuple(self._calls.values())
        if not self._unopened:  # otherwise each is answered by the reason of that
            for call in calls:
                call.cancel()
        tasks = {call.task for call in calls}
        if tasks:
            _, tasks = await asyncio.wait(tasks, timeout=UNDOING)
        for task in tasks | self._detached:
            task.cancel()
        await self._changes.catch_up()

    def abandon(self) -> None:
        """Leave nothing at work: what is still under way is cancelled, and nobody waits for it."""
        for call in tuple(self._calls.values()):
            call.cancel()
            call.task.cancel()
        for task in tuple(self._detached):
            task.cancel()
        self._changes.unsubscribe()

    @property
    def _unopened(self) -> bool:
        """Whether there will never be a library."""
        opened = self._library
        return opened.done() and not opened.cancelled() and opened.exception() is not None

    # -- what the client says -------------------------------------------------------------------

    def _request(self, request: Request) -> None:
        reply = self._handshake.reply(self._peer, request)
        if reply is not None:
            self.outbox.put(reply)
        elif request.method not in METHODS:
            error = RpcError(NO_METHOD, f"There is no method {request.method[:80]!r}.", "methodNotFound")
            self.outbox.put(self._peer.refuse(request.id, error))
        else:
            call = Call(METHODS[request.method], self._plans, self._changes, self._tellings)
            self._calls[request.id] = call
            call.task = asyncio.create_task(self._see_through(request, call))

    def _notification(self, said: Notification) -> None:
        try:
            if said.method == "exit":
                self.end(CLEAN if self._handshake.stage is Stage.SHUT else NOT_SHUT_DOWN)
            elif said.method == "$/cancelRequest":
                call = self._calls.get(read(said.params, Cancelled).id)
                if call:
                    call.cancel()
            elif said.method == "window/workDoneProgress/cancel":
                self._tellings.cancel(read(said.params, ProgressToken).token)
        except Refused as refused:  # nobody waits for an answer
            log.info("%s is not understood: %s", said.method, refused)

    def _answered(self, answer: Answer) -> None:
        asked = self._asked.get(answer.id) if isinstance(answer.id, str) else None
        if asked and not asked.done():
            asked.set_result(answer)

    def _ask(self, method: str, params: object) -> asyncio.Future[Answer]:
        """The answer of the client; whoever no longer wants it cancels it."""
        id = f"reprieve-{secrets.token_hex(4)}"
        answer = self._asked[id] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda _: self._asked.pop(id, None))
        self.outbox.put(Peer.request(id, method, params))
        return answer

    # -- answering ------------------------------------------------------------------------------

    async def _see_through(self, request: Request, call: Call) -> None:
        """Answer a request, whatever becomes of it."""
        try:
            data = self._peer.answer(request.id, await self._result(request, call))
        except Refused as refused:
            data = self._peer.refuse(request.id, refused.error)
        except ReprieveError as error:
            data = self._peer.refuse(request.id, error_of(error))
        except asyncio.CancelledError:
            data = self._peer.refuse(request.id, cancelled("It was cancelled before it was done."))
        except Exception as error:
            data = self._peer.refuse(request.id, _bug(request, error))
        del self._calls[request.id]
        if call.detached:
            self._detached.add(call.detached)
            call.detached.add_done_callback(self._followed)
        self.outbox.put(data, last=not self._calls)

    async def _result(self, request: Request, call: Call) -> object:
        if call.unwanted:  # before its first step
            raise asyncio.CancelledError
        call.begin()
        asked = read(request.params, call.method.params)
        if not self._library.done():
            await asyncio.wait((self._library,))
        call.library = self._library.result()
        return _on_wire(await call.method.handler(call, asked))

    def _followed(self, detached: asyncio.Task[object]) -> None:
        """A detached job has been told to its end. If that failed, nobody is left who could be answered."""
        self._detached.discard(detached)
        if not detached.cancelled() and (error := detached.exception()):
            log.warning("a detached job could not be followed to its end: %s", error)


def _on_wire(result: Any) -> object:
    """A handler's result as JSON: a Shape, one of the core's values, a document, or nothing."""
    if result is None or isinstance(result, Mapping):
        return result
    return members(result) if isinstance(result, Shape) else on_wire(result)  # type: ignore[arg-type]


def _bug(request: Request, error: Exception) -> RpcError:
    """What to say of a bug of ours: where its traceback is, and nothing of what is in it."""
    id = secrets.token_hex(4)
    log.error("request %s failed (%s)", request.method, id, exc_info=error)
    return RpcError(
        INTERNAL,
        f"{request.method} failed by a mistake of the bridge; please report what its log says under {id}.",
        "internal",
        {"correlationId": id},
    )
