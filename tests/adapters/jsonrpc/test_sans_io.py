"""What holds of the parts without pipes, whatever comes: frames, messages, the peer, the outbox, params."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, get_args, get_origin

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reprieve.adapters.jsonrpc import greeting, shapes
from reprieve.adapters.jsonrpc.ahead import Ahead
from reprieve.adapters.jsonrpc.errors import Refused, RpcError
from reprieve.adapters.jsonrpc.framing import Frames, FramingError, framed
from reprieve.adapters.jsonrpc.messages import Answer, Bad, Notification, Request, read
from reprieve.adapters.jsonrpc.outbox import Outbox
from reprieve.adapters.jsonrpc.peer import Peer, Reply
from reprieve.adapters.jsonrpc.reading import read as read_params
from reprieve.adapters.jsonrpc.shapes import CreateBackup, KeepDocuments, Restore
from reprieve.adapters.jsonrpc.stdio import Stdio
from reprieve.adapters.jsonrpc.table import METHODS
from reprieve.adapters.wire import Shape
from tests.adapters.jsonrpc.wild import anything, bodies, chunks, ids

# -- frames ------------------------------------------------------------------------------------------


@given(
    st.lists(bodies, max_size=6).flatmap(
        lambda said: st.tuples(st.just(said), chunks(b"".join(map(framed, said))))
    )
)
def test_any_chunks_give_the_same_bodies(said: tuple[list[bytes], list[bytes]]) -> None:
    sent, parts = said
    frames = Frames()

    heard = [body for part in parts for body in frames.feed(part)]

    assert sent == heard
    assert frames.between


@given(st.binary(max_size=300).flatmap(chunks))
def test_any_bytes_are_frames_or_a_framing_error(parts: list[bytes]) -> None:
    whole, in_parts = _outcome([b"".join(parts)]), _outcome(parts)

    assert whole == in_parts


def _outcome(parts: list[bytes]) -> tuple[list[bytes], str]:
    frames, heard = Frames(), list[bytes]()
    try:
        for part in parts:
            heard += frames.feed(part)
    except FramingError as error:
        return heard, str(error)
    return heard, "between" if frames.between else "inside"


# -- messages ----------------------------------------------------------------------------------------


@given(bodies)
@example(b"[" * 100_000)
@example(b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b"}")
def test_reading_a_body_never_raises(body: bytes) -> None:
    said = read(body)

    for one in said if isinstance(said, list) else [said]:
        assert isinstance(one, Request | Notification | Answer | Bad)
        if isinstance(one, Bad):
            assert json.loads(Peer.unreadable(one.error).partition(b"\r\n\r\n")[2])


# -- the peer ----------------------------------------------------------------------------------------


@given(st.lists(bodies, max_size=12), st.randoms(use_true_random=False))
def test_each_request_is_heard_once_and_answered_once(said: list[bytes], chance: Any) -> None:
    peer, open_, heard, sent = Peer(), list[Request](), list[Request](), list[bytes]()
    for body in said:
        for one in peer.receive(framed(body)):
            if isinstance(one, Request):
                assert one.id not in [other.id for other in open_]
                open_.append(one)
                heard.append(one)
            elif isinstance(one, Reply):
                sent.append(one.data)
        while open_ and chance.random() < 0.5:
            sent.append(_answer(peer, open_.pop(chance.randrange(len(open_))), chance))
    while open_:
        sent.append(_answer(peer, open_.pop(), chance))

    assert Counter(map(_key, _ids_asked(said))) == Counter(map(_key, _ids_answered(sent)))
    assert len(heard) <= len(_ids_asked(said))


def _answer(peer: Peer, request: Request, chance: Any) -> bytes:
    if chance.random() < 0.5:
        return peer.answer(request.id, {"error": None})
    return peer.refuse(request.id, RpcError(1, "no", "no"))


def _key(id: object) -> str:
    return json.dumps(id)


def _ids_asked(said: list[bytes]) -> list[object]:
    """The id of every answer that is owed: null for what has none that could be read."""
    owed: list[object] = []
    for body in said:
        message = read(body)
        for one in message if isinstance(message, list) else [message]:
            if isinstance(one, Request | Bad):
                owed.append(one.id)
    return owed


def _ids_answered(sent: list[bytes]) -> list[object]:
    frames = Frames()
    bodies = [json.loads(body) for data in sent for body in frames.feed(data)]
    answers = [one for body in bodies for one in (body if isinstance(body, list) else [body])]
    assert all(("result" in one) != ("error" in one) for one in answers)
    return [one["id"] for one in answers]


@given(st.lists(ids, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_a_batch_has_one_answer_in_the_end(wanted: list[Any], chance: Any) -> None:
    peer = Peer()
    batch = [{"jsonrpc": "2.0", "id": id, "method": "m"} for id in wanted]

    heard = list(peer.receive(framed(json.dumps(batch).encode())))
    requests = [one for one in heard if isinstance(one, Request)]
    chance.shuffle(requests)
    sent = [one.data for one in heard if isinstance(one, Reply)]
    sent += [peer.answer(one.id, None) for one in requests]

    (whole,) = filter(None, sent)
    answers = json.loads(whole.partition(b"\r\n\r\n")[2])
    assert Counter(map(_key, wanted)) == Counter(_key(one["id"]) for one in answers)


# -- the outbox --------------------------------------------------------------------------------------

puts = st.tuples(st.just("put"), st.binary(min_size=1, max_size=5))
reports = st.tuples(st.sampled_from("abc"), st.binary(min_size=1, max_size=5))
flushes = st.tuples(st.just("flush"), st.sampled_from("abc"))
takes = st.tuples(st.just("take"), st.just(b""))


@given(st.lists(puts | reports | flushes | takes, max_size=30))
async def test_what_is_put_keeps_its_order_and_of_progress_the_newest_is_sent(
    steps: list[tuple[str, Any]],
) -> None:
    outbox, order, sent = Outbox(), list[str](), list[str]()
    waiting: dict[str, str] = {}
    for n, (what, _) in enumerate(steps):
        if what == "put":
            outbox.put(f"put{n};".encode())
            order.append(f"put{n}")
        elif what == "flush":
            token = str(steps[n][1])
            outbox.flush(token)
            if token in waiting:
                order.append(waiting.pop(token))
        elif what == "take":
            if len(sent) < len(order) or waiting:
                sent += (await outbox.next()).decode().split(";")[:-1]
                order += waiting.values()
                waiting.clear()
        else:
            waiting[what] = f"{what}{n}"
            outbox.report(what, lambda said=f"{what}{n};": said.encode())  # type: ignore[misc]
    if len(sent) < len(order) or waiting:
        sent += (await outbox.next()).decode().split(";")[:-1]

    assert order + list(waiting.values()) == sent


# -- params ------------------------------------------------------------------------------------------

SHAPES = sorted(
    {method.params for method in METHODS.values()} | {greeting.Initialize, shapes.Cancelled}, key=str
)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: str(shape.__name__))
@settings(max_examples=25)
@given(data=st.data())
def test_params_are_read_strictly_or_refused_with_paths(shape: type[Any], data: st.DataObject) -> None:
    names = [_camel(field.name) for field in attrs.fields(shape)]
    params = data.draw(st.dictionaries(st.sampled_from([*names, "other"]), anything, max_size=5))

    try:
        found = read_params(params, shape)
    except Refused as refused:
        wrong = refused.error.more["errors"]
        assert wrong
        assert {one["path"].partition("[")[0].partition(".")[0] for one in wrong} <= {*params, *names}
        json.dumps(refused.error.members())
        return

    for field in attrs.fields(shape):
        value = getattr(found, field.name)
        said = params.get(_camel(field.name))
        if said is None:
            assert value == _default(field)
        else:
            assert type(value) is (tuple if isinstance(said, list) else type(said))
            assert (list(value) if isinstance(said, list) else value) == said


def _default(field: Any) -> object:
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
        return field.default.factory()
    return field.default


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def test_every_wrong_path_is_named() -> None:
    with pytest.raises(Refused) as refused:
        read_params({"assets": [{}, 1, {"id": "x"}, None]}, KeepDocuments)
    with pytest.raises(Refused) as other:
        read_params({"workDoneToken": 1.5, "detach": 1}, CreateBackup)

    assert ["assets[1]", "assets[3]"] == [one["path"] for one in refused.value.error.more["errors"]]
    assert ["detach", "workDoneToken"] == sorted(one["path"] for one in other.value.error.more["errors"])


def test_null_is_as_good_as_nothing() -> None:
    found = read_params({"backup": "x", "confirm": True, "planToken": None}, Restore)

    assert ("x", True, None) == (found.backup, found.confirm, found.plan_token)


def test_each_shapes_arrays_are_read_as_such() -> None:
    arrays = [
        field.type
        for shape in SHAPES
        for field in attrs.fields(attrs.resolve_types(shape))
        if get_origin(field.type) is tuple
    ]

    assert all(get_args(array)[1] is Ellipsis for array in arrays)
    assert issubclass(SHAPES[0], Shape)


# -- the greeting that comes ahead -------------------------------------------------------------------


class _Said(Stdio):
    """A channel on which this comes, and nothing goes anywhere."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.answered = b""

    def read_now(self) -> bytes:
        data, self.data = self.data, b""
        return data

    def write_now(self, data: bytes) -> None:
        self.answered += data


plausible = st.fixed_dictionaries(
    {"protocolVersions": st.lists(st.sampled_from(["1", "2", "1.5", "1\ud800", "x"])) | anything},
    optional={
        "processId": st.integers(-2, 2) | st.just(2**31) | anything,
        "capabilities": anything,
        "clientInfo": anything,
        "initializationOptions": anything,
        "other": anything,
    },
)


@given(
    bodies
    | st.builds(
        lambda params: json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        ).encode(),
        plausible,
    )
)
def test_who_is_greeted_ahead_would_be_greeted_by_the_handshake(body: bytes) -> None:
    said = _Said(framed(body))
    ahead = Ahead(said)

    ahead.greet("offline:")

    assert bool(said.answered) == (ahead.client is not None) == (ahead.first is None)
    if ahead.client is not None:
        read_params(ahead.client, greeting.Initialize)
