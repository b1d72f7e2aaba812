"""B01 to B14 of what a bridge must pass: bodies that say something, and those that do not."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import tests.support.odd_bridge as odd
from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import Bridge, framed, notification, request

ODD = (sys.executable, odd.__file__, "bridge", "--stdio")


def _errors(said: list[Any]) -> list[tuple[object, int]]:
    """Of each message its id and its error's code."""
    return [(one["id"], one["error"]["code"]) for one in said]


NO_JSON = {
    "b01 truncated": b'{"jsonrpc": "2.0", "id": 1, "method": "backups/li',
    "b01 two values": b'{"jsonrpc": "2.0", "id": 1, "method": "backups/list"} {}',
    "b01 not UTF-8": b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}',
    "b01 UTF-16": '{"jsonrpc": "2.0", "id": 1, "method": "backups/list"}'.encode("utf-16"),
    "b01 a surrogate in UTF-8": b'{"jsonrpc": "2.0", "id": 1, "method": "\xed\xa0\x80"}',
    "b01 NaN": b'{"jsonrpc": "2.0", "id": 1, "method": "backups/list", "params": {"limit": NaN}}',
    "b01 infinite": b'{"jsonrpc": "2.0", "id": 1, "method": "backups/list", "params": {"limit": -Infinity}}',
    "b01 1e999": b'{"jsonrpc": "2.0", "id": 1, "method": "backups/list", "params": {"limit": 1e999}}',
    "b01 100,000 arrays": b"[" * 100_000 + b"]" * 100_000,
    "b01 100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "b01 a number of 6,000 digits": b'{"jsonrpc": "2.0", "method": "a", "id": %b}' % (b"9" * 6000),
    "b02 empty": b"",
    "b02 a space": b" ",
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_json_is_said_so_and_that_is_all(bridge: Bridge, body: bytes) -> None:
    said = bridge.meanwhile(body)

    assert [(None, -32700)] == _errors(said)
    assert "parse" == said[0]["error"]["data"]["kind"]


NO_REQUEST = {
    "b03 a number": 5,
    "b03 a text": "backups/list",
    "b03 null": None,
    "b03 true": True,
    "b03 an empty array": [],
    "b04 no version": {"method": "backups/list"},
    "b04 another version": {"jsonrpc": "1.0", "method": "backups/list"},
    "b04 the version as a number": {"jsonrpc": 2.0, "method": "backups/list"},
    "b05 no method": {"jsonrpc": "2.0"},
    "b06 null as the id": {"jsonrpc": "2.0", "id": None, "method": "backups/list"},
    "b06 a fraction as the id": {"jsonrpc": "2.0", "id": 1.5, "method": "backups/list"},
    "b06 true as the id": {"jsonrpc": "2.0", "id": True, "method": "backups/list"},
    "b06 an object as the id": {"jsonrpc": "2.0", "id": {}, "method": "backups/list"},
}


@pytest.mark.parametrize("message", NO_REQUEST.values(), ids=NO_REQUEST.keys())
def test_what_is_no_request_is_refused(bridge: Bridge, message: object) -> None:
    assert [(None, -32600)] == _errors(bridge.meanwhile(message))


NO_GOOD_REQUEST = {
    "b04 no version": {"method": "backups/list"},
    "b04 another version": {"jsonrpc": "1.0", "method": "backups/list"},
    "b05 a number as the method": {"jsonrpc": "2.0", "method": 5},
    "b05 null as the method": {"jsonrpc": "2.0", "method": None},
    "b05 no method, result or error": {"jsonrpc": "2.0"},
    "b05 a text as the params": {"jsonrpc": "2.0", "method": "backups/list", "params": "x"},
    "b05 a number as the params": {"jsonrpc": "2.0", "method": "backups/list", "params": 0},
    "b05 false as the params": {"jsonrpc": "2.0", "method": "backups/list", "params": False},
}


@pytest.mark.parametrize("message", NO_GOOD_REQUEST.values(), ids=NO_GOOD_REQUEST.keys())
def test_b05_a_request_that_is_none_is_refused_under_its_id(bridge: Bridge, message: dict[str, Any]) -> None:
    assert [("b05", -32600)] == _errors(bridge.meanwhile({**message, "id": "b05"}))


@pytest.mark.parametrize("id", [0, -1, "abc", "", 2**64, "0", "null"])
def test_b06_whole_numbers_and_texts_are_ids(bridge: Bridge, id: int | str) -> None:
    bridge.send(request(id, "backups/list"))

    assert {"jsonrpc": "2.0", "id": id, "result": {"items": []}} == bridge.answer(id)


