"""The catalogue over HTTP: what is listed is what the library has, as the models say it."""

from __future__ import annotations

from typing import Any

import reprieve
from reprieve.adapters.server import create_app


async def test_the_catalogue_lists_what_the_library_has(aiohttp_client: Any) -> None:
    async with reprieve.connect("offline:?seed=7&backups=2") as library:
        client = await aiohttp_client(create_app(library))

        answer = await client.get("/backups")

        listed = await answer.json()
        expected = [backup.id for backup in await library.backups()]
        assert expected == [backup["id"] for backup in listed["iterable"]]
        assert {id: place for place, id in enumerate(expected)} == listed["indices"]


async def test_an_unknown_backup_is_a_sentence(aiohttp_client: Any) -> None:
    async with reprieve.connect("offline:?seed=7") as library:
        client = await aiohttp_client(create_app(library))

        answer = await client.get("/backup/0.0.1_19700101T000000000Z")

        assert (404, "text/plain; charset=utf-8") == (answer.status, answer.headers["Content-Type"])
        assert (await answer.text()).endswith(".")
