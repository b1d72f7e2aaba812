"""A coverage-guided fuzzer of what reads a client's bytes: `python -m tests.adapters.jsonrpc.fuzz [OPTIONS]`.

libFuzzer's options are passed on (`-max_total_time=300`, `-seed=7`). It ends with an error, and writes the
input that led to it, at an exception that is none of ours, a request that is heard twice or is not answered
once, or memory that grows.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

atheris: Any = import_module("atheris")  # not everywhere, and without types

with atheris.instrument_imports(include=["reprieve.adapters.jsonrpc", "cattrs", "json"]):
    from reprieve.adapters.jsonrpc.errors import Refused
    from reprieve.adapters.jsonrpc.framing import Frames, FramingError, framed
    from reprieve.adapters.jsonrpc.messages import Bad, Request
    from reprieve.adapters.jsonrpc.messages import read as read_message
    from reprieve.adapters.jsonrpc.peer import Peer, Reply
    from reprieve.adapters.jsonrpc.reading import read
    from reprieve.adapters.jsonrpc.table import METHODS

MOST_GROWTH = 200
"""MiB. What the process that starts this one holds counts as its own at first (getrusage(2), ru_maxrss)."""

LONGEST = "-max_len=4096"

WORDS: tuple[str, ...] = (
    "Content-Length: ",
    "Content-Type: ",
    "charset=utf-8",
    "\r\n\r\n",
    '{"jsonrpc":"2.0",',
    '"id":',
    '"method":',
)
WORDS += ('"params":', '"result":', '"error":', "null", "1e999", "\\ud800", "[{", "}]", *METHODS)


LATE, FRAMED, STEP = 128, 64, 15
"""What the bits of an input's first byte say: answer late, the rest are lines to be framed, size."""


def one_input(data: bytes) -> None:
    """A client that says this; each request of its is heard once, and answered once."""
    how, said = (data[0], data[1:]) if data else (0, b"")
    if how & FRAMED:
        said = b"".join(map(framed, said.split(b"\n")))
    sent = _conversation(said, (how & STEP) ** 2 + 1, late=bool(how & LATE))
    assert _owed(said) == _answered(sent), sent


def _conversation(said: bytes, step: int, *, late: bool) -> list[bytes]:
    """What is answered to it."""
    peer, waiting, sent = Peer(), dict[int | str, Request](), list[bytes]()
    try:
        for one in (one for chunk in _chunks(said, step) for one in peer.receive(chunk)):
            if isinstance(one, Reply):
                sent.append(one.data)
            elif isinstance(one, Request):
                assert one.id not in waiting
                waiting[one.id] = one
                _read_params(one)
                if not late:
                    sent.append(peer.answer(waiting.popitem()[0], None))
        peer.ended()
    except FramingError as error:
        assert str(error)
    return [*sent, *(peer.answer(id, []) for id in waiting)]


def _chunks(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def _read_params(request: Request) -> None:
    method = METHODS.get(request.method)
    if method:
        try:
            read(request.params, method.params)
        except Refused as refused:
            json.dumps(refused.error.members())


def _owed(data: bytes) -> int:
    """How many answers these bytes want."""
    owed, frames = 0, Frames()
    try:
        for body in frames.feed(data):
            said = read_message(body)
            owed += sum(
                isinstance(one, Request | Bad) for one in (said if isinstance(said, list) else [said])
            )
    except FramingError as error:
        assert str(error)
    return owed


def _answered(sent: list[bytes]) -> int:
    frames = Frames()
    bodies = [json.loads(body) for data in sent for body in frames.feed(data)]
    return sum(len(body) if isinstance(body, list) else 1 for body in bodies)


def _seeds(folder: Path) -> None:
    """Where it begins: a request of each method, and a batch."""
    for n, method in enumerate(METHODS):
        message = {"jsonrpc": "2.0", "id": n, "method": method, "params": {"backup": "x", "confirm": True}}
        (folder / f"request-{n}").write_bytes(bytes([n % 16]) + framed(json.dumps(message).encode()))
        (folder / f"body-{n}").write_bytes(b"\xff" + json.dumps(message).encode() * 2)
        (folder / f"batch-{n}").write_bytes(b"\x8f" + framed(json.dumps([message, message, 1]).encode()) * 2)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        seeds, words = Path(name) / "seeds", Path(name) / "words"
        seeds.mkdir()
        _seeds(seeds)
        quoted = (json.dumps(word.encode().decode("latin-1")) for word in WORDS)
        words.write_text("\n".join(line.replace("\\r\\n", "\\x0d\\x0a") for line in quoted), "ascii")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 + MOST_GROWTH
        options = [
            f"-rss_limit_mb={memory}",
            LONGEST,
            f"-dict={words}",
            f"-artifact_prefix={Path.cwd()}/",
            *sys.argv[1:],
        ]
        atheris.Setup([sys.argv[0], *options, str(seeds)], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
