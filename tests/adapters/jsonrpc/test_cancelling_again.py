"""A cancel that could not be asked for, as where a service is out of reach, can be asked for again."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from reprieve import RunningJob
from reprieve.adapters.jsonrpc.call import Call
from reprieve.adapters.jsonrpc.table import METHODS
from reprieve.core.errors import Unreachable


class FarJob:
    """A job whose service is out of reach at first."""

    id = "far"

    def __init__(self) -> None:
        self.asked = 0

    async def cancel(self) -> None:
        self.asked += 1
        if self.asked == 1:
            raise Unreachable("The service does not answer.")


async def test_a_cancel_that_did_not_get_through_is_tried_again() -> None:
    nobody = cast("Any", None)
    call, job = Call(METHODS["backups/create"], nobody, nobody, nobody), FarJob()
    call.started(cast("RunningJob[Any]", job))

    for _ in range(3):
        call.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert 2 == job.asked
