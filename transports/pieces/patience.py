"""Patience: waiting for an answer that comes only at the end, while others tell whether anybody is there.

A service that is gone without a word (a cable, a machine without power) closes no connection, and a request
that may stay without a byte for hours does not notice: looks beside it do. Knows the clock and our errors;
nothing of what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

import attrs

from ...core.errors import OutcomeUnknown, ReprieveError
from ...core.ports import Clock
from .models import Status

POLL = 0.5
"""Seconds between two looks."""

T = TypeVar("T")


@attrs.frozen
class Patience:
    """Waits as long as somebody is there, and for `away` seconds more."""

    clock: Clock
    away: float

    async def looks(
        self, answering: asyncio.Task[Any], look: Callable[[], Awaitable[T]]
    ) -> AsyncGenerator[T, None]:
        """What `look` finds now and then, until the answer is there.

        A look that is refused for good was answered as well. Raises OutcomeUnknown once none was for `away`
        seconds. Closing this ends the request.
        """
        absence = Absence(self)
        try:
            while not answering.done():
                looking = asyncio.ensure_future(look())
                try:
                    await asyncio.wait((answering, looking), return_when=asyncio.FIRST_COMPLETED)
                    if not looking.done():
                        return
                    found = looking.result()
                except ReprieveError as error:
                    absence.noted(error)
                else:
                    absence.over()
                    yield found
                finally:
                    looking.cancel()
                await self._pause(answering)
        finally:
            answering.cancel()
            await asyncio.wait((answering,))

    async def found(self, look: Callable[[], Awaitable[T]]) -> T:
        """What `look` finds, as soon as it is answered. Raises OutcomeUnknown where it finds nothing."""
        absence = Absence(self)
        while True:
            try:
                return await look()
            except ReprieveError as error:
                if not error.temporary:
                    raise unknown(error) from error
                absence.noted(error)
            await self.clock.sleep(POLL)

    async def cancelled(
        self, asking: Coroutine[Any, Any, None], look: Callable[[], Awaitable[Status]]
    ) -> None:
        """Wait for the answer to a cancel, or until a look finds that there is nothing left to cancel."""
        answering = asyncio.create_task(asking)
        async with aclosing(self.looks(answering, look)) as looks:
            async for status in looks:
                if status.final:
                    return
        answering.result()

    async def _pause(self, answering: asyncio.Task[Any]) -> None:
        """Until the next look, or the answer."""
        pause = asyncio.create_task(self.clock.sleep(POLL))
        try:
            await asyncio.wait((answering, pause), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()


class Absence:
    """For how long nobody has answered."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.over()

    def over(self) -> None:
        """Somebody answered."""
        self._seen = self._patience.clock.monotonic()

    def noted(self, error: ReprieveError) -> None:
        """A look failed. Raises OutcomeUnknown if that has lasted too long."""
        if not error.temporary:
            self.over()
        elif self._patience.clock.monotonic() - self._seen >= self._patience.away:
            raise unknown(error) from error


def unknown(error: ReprieveError) -> OutcomeUnknown:
    """What a request is whose answer nobody can be asked for any more."""
    return OutcomeUnknown(f"{error} What became of the request is not known; look before you ask again.")
