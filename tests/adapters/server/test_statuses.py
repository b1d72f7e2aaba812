"""Every status that is sent is one that the description has, whatever goes wrong beneath."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

import reprieve
from reprieve import Library
from reprieve.adapters.server import Settings, create_app
from reprieve.adapters.server.app import ROUTES
from reprieve.adapters.server.openapi import description
from reprieve.adapters.server.routes import EVERYWHERE, Route
from reprieve.core.errors import BY_KIND, JobFailed, Problem, ReprieveError
from reprieve.core.job import Job
from tests.support.databases import OLD, make_database

FILLED = {
    "backup": "0.0.1_20200101T000000000Z",
    "job": "0" * 20,
    "undo": "u",
    "asset": "a",
    "file": "main.js",
}
BODIES = {"/v1/assets": '{"documents":[{"id":"a"}]}', "/backup/asset": '{"id":"a"}'}

asks_the_library = pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.operation and route.path != "/v1/events"],
    ids=lambda route: f"{route.method} {route.path}",
)


class _Failing:
    """A library of which every question fails, in the way of the moment."""

    database = "a database"
    operations: frozenset[Any] = frozenset()
    error = ReprieveError("It failed.")

    def __getattr__(self, name: str) -> Any:
        async def fails(*words: object, **named: object) -> None:
            raise self.error

        return fails

    async def watch(self) -> AsyncGenerator[Job]:
        none: tuple[Job, ...] = ()
        for job in none:
            yield job


@asks_the_library
async def test_whatever_fails_beneath_is_told_as_described(aiohttp_client: Any, route: Route) -> None:
    described = description(ROUTES)["paths"][route.path][route.method.lower()]["responses"]
    known = {int(status) for status in described if status != "default"} | EVERYWHERE
    path = route.path.format(**FILLED)
    sent = {"data": BODIES[path], "headers": {"Content-Type": "application/json"}} if path in BODIES else {}
    library = _Failing()
    client = await aiohttp_client(create_app(cast(Library, library)), skip_auto_headers=("Content-Type",))
    answered = {}
    for kind, error in BY_KIND.items():
        for failure in (error("It failed."), JobFailed("It failed.", Problem(kind, "It failed."), "j")):
            library.error = failure
            async with client.request(route.method, path, **sent) as answer:
                answered[kind, type(failure).__name__] = answer.status

    assert {} == {failure: status for failure, status in answered.items() if status not in known}


@pytest.mark.parametrize("path", ["/backups/create", "/backups/create/streamed", "/backup", "/backup/asset"])
async def test_a_database_that_is_gone_is_a_failed_job_and_no_missing_path(
    aiohttp_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Clients take 404 for an operation that is not there, and try another one."""
    monkeypatch.setenv("REPRIEVE_HOME", str(tmp_path / "home"))
    database = make_database(tmp_path / "snippets.db", OLD, rows=5)
    async with reprieve.connect(database, store=tmp_path / "store") as library:
        client = await aiohttp_client(
            create_app(library, Settings(hold=60)), skip_auto_headers=("Content-Type",)
        )
        database.unlink()

        async with client.post(path) as answer:
            assert (500, True) == (answer.status, "There is no file" in await answer.text())
