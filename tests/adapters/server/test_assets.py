"""Documents over HTTP: kept whole; without one, a backup. And what no body may be."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprieve.adapters.server import Settings, bodies
from reprieve.adapters.server.bodies import MAX_DEPTH, parsed
from reprieve.core.errors import InvalidRequest

from .conftest import Serve


async def test_documents_are_kept_whole(serve: Serve) -> None:
    service = await serve()
    document = {"id": "a", "name": "snippet", "unknown": {"parts": [1, 2.5, None, "ü"]}, "creator": None}

    one = await service.post("/backup/asset", json=document)
    many = await service.post("/backup", json={"iterable": [{**document, "name": "new"}, {"id": "b"}]})

    assert [(204, ""), (204, "")] == [(one.status, one.text), (many.status, many.text)]
    assert document == await service.library.asset("a", 1)
    assert {**document, "name": "new"} == await service.library.asset("a")
    assert () == await service.library.backups()


@pytest.mark.parametrize("path", ["/backup", "/backup/asset"])
@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"iterable":null,"schema":null}'])
async def test_without_a_document_the_database_is_backed_up(serve: Serve, path: str, body: bytes) -> None:
    service = await serve()

    answer = await service.post(path, data=body)

    assert (204, 1) == (answer.status, len(await service.library.backups()))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/backup", b'{"iterable":[{"id":"a"},{"name":"no id"}]}'),
        ("/backup", b'{"iterable":[{"id":"a"},1]}'),
        ("/backup", b'{"iterable":{"id":"a"}}'),
        ("/backup", b'{"other":1}'),
        ("/backup/asset", b'{"id":7}'),
        ("/backup/asset", b"[]"),
        ("/backup/asset", b"{"),
        ("/backup/asset", b'"text"'),
        ("/backup/asset", b'{"id":"a","x":NaN}'),
        ("/backup/asset", b'{"id":"a","x":1e999}'),
        ("/backup/asset", b'{"id":"a","x":"\xff"}'),
        ("/backup/asset", b'{"id":"a","x":"\\ud800"}'),
        ("/backup/asset", b'{"id":"a","x":' + b"[" * 200 + b"]" * 200 + b"}"),
        ("/backup/asset", b"[" * 100_000),
        ("/backup/asset", b'{"id":"a","x":' + b"1" * 10_000 + b"}"),
    ],
)
async def test_a_body_that_makes_no_sense_keeps_nothing(serve: Serve, path: str, body: bytes) -> None:
    service = await serve()

    refused = await service.post(path, data=body)

    assert (400, "text/plain; charset=utf-8") == (refused.status, refused.type)
    assert refused.text.endswith(".")
    assert () == await service.library.assets()
    assert () == await service.library.jobs()


async def test_the_same_key_without_a_document_makes_one_backup(serve: Serve) -> None:
    service = await serve()

    for path in ("/backup", "/backup/asset", "/backups/create", "/backup"):
        await service.post(path, headers={"Idempotency-Key": "k"})

    assert 1 == len(await service.library.backups())


async def test_bodies_have_a_size_of_their_own(serve: Serve) -> None:
    service = await serve(Settings(max_body=100, max_assets=1000))
    body = json.dumps({"id": "a", "x": "y" * 200})

    async def chunks() -> object:
        for _ in range(100):
            yield b" " * 100

    assert 204 == (await service.post("/backup/asset", data=body)).status
    assert 413 == (await service.post("/backup/asset", data=body * 10)).status
    assert 413 == (await service.post("/backups/create", data=body)).status
    refused = await service.post("/backups/create", data=chunks())
    assert (413, "text/plain; charset=utf-8") == (refused.status, refused.type)
    assert () == await service.library.jobs()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(_JSON)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_json_says_is_read_as_it_is(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        with pytest.raises(InvalidRequest):
            parsed(json.dumps(value).encode())
    else:
        assert value == parsed(json.dumps(value).encode())


@given(st.integers(1, 2 * MAX_DEPTH))
def test_depth_is_counted_exactly(depth: int) -> None:
    text = "[" * depth + "]" * depth
    if depth <= MAX_DEPTH:
        assert text == json.dumps(parsed(text.encode()))
    else:
        with pytest.raises(InvalidRequest):
            parsed(text.encode())


async def test_a_body_of_too_many_parts_is_refused_unread(serve: Serve) -> None:
    """Half a million empty lists are a megabyte, and would be a hundred in memory."""
    service = await serve()
    body = '{"id":"a","x":[' + "[]," * 500_000 + "[]]}"

    answer = await service.post("/backup/asset", data=body, headers={"Content-Type": "application/json"})

    assert 400 == answer.status
    assert "send less" in answer.text


@pytest.mark.parametrize("path", ["/backup", "/backup/asset", "/v1/assets"])
async def test_while_large_bodies_are_read_one_by_one_others_are_served(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Reading 16 MiB takes seconds."""
    service = await serve()
    begun: list[bytes] = []
    reads, go_on = threading.Event(), threading.Event()

    def read_slowly(text: bytes) -> object:
        begun.append(text)
        reads.set()
        assert go_on.wait(10)
        return parsed(text)

    monkeypatch.setattr(bodies, "parsed", read_slowly)
    document = {"id": "a", "x": "y" * 100_000}
    body = document if path == "/backup/asset" else {"iterable": [document], "documents": [document]}
    sent = [asyncio.create_task(service.post(path, json=body)) for _ in range(2)]
    await asyncio.to_thread(reads.wait, 60)
    listed = await service.get("/backups")
    meanwhile = len(begun)
    go_on.set()
    kept = [answer.status for answer in await asyncio.gather(*sent)]

    assert (200, 1) == (listed.status, meanwhile)
    assert {200 if path == "/v1/assets" else 204} == set(kept)
    assert [1, 2] == [one.version for one in await service.library.asset_history("a")]
