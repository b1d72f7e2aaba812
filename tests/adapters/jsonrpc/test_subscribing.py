"""A subscription when others come at once, after a long time, and while the journal cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from reprieve import Library
from reprieve.adapters.jsonrpc.changes import Changes
from reprieve.adapters.jsonrpc.outbox import Outbox
from reprieve.core.errors import StorageError
from reprieve.core.job import Job
from reprieve.core.ports import Entry


class SlowLibrary:
    """A library of no jobs, whose journal answers when it is told to, or cannot be read."""

    def __init__(self, newest: int = 0) -> None:
        self.newest = newest
        self.answers = asyncio.Event()
        self.broken = False
        self.watches = 0

    async def newest_change(self) -> int:
        await self.answers.wait()
        return self.newest

    async def jobs(self, *, unsettled: bool) -> tuple[Job, ...]:
        return ()

    async def history(self, after: int) -> AsyncGenerator[Entry]:
        if self.broken:
            raise StorageError("The journal is locked.")
        for entry in cast("tuple[Entry, ...]", ()):
            yield entry

    async def watch(self) -> AsyncGenerator[Job]:
        self.watches += 1
        try:
            await asyncio.Event().wait()
            for job in cast("tuple[Job, ...]", ()):
                yield job
        finally:
            self.watches -= 1


async def _turns() -> None:
    """Let everybody who can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_of_subscriptions_at_once_the_last_is_the_only_one() -> None:
    library = SlowLibrary()
    changes = Changes(Outbox())

    both = asyncio.gather(*(changes.subscribe(cast("Library", library), None) for _ in range(3)))
    await _turns()
    library.answers.set()
    await both
    await _turns()

    assert 1 == library.watches

    changes.unsubscribe()
    await _turns()

    assert 0 == library.watches


@pytest.mark.parametrize(("since", "afresh"), [(50_000, False), (40_001, False), (5, True), (50_001, True)])
async def test_who_was_away_for_too_long_starts_afresh(since: int, afresh: bool) -> None:
    library = SlowLibrary(newest=50_000)
    library.answers.set()
    changes = Changes(Outbox())

    subscribed = await changes.subscribe(cast("Library", library), since)

    assert (afresh, 50_000 if afresh else since) == (subscribed.afresh, subscribed.seq)
    changes.unsubscribe()


async def test_a_journal_that_cannot_be_read_spoils_no_answer() -> None:
    library = SlowLibrary()
    library.answers.set()
    changes = Changes(Outbox())
    await changes.subscribe(cast("Library", library), None)
    library.broken = True

    await changes.catch_up()

    changes.unsubscribe()
