"""The page's files over HTTP: each as what it is, not sent twice, and none that leads anywhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reprieve.adapters.server import Settings
from reprieve.adapters.server import page as page_module

from .conftest import Serve

FOLDER = Path(page_module.__file__).parent / "page"
PATHS = sorted(f"/page/{file.name}" for file in FOLDER.iterdir())
NAMED = re.compile(r"""(?:src|href|from)\s*=?\s*["'](?!#)([^"']+)["']""")
SVG = "http://www.w3.org/2000/svg"
"""A name, not an address: nothing is fetched from it."""


@pytest.mark.parametrize(
    "path, type",
    [
        ("/", "text/html; charset=utf-8"),
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/main.js", "text/javascript; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
async def test_each_file_is_sent_as_what_it_is(serve: Serve, path: str, type: str) -> None:
    service = await serve()

    answer = await service.get(path)
    head = await service.ask("HEAD", path)

    assert (200, type) == (answer.status, answer.type)
    assert (200, type, "") == (head.status, head.type, head.text)


async def test_a_file_that_a_browser_has_is_not_sent_again(serve: Serve) -> None:
    service = await serve()
    async with service.client.get("/page/main.js") as first:
        etag = first.headers["ETag"]
        assert "no-cache" == first.headers["Cache-Control"]

    async with service.client.get("/page/main.js", headers={"If-None-Match": etag}) as second:
        assert (304, b"", etag) == (second.status, await second.read(), second.headers["ETag"])
    async with service.client.get("/page/main.js", headers={"If-None-Match": '"older"'}) as third:
        assert 200 == third.status


async def test_the_page_runs_nothing_but_its_own_files(serve: Serve) -> None:
    service = await serve()
    async with service.client.get("/") as answer:
        policy = answer.headers["Content-Security-Policy"].split("; ")

    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"} <= set(
        policy
    )
    assert {"frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} <= set(policy)


@pytest.mark.parametrize("name", ["nothing.js", "..%2fpage.py", "%2e%2e%2fpage.py", "index.html%00"])
async def test_there_is_no_way_to_another_file(serve: Serve, name: str) -> None:
    service = await serve()

    answer = await service.get(f"/page/{name}")

    assert (404, "text/plain; charset=utf-8") == (answer.status, answer.type)


async def test_the_page_can_be_opened_where_everything_else_needs_the_token(serve: Serve) -> None:
    service = await serve(Settings(token="t" * 43, require_token=True))

    assert [200] * (len(PATHS) + 1) == [(await service.get(path)).status for path in ("/", *PATHS)]
    assert 401 == (await service.get("/backups")).status


async def test_what_changes_something_is_refused_there(serve: Serve) -> None:
    service = await serve()

    assert 405 == (await service.post("/", json={})).status


@pytest.mark.parametrize("path", PATHS)
async def test_a_file_names_only_files_that_are_there(serve: Serve, path: str) -> None:
    service = await serve()
    text = (await service.get(path)).text

    for named in NAMED.findall(text):
        assert 200 == (await service.get(f"/page/{named[2:]}" if named.startswith("./") else named)).status, (
            named
        )
    assert [] == re.findall(r"https?://[^\s\"'`]+", text.replace(SVG, ""))
