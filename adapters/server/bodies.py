"""What requests carry: one JSON object, or nothing in any of the ways in which real clients say nothing.

Nothing is: no bytes at all, white space, the word null, an object whose members are all null. Large ones are
read in a thread, one at a time, so that others are served meanwhile. Knows JSON and its limits; nothing of
what an object means.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from aiohttp import web

from reprieve.core.errors import InvalidRequest
from reprieve.transports.pieces.models import Document

from .keys import LARGE_BODY, SETTINGS

MadeT = TypeVar("MadeT")

MAX_DEPTH = 100
"""How deep objects and lists may stand in one another. (What parsers can stand differs.)"""

MAX_PARTS = 500_000
"""How many commas and brackets a body may have: each may cost a hundred times its own byte once read."""


LARGE = 16 << 10
"""Bytes from which on a body is a large one: to refuse one of this size may take a tenth of a second."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How a lone surrogate would be written: as half a character, or all of one, or as text about it."""


async def document_in(request: web.Request) -> Document | None:
    """The object in an ordinary body; None for nothing. Raises InvalidRequest, or answers 413."""
    return await document_of(request, await _bytes(request, request.app[SETTINGS].max_body))


async def documents_in(request: web.Request, made: Callable[[Document], MadeT]) -> MadeT | None:
    """What `made` makes of a body that carries documents, and so may be larger; raises what that does."""
    return await _made(request, await _bytes(request, request.app[SETTINGS].max_assets), made)


async def document_of(request: web.Request, text: bytes) -> Document | None:
    """The object that a text says; None for nothing. Raises InvalidRequest."""
    return await _made(request, text, lambda document: document)


async def _made(request: web.Request, text: bytes, made: Callable[[Document], MadeT]) -> MadeT | None:
    def work() -> MadeT | None:
        document = _object(text)
        return None if document is None else made(document)

    if len(text) < LARGE:
        return work()
    async with request.app[LARGE_BODY]:
        return await asyncio.to_thread(work)


async def _bytes(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise _too_large(limit, request.content_length or 0)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit, len(body))
    return bytes(body)


def _too_large(limit: int, size: int) -> web.HTTPRequestEntityTooLarge:
    said = f"The body is larger than the {limit} bytes that are taken here; send less."
    return web.HTTPRequestEntityTooLarge(limit, size, text=said)


def parsed(text: bytes) -> object:
    """What a JSON text says. Raises InvalidRequest for what is none, too deep, or cannot be written again."""
    try:
        said = text.decode(json.detect_encoding(text))
        # Hooks in Python, also that which does nothing, let other threads in; the parser alone does not.
        value = json.loads(
            said, parse_constant=_no_number, parse_float=_finite, parse_int=_whole, object_hook=_as_it_is
        )
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # malformed, no UTF-8, or an integer of thousands of digits
        raise InvalidRequest(f"The body is not JSON: {error}.") from error
    _refuse_depth(value)
    if _HALF.search(said):
        _refuse_half_characters(value)
    return value


def _object(body: bytes) -> Document | None:
    if not body.strip():
        return None
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_PARTS:
        raise InvalidRequest(f"The body has more than {MAX_PARTS} members and items; send less at once.")
    value = parsed(body)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRequest(f"The body must be a JSON object, not a {_kind(value)}.")
    return value if any(member is not None for member in value.values()) else None


def _kind(value: object) -> str:
    kinds = {list: "list", str: "string", bool: "truth value"}
    return kinds.get(type(value), "number")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _whole(text: str) -> int:
    return int(text)


def _as_it_is(document: Document) -> Document:
    return document


def _refuse_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body is nested more than {MAX_DEPTH} levels deep; send it flatter.")


def _refuse_half_characters(value: object) -> None:
    r"""`"\ud800"` is JSON, but no text: nothing could keep it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest("The body has half a character (a lone surrogate); send whole ones.") from error
