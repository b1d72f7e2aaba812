"""What clients poll is found quickly, and is never older than what this service has answered."""

from __future__ import annotations

import asyncio

import pytest

from reprieve.adapters.server.lookups import Recently

from .conftest import Serve


class _Searched:
    """Counts its searches, and lets each wait for the test."""

    def __init__(self) -> None:
        self.searches = 0
        self.go = asyncio.Event()
        self.go.set()

    async def search(self, id: str) -> str:
        self.searches += 1
        found = f"{id} {self.searches}"
        await self.go.wait()
        if id == "nothing":
            raise LookupError(id)
        return found


async def test_whoever_asks_at_the_same_time_shares_one_search() -> None:
    searched = _Searched()
    recently = Recently(searched.search)
    searched.go.clear()

    asked = [asyncio.create_task(recently.find("a")) for _ in range(10)]
    await asyncio.sleep(0)
    asked[0].cancel()
    searched.go.set()
    found = await asyncio.gather(*asked[1:])

    assert {"a 1"} == set(found)
    assert "a 1" == await recently.find("a")


async def test_what_has_changed_is_searched_again_even_while_it_is_searched() -> None:
    searched = _Searched()
    recently = Recently(searched.search)
    searched.go.clear()

    before = asyncio.create_task(recently.find("a"))
    await asyncio.sleep(0)
    recently.forget("a")
    after = asyncio.create_task(recently.find("a"))
    await asyncio.sleep(0)
    searched.go.set()

    assert ("a 1", "a 2") == (await before, await after)
    assert "a 2" == await recently.find("a")


async def test_that_there_is_nothing_is_asked_each_time() -> None:
    searched = _Searched()
    recently = Recently(searched.search)

    for _ in range(3):
        with pytest.raises(LookupError):
            await recently.find("nothing")

    assert 3 == searched.searches


async def test_polling_sees_every_change_that_was_answered(serve: Serve) -> None:
    service = await serve()

    for _ in range(3):
        backup = await service.made()
        path = f"/backup/{backup}"
        assert 404 == (await service.get(f"{path}/restoration/status")).status
        assert 200 == (await service.get(path)).status
        for _ in range(2):
            await service.post(f"{path}/restore")
            stands = (await service.get(f"{path}/restoration/status")).document
            newest = await service.library.restoration_status(backup)
            assert ("COMPLETED", newest.backup_id) == (stands["status"], backup)
        assert 204 == (await service.post(f"/backups/{backup}/delete")).status
        assert 404 == (await service.get(path)).status
        assert "COMPLETED" == (await service.get(f"{path}/creation/status")).document["status"]