def test_b03_a_batch_has_one_array_of_answers(bridge: Bridge) -> None:
    batch = [
        request("b03 list", "backups/list"),
        notification("initialized", {}),
        request("b03 none", "backups/nothing"),
        5,
        {"jsonrpc": "2.0", "id": "b03 other", "result": None},
        request("b03 jobs", "jobs/list"),
    ]

    bridge.send(batch)
    answers = bridge.until(lambda said: isinstance(said, list) and len(said) == 4)

    assert ["None", "b03 jobs", "b03 list", "b03 none"] == sorted(str(one["id"]) for one in answers)
    assert [-32601, -32600] == [one["error"]["code"] for one in answers if "error" in one]
    assert [{"items": []}] * 2 == [one["result"] for one in answers if "result" in one]


def test_b03_a_batch_of_what_is_none_is_answered_one_by_one(bridge: Bridge) -> None:
    (answers,) = bridge.meanwhile([1, [], {"id": 5}])

    assert [(None, -32600), (None, -32600), (5, -32600)] == _errors(answers)


def test_b03_a_batch_without_requests_is_not_answered(bridge: Bridge) -> None:
    told = [
        notification("initialized", {}),
        notification("$/whatever"),
        {"jsonrpc": "2.0", "id": 9, "result": 1},
    ]

    assert [] == bridge.meanwhile(told)


def test_b03_a_batch_with_too_much_in_it_is_refused_whole(bridge: Bridge) -> None:
    assert [(None, -32600)] == _errors(bridge.meanwhile([request(n, "backups/list") for n in range(4097)]))


@pytest.mark.parametrize("params", [{}, {"params": None}, {"params": {}}, {"params": []}], ids=str)
def test_b07_no_params_are_as_good_as_empty_ones(bridge: Bridge, params: dict[str, Any]) -> None:
    id = f"b07 {params}"

    bridge.send({"jsonrpc": "2.0", "id": id, "method": "backups/list", **params})

    assert {"items": []} == bridge.answer(id)["result"]


def test_b07_params_by_position_are_refused(bridge: Bridge) -> None:
    assert -32602 == bridge.refused("backups/list", ["x"])["code"]


@pytest.mark.parametrize(
    "inner", [{"jsonrpc": "1.0"}, {"id": 5}, {"error": {"code": 1}}, {"method": "exit"}], ids=str
)
def test_b08_nested_keys_are_nobodys_business(bridge: Bridge, inner: dict[str, Any]) -> None:
    document = {"id": "b08", "inner": inner, **{name: value for name, value in inner.items() if name != "id"}}

    bridge.call("backup/asset", {"asset": document})

    assert document == bridge.call("assets/get", {"id": "b08"})


def test_b09_an_id_in_flight_is_refused_and_the_first_is_unharmed(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=1000&clock=real")

    bridge.send(request(1, "backups/create"), request(1, "backups/list"))
    first, second = bridge.answer(1), bridge.until(lambda said: said.get("id") == 1 and "result" in said)

    assert -32600 == first["error"]["code"]
    assert 1000 == second["result"]["bytes"]
    assert 2 == len(bridge.answers(1))
    bridge.send(request(1, "backups/list"))
    bridge.until(lambda said: "items" in (said.get("result") or {}))


def test_b09_a_number_is_not_the_text_of_it(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=1000&clock=real")

    bridge.send(request(1, "backups/create"), request("1", "backups/list"))

    assert {"items": []} == bridge.answer("1")["result"]
    assert 1000 == bridge.answer(1)["result"]["bytes"]


@pytest.mark.parametrize("method", ["nothing", "$/x", "", "backups", "Backups/List", "__class__", "\ud800"])
def test_b10_an_unknown_method_is_said_so(bridge: Bridge, method: str) -> None:
    error = bridge.refused(method, {"x": 1})

    assert (-32601, "methodNotFound") == (error["code"], error["data"]["kind"])


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(notification("nothing", {"x": 1}), id="notification"),
        pytest.param(notification("$/x"), id="optional notification"),
        pytest.param(notification("backups/delete", {"backup": "x"}), id="a method without an id"),
        pytest.param(notification("initialized", ["by", "position"]), id="params by position"),
        pytest.param({"jsonrpc": "2.0", "id": "reprieve-x", "result": None}, id="answer"),
        pytest.param({"jsonrpc": "2.0", "id": 77, "error": {"code": 1, "message": "x"}}, id="error"),
        pytest.param({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}}, id="error, no id"),
        pytest.param({"jsonrpc": "2.0", "id": {"x": []}, "result": 1}, id="answer to an object"),
    ],
)
def test_b11_silence(bridge: Bridge, message: object) -> None:
    assert [] == bridge.meanwhile(message)


