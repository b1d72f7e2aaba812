"""Who looks at the wall of jobs sees every change of state, and of progress the newest."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from reprieve.adapters.server.wall import Frame, Look


@given(st.lists(st.booleans()))
def test_a_slow_onlooker_misses_progress_and_no_change(changes: list[bool]) -> None:
    shown = [Frame(str(place), change) for place, change in enumerate(changes)]
    look = Look(Frame("first", True))
    for frame in shown:
        look.show(frame)
    look.close()

    seen = asyncio.run(_rest_of(look))

    # Progress that nobody fetched makes way for the next frame, whichever that is.
    expected = [frame.said for frame in shown if frame.change or frame is shown[-1]]
    assert ["first", *expected] == seen


async def _rest_of(look: Look) -> list[str]:
    return [said async for said in look]


async def test_an_onlooker_that_keeps_up_misses_nothing() -> None:
    look = Look(Frame("first", True))
    seen = [await anext(look)]
    for place in range(3):
        waiting = asyncio.ensure_future(anext(look))
        await asyncio.sleep(0)
        look.show(Frame(str(place), False))
        seen.append(await waiting)

    assert ["first", "0", "1", "2"] == seen
