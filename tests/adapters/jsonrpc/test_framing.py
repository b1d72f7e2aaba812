"""F01 to F11 of what a bridge must pass: frames in every shape, and what is none."""

from __future__ import annotations

import pytest

from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import INITIALIZE, Bridge, framed, request


def test_f01_a_request_has_its_result_under_the_same_id(bridge: Bridge) -> None:
    bridge.send(request("f01", "backups/list"))

    assert {"jsonrpc": "2.0", "id": "f01", "result": {"items": []}} == bridge.answer("f01")


def test_f02_one_byte_at_a_time(start: Start) -> None:
    bridge = start(QUICK, greet=False)

    for byte in framed(request(1, "initialize", INITIALIZE)) + framed(request(2, "jobs/list")):
        bridge.write(bytes([byte]))

    assert "1" == bridge.answer(1)["result"]["protocolVersion"]
    assert {"items": []} == bridge.answer(2)["result"]


def test_f03_two_messages_in_one_write(bridge: Bridge) -> None:
    bridge.send(request("f03 a", "backups/list"), request("f03 b", "jobs/list"))

    assert {"items": []} == bridge.answer("f03 a")["result"]
    assert {"items": []} == bridge.answer("f03 b")["result"]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("content-length:%d\r\n", id="f04 lower case, no space"),
        pytest.param("CONTENT-LENGTH: \t %d \t\r\n", id="f04 upper case, more space"),
        pytest.param(
            "Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: %d\r\n",
            id="f05 Content-Type first, utf8",
        ),
        pytest.param(
            'Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset="UTF-8"\r\n',
            id="f05 Content-Type last, in quotes",
        ),
        pytest.param("X-Of-No-Matter: 1\r\nContent-Length: %d\r\n", id="f05 another header"),
        pytest.param("Content-Length: 000%d\r\n", id="f05 leading zeros"),
    ],
)
def test_headers_that_are_accepted(bridge: Bridge, header: str) -> None:
    body = framed(request(header, "backups/list")).partition(b"\r\n\r\n")[2]

    bridge.write((header % len(body)).encode() + b"\r\n" + body)

    assert {"items": []} == bridge.answer(header)["result"]


FATAL = {
    "f06 utf-16": b"Content-Type: application/vscode-jsonrpc; charset=utf-16\r\nContent-Length: 2\r\n\r\n{}",
    "f07 no length": b"Content-Type: application/json\r\n\r\n{}",
    "f07 no header": b"\r\n",
    "f07 no number": b"Content-Length: abc\r\n\r\n",
    "f07 negative": b"Content-Length: -5\r\n\r\n",
    "f07 empty": b"Content-Length:\r\n\r\n",
    "f07 a fraction": b"Content-Length: 2.0\r\n\r\n{}",
    "f07 other digits": "Content-Length: ٢\r\n\r\n{}".encode(),
    "f07 twice": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "f08 over the limit": b"Content-Length: 67108865\r\n\r\n" + b" " * 50_000,
    "f08 far over the limit": b"Content-Length: %b\r\n\r\n" % (b"9" * 5000),
    "f09 a long header": b"Content-Length: 2\r\nX: " + b"x" * 9000,
    "f09 a long header, whole": b"Content-Length: 2\r\nX: " + b"x" * 9000 + b"\r\n\r\n{}",
    "f09 many headers": b"Content-Length: 2\r\n" + b"X: x\r\n" * 2000 + b"\r\n{}",
    "f09 a line of text": b"Hello, is anybody there?\r\n",
    "f09 bare line feeds": b"Content-Length: 2\n\n{}",
    "f09 JSON without a header": b'{"jsonrpc": "2.0", "id": 1, "method": "initialize"}\n',
}


@pytest.mark.parametrize("data", FATAL.values(), ids=FATAL.keys())
def test_what_is_no_frame_ends_it_and_runs_nothing_again(start: Start, data: bytes) -> None:
    bridge = start(QUICK)
    bridge.call("backup/asset", {"asset": {"id": "once"}})
    before = len(bridge.heard)

    bridge.write(data)
    code = bridge.ended()

    said = bridge.heard[before:]
    assert [(None, -32700, "parse")] == [
        (one["id"], one["error"]["code"], one["error"]["data"]["kind"]) for one in said
    ]
    assert 3 == code


def test_f07_before_the_greeting_too(start: Start) -> None:
    bridge = start(QUICK, greet=False)

    bridge.write(FATAL["f07 no number"])

    assert 3 == bridge.ended()
    assert [(None, -32700)] == [(one["id"], one["error"]["code"]) for one in bridge.heard]


@pytest.mark.parametrize("greeted", [True, False], ids=["greeted", "not greeted"])
@pytest.mark.parametrize("part", [b"Content-Len", b"Content-Length: 5\r\n\r\n{}"], ids=["header", "body"])
def test_f10_the_end_inside_a_message(start: Start, part: bytes, greeted: bool) -> None:
    bridge = start(QUICK, greet=greeted)

    bridge.write(part)
    bridge.close()

    assert 3 == bridge.ended()
    assert (None, -32700) == (bridge.heard[-1]["id"], bridge.heard[-1]["error"]["code"])


@pytest.mark.parametrize("text", ["Grüße, 世界, 🎉", "\ud800", "a\x00b\u2028", "\udfff\ud83d"])
def test_f11_any_text_comes_back_as_it_was(bridge: Bridge, text: str) -> None:
    document = {"id": "f11", "said": text, text: [text]}

    bridge.call("backup/asset", {"asset": document})

    assert document == bridge.call("assets/get", {"id": "f11"})
    bridge.send(request(text, "backups/list"))
    assert {"items": []} == bridge.answer(text)["result"]


def test_f11_text_that_is_not_escaped(bridge: Bridge) -> None:
    bridge.send('{"jsonrpc": "2.0", "id": "Grüße, 🎉", "method": "backups/list"}'.encode())

    assert {"items": []} == bridge.answer("Grüße, 🎉")["result"]


def test_the_limits_that_are_told_are_those_that_hold(start: Start) -> None:
    bridge = start(QUICK, greet=False)
    limits = bridge.initialize()["limits"]
    body = b'{"jsonrpc": "2.0", "id": "large", "method": "backups/list"}'
    padding = limits["headerBytes"] - len(b"Content-Length: 67108864\r\nX: \r\n\r\n")

    bridge.write(b"Content-Length: %d\r\nX: %b\r\n\r\n" % (limits["bodyBytes"], b"x" * padding))
    for _ in range(limits["bodyBytes"] // 2**20 - 1):
        bridge.write(b" " * 2**20)
    bridge.write(body.rjust(2**20))

    assert {"items": []} == bridge.answer("large")["result"]


@pytest.mark.needs("linux")
def test_f08_memory_stays_flat(start: Start) -> None:
    bridge = start(QUICK)
    body = b'{"jsonrpc": "2.0", "id": "large", "method": "backups/list"}'.ljust(8 * 2**20)
    held = []

    for n in range(8):
        bridge.send(body.replace(b"large", b"%05d" % n))
        bridge.answer(f"{n:05}")
        held.append(bridge.memory())

    assert held[-1] - held[1] < 4 * 2**20
