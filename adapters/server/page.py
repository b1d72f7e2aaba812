"""The page of the service, and the files that it is made of: `GET /` in a browser.

They lie beside this file and come with the package; the page loads nothing else, and asks the service like
any other client. Knows files and HTTP's caching; nothing of what the page shows.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.resources import files

import attrs
from aiohttp import web

from reprieve.core.errors import NotFound

from .routes import Route

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
INDEX = "index.html"


@attrs.frozen
class File:
    """A file of the page, and what tells it from another version of itself."""

    content: bytes
    type: str
    etag: str


async def _index(request: web.Request) -> web.StreamResponse:
    """The page itself."""
    return _answer(request, INDEX)


async def _part(request: web.Request) -> web.StreamResponse:
    """A file that the page loads."""
    return _answer(request, request.match_info["file"])


def _answer(request: web.Request, name: str) -> web.Response:
    """The file, or that the browser's own copy is still right: it has to ask each time."""
    file = _files().get(name)
    if file is None:
        raise NotFound(f"The page has no file {name}.")
    current = any(seen.value == file.etag for seen in request.if_none_match or ())
    answer = web.Response(status=304) if current else web.Response(body=file.content)
    if not current:
        answer.content_type, answer.charset = file.type, "utf-8"
    answer.etag = file.etag
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@cache
def _files() -> dict[str, File]:
    folder = files("reprieve.adapters.server").joinpath("page")
    found = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}
    return {
        name: File(content, TYPES[name.rpartition(".")[2]], blake2b(content, digest_size=12).hexdigest())
        for name, content in found.items()
    }


ROUTES = (
    Route(
        method="GET",
        path="/",
        handler=_index,
        summary="The page of the service",
        gives=str,
        media="text/html",
        public=True,
    ),
    Route(
        method="GET",
        path="/page/{file}",
        handler=_part,
        summary="A file of the page",
        gives=bytes,
        media="*/*",
        statuses=(200, 304, 404),
        public=True,
    ),
)
