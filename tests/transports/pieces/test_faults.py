"""Whatever a service does wrong is an error of its own, and says whether trying again can help."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from reprieve.core.errors import (
    OutcomeUnknown,
    RemoteProtocolError,
    ReprieveError,
    TimedOut,
    Unreachable,
)
from reprieve.core.messages import Interrupted
from reprieve.transports.pieces.refusals import LONGEST_SENTENCE, REFUSALS, cleaned

from .conftest import Tried
from .doubles import Double, Handler, raw

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "drive-a-service.md"

START = "create/streamed"
SOCKET = "create/streamed/websocket"


def answering(status: int, text: str = "") -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text)

    return handler


def sending(body: bytes, media_type: str = "application/json") -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=media_type)

    return handler


# -- statuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REFUSALS)
async def test_each_status_is_an_error_with_the_services_sentence(status: int, tried: Tried) -> None:
    expected = REFUSALS[status]
    double = Double(instead={"/backups": answering(status, "So it is.")})
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(expected.error) as raised:
            await it.transport.backups()

        assert f"{address} says: So it is." == str(raised.value)
        assert (type(raised.value), raised.value.temporary) == (expected.error, expected.temporary)


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_status_without_a_sentence_is_put_into_words(status: int, tried: Tried) -> None:
    double = Double(instead={"/backups": answering(status)})
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(REFUSALS[status].error) as raised:
            await it.transport.backups()

        assert f"{address} refused: {REFUSALS[status].says}." == str(raised.value)


@pytest.mark.parametrize("status", [201, 206, 304, 418, 599])
async def test_a_status_that_means_nothing_is_a_protocol_error(status: int, tried: Tried) -> None:
    double = Double(instead={"/backups": answering(status)})
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(RemoteProtocolError, match=str(status)):
            await it.transport.backups()


@pytest.mark.parametrize("status", sorted(REFUSALS))
async def test_a_start_that_is_refused_is_tried_again_only_if_that_can_help(
    status: int, tried: Tried
) -> None:
    """What stands before a service cannot know whether the service has begun."""
    known = REFUSALS[status]
    double = Double(instead={START: answering(status), SOCKET: answering(404), "create": answering(status)})
    async with double.serving() as address, tried(address) as it:
        if known.temporary and not known.perhaps_begun:
            _, told = await it.follow(it.job())
            assert isinstance(told[-1], Interrupted)
        else:
            with pytest.raises(ReprieveError) as raised:
                await it.follow(it.job())
            assert not raised.value.temporary
            assert known.perhaps_begun is isinstance(raised.value, OutcomeUnknown)


def test_the_documentation_has_the_same_table() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| (yes|no) \|", PAGE.read_text("utf-8"), re.MULTILINE)

    expected = {
        (str(status), known.error.kind, "yes" if known.temporary else "no")
        for status, known in REFUSALS.items()
    }
    assert expected == set(rows)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Fine.", "Fine."),
        ("\x1b[31mred\x1b[0m\r\n\x07and\tmore\u202e", "[31mred [0m and more"),
        ("x" * 10_000, "x" * (LONGEST_SENTENCE - 1) + "…"),
        ("\x00", ""),
    ],
)
def test_somebody_elses_sentence_is_made_fit_to_be_shown(said: str, shown: str) -> None:
    assert shown == cleaned(said)


async def test_a_page_of_html_is_no_sentence(tried: Tried) -> None:
    page = web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")

    async def proxy(request: web.Request) -> web.StreamResponse:
        return page

    async with Double(instead={"/backups": proxy}).serving() as address, tried(address) as it:
        with pytest.raises(ReprieveError, match="got no answer"):
            await it.transport.backups()


# -- bodies and frames ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{",
        b"[]",
        b"null",
        b'{"iterable": 7}',
        b'{"iterable": [{"id": 7}]}',
        b'{"iterable": [{}]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"iterable": [{"bytes": NaN}]}',
    ],
)
async def test_a_body_that_makes_no_sense(body: bytes, tried: Tried) -> None:
    async with Double(instead={"/backups": sending(body)}).serving() as address, tried(address) as it:
        with pytest.raises(RemoteProtocolError):
            await it.transport.backups()


async def test_a_body_without_an_end_is_not_read_for_ever(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprieve.transports.pieces.answer.LARGEST_ANSWER", 100_000)
    async with (
        Double(instead={"/backups": sending(b" " * 200_000)}).serving() as address,
        tried(address) as it,
    ):
        with pytest.raises(RemoteProtocolError, match="more than"):
            await it.transport.backups()


async def test_a_line_without_an_end_is_not_read_for_ever(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reprieve.transports.pieces.answer.LARGEST_LINE", 100_000)
    endless = sending(b" " * 200_000, "application/x-ndjson")
    double = Double(ways=("lines",), instead={START: endless})
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(RemoteProtocolError, match="without an end"):
            await it.backup()


@pytest.mark.parametrize("line", [b"garbage\n", b'{"status": 7', b"7\n", b'{"percentage": "much"}\n'])
@pytest.mark.parametrize("begun", [False, True])
async def test_a_line_that_makes_no_sense_fails_the_job_and_stops_it(
    line: bytes, begun: bool, tried: Tried
) -> None:
    double = Double(ways=("lines",), hold=True)

    async def garbage(request: web.Request) -> web.StreamResponse:
        job = double.begin("creation", None)
        before = job.told().encode() + b"\n" if begun else b""
        return web.Response(body=before + line, content_type="application/x-ndjson")

    double.instead[START] = garbage
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(RemoteProtocolError):
            await it.backup()

        assert ["CANCELED" if begun else "IN-PROGRESS"] == [job.status for job in double.began]


@pytest.mark.parametrize("frame", ["garbage", b"{}", "x" * 2_000_000])
async def test_a_frame_that_makes_no_sense_fails_the_job_and_stops_it(
    frame: str | bytes, tried: Tried
) -> None:
    double = Double(hold=True)

    async def garbage(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.send_str(double.begin("creation", None).told())
        if isinstance(frame, str):
            await socket.send_str(frame)
        else:
            await socket.send_bytes(frame)
        await socket.receive()
        return socket

    double.instead[SOCKET] = garbage
    async with double.serving() as address, tried(address) as it:
        with pytest.raises(RemoteProtocolError):
            await it.backup()

        assert ["CANCELED"] == [job.status for job in double.began]


async def test_half_a_frame_is_a_lost_connection(tried: Tried) -> None:
    """The status then tells how the job goes on."""
    double = Double()

    async def half(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.send_str(double.begin("creation", None).told())
        assert request.transport is not None
        request.transport.write(b"\x81\x7e\x04\x00half of it")
        request.transport.close()
        return socket

    double.instead[SOCKET] = half
    async with double.serving() as address, tried(address) as it:
        backup = await it.backup()

        assert [backup.id] == [job.backup["id"] for job in double.began]


# -- elsewhere, and nowhere ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["lines", "socket"])
async def test_a_redirect_is_not_followed(way: str, tried: Tried) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect(f"{other}{request.path}")

    beyond = Double()
    double = Double(
        ways=(way,), instead={"create/streamed": elsewhere, SOCKET: elsewhere, "/backups": elsewhere}
    )
    async with beyond.serving() as other, double.serving() as address, tried(address) as it:
        with pytest.raises(RemoteProtocolError, match=re.escape(other)):
            await it.transport.backups()
        with pytest.raises(RemoteProtocolError, match=re.escape(other)):
            await it.backup()

        assert [] == beyond.heard


async def test_nobody_there_can_be_tried_again(tried: Tried) -> None:
    async with AsyncExitStack() as stack:
        async with Double().serving() as address:
            it = await stack.enter_async_context(tried(address))

        _, told = await it.follow(it.job())

        assert isinstance(told[-1], Interrupted)
        assert (Unreachable.kind, True) == (told[-1].problem.kind, told[-1].problem.temporary)
        with pytest.raises(Unreachable):
            async with tried(address):
                pass


@pytest.mark.parametrize(
    ("answer", "expected", "temporary"),
    [
        (lambda request: b"", Unreachable, True),
        (lambda request: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", Unreachable, True),
        (lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", Unreachable, True),
        (lambda request: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", Unreachable, True),
        (lambda request: b"SSH-2.0-OpenSSH_9.2\r\n\r\n", RemoteProtocolError, False),
        (lambda request: b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000, RemoteProtocolError, False),
        (lambda request: None, TimedOut, True),
    ],
    ids=[
        "hangs up",
        "half a head",
        "half a body",
        "half a chunk",
        "no HTTP",
        "endless head",
        "never answers",
    ],
)
async def test_what_is_no_answer(
    answer: Callable[[bytes], bytes | None],
    expected: type[ReprieveError],
    temporary: bool,
    tried: Tried,
) -> None:
    async with raw(answer) as address, tried(address, idle_timeout=0.5) as it:
        with pytest.raises(expected) as raised:
            await it.transport.backups()

        assert (expected, temporary) == (type(raised.value), raised.value.temporary)


@pytest.mark.parametrize("answer", [b"", None], ids=["hangs up", "never answers"])
async def test_a_start_without_an_answer_is_unknown(answer: bytes | None, tried: Tried) -> None:
    async with raw(lambda request: answer) as address, tried(address, idle_timeout=0.5) as it:
        with pytest.raises(OutcomeUnknown):
            await it.backup()