WRONG = {
    "a number for a text": ("backup/snapshot", {"backup": 5}, "backup"),
    "an object for a text": ("backup/snapshot", {"backup": {}}, "backup"),
    "nothing for a text": ("backup/snapshot", {}, "backup"),
    "null for a text": ("backup/snapshot", {"backup": None}, "backup"),
    "an unknown member": ("backup/snapshot", {"backup": "x", "backups": "y"}, "backups"),
    "a text for a number": ("backups/list", {"limit": "10"}, "limit"),
    "a fraction": ("backups/list", {"limit": 1.5}, "limit"),
    "true for a number": ("backups/list", {"limit": True}, "limit"),
    "too small": ("backups/list", {"limit": 0}, "limit"),
    "too great": ("backups/list", {"limit": 10**30}, "limit"),
    "1 for true": ("backups/delete", {"backup": "x", "confirm": 1}, "confirm"),
    "a text for true": ("backups/create", {"detach": "true"}, "detach"),
    "a fraction for a token": ("backups/create", {"workDoneToken": 1.5}, "workDoneToken"),
    "an array for a token": ("backups/create", {"workDoneToken": []}, "workDoneToken"),
    "a text for an array": ("backup/assets", {"assets": "ab"}, "assets"),
    "no text for an array": ("backup/assets", {"assets": ""}, "assets"),
    "an object for an array": ("backup/assets", {"assets": {}}, "assets"),
    "a text in an array of objects": ("backup/assets", {"assets": [{"id": "x"}, "x"]}, "assets[1]"),
    "an array for an object": ("backup/asset", {"asset": []}, "asset"),
    "a negative change": ("jobs/subscribe", {"since": -1}, "since"),
    "a negative version": ("assets/get", {"id": "x", "version": -1}, "version"),
    "half a character in a name": ("jobs/get", {"job": "a\ud800"}, "job"),
    "a cursor that is none": ("backups/list", {"cursor": "x"}, "cursor"),
}


@pytest.mark.parametrize(("method", "params", "path"), WRONG.values(), ids=WRONG.keys())
def test_b12_a_wrong_type_is_named_by_its_path(
    bridge: Bridge, method: str, params: object, path: str
) -> None:
    error = bridge.refused(method, params)

    assert (-32602, "invalidParams") == (error["code"], error["data"]["kind"])
    assert [path] == [wrong["path"] for wrong in error["data"]["errors"]]
    assert all(wrong["message"] for wrong in error["data"]["errors"])


def test_b12_all_that_is_wrong_is_named(bridge: Bridge) -> None:
    error = bridge.refused("backup/restore", {"backup": 5, "confirm": "yes", "detach": 0})

    assert ["backup", "confirm", "detach"] == sorted(wrong["path"] for wrong in error["data"]["errors"])


def test_b12_what_came_is_not_said_back_at_length(bridge: Bridge) -> None:
    secret = "hunter2" * 1000

    error = bridge.refused("backups/list", {"limit": secret, "cursor": {secret: secret}})

    assert secret not in str(error)
    assert len(str(error)) < 1000


def test_b13_a_bug_is_said_so_and_nothing_is_leaked(start: Start) -> None:
    bridge = start("odd:", command=ODD)

    error = bridge.refused("backups/list")

    id = error["data"]["correlationId"]
    assert (-32603, {"kind": "internal", "correlationId": id}) == (error["code"], error["data"])
    assert "hunter2" not in str(bridge.heard)
    assert "Traceback" not in str(bridge.heard)
    assert id in bridge.log()
    assert odd.SECRET in bridge.log()
    assert [] == bridge.call("jobs/list")["items"]


def test_b14_a_result_with_a_key_error_stays_a_result(bridge: Bridge) -> None:
    document = {"id": "b14", "error": {"code": -1, "message": "none"}, "result": 1}

    bridge.call("backup/asset", {"asset": document})
    answer = bridge.answer(bridge.ask("assets/get", {"id": "b14"}))

    assert {"jsonrpc", "id", "result"} == set(answer)
    assert document == answer["result"]


def test_most_requests_in_flight(start: Start) -> None:
    bridge = start("offline:?hang_at=0.5")
    many = [request(f"n{n}", "backups/create") for n in range(4097)]

    bridge.write(b"".join(map(framed, many)))
    refused = bridge.answer("n4096")

    assert (-32600, True) == (refused["error"]["code"], "4096" in refused["error"]["message"])


def test_ids_can_be_used_again(start: Start) -> None:
    bridge = start(QUICK)

    for _ in range(3):
        bridge.send([request(n, "jobs/list") for n in range(1000)])
    bridge.until(lambda said: isinstance(said, list) and len(said) == 1000)
