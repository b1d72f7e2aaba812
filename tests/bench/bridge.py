"""The bridge beside a server of `vscode-jsonrpc` in Node and one of `pygls`: all of them real processes.

The client is the same for all: it writes frames and reads bytes, and does as little else as it can. What is
compared is a request whose handler does next to nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread

import attrs

from tests.sdks.environments import PYGLS_PEER, VSCODE_JSONRPC_PEER

from .processes import COMPILE_EACH_TIME

ROUNDS = 5
TRIPS = 1500
PIPELINED = 3000
AT_ONCE = 50
JOBS, CHANGES = 300, 3
"""Changes of each job: idle, running, done."""

CHUNK = 1 << 20
MARK = b"Content-Length"

Values = Mapping[str, float]


@attrs.frozen
class Peer:
    """A server: how it is started, and a request that asks as little of it as can be."""

    name: str
    command: Sequence[str]
    method: str
    params: Mapping[str, object]


OURS = Peer(
    "ours",
    (sys.executable, "-m", "reprieve", "bridge", "--stdio", "offline:?size=1&rate=1000000&ticks=1"),
    "jobs/unsubscribe",
    {},
)
OTHERS = tuple(
    Peer(client.name.split()[0], client.command, "echo", {})
    for client in (VSCODE_JSONRPC_PEER, PYGLS_PEER)
    if client.here
)


def frame(**members: object) -> bytes:
    """A message as it goes over the wire."""
    body = json.dumps({"jsonrpc": "2.0", **members}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@attrs.define
class Talk:
    """One server under way."""

    process: subprocess.Popen[bytes]

    def say(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def hear(self, answers: int) -> None:
        """Read until so many messages have come."""
        assert self.process.stdout is not None
        heard, end = 0, b""
        while heard < answers or not end.endswith(b"}"):
            data = os.read(self.process.stdout.fileno(), CHUNK)
            assert data, "the server ended"
            heard += (end + data).count(MARK)
            end = (end + data)[1 - len(MARK) :]

    def ask(self, id: int, method: str, params: Mapping[str, object]) -> float:
        """Seconds until the answer was there."""
        request = frame(id=id, method=method, params=params)
        began = time.perf_counter()
        self.say(request)
        self.hear(1)
        return time.perf_counter() - began

    def memory(self) -> float:
        """Its resident memory, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def talk(peer: Peer) -> Iterator[tuple[Talk, float]]:
    """A server that was greeted, and how many seconds that took."""
    environment = {name: value for name, value in os.environ.items() if name != COMPILE_EACH_TIME}
    began = time.perf_counter()
    process = subprocess.Popen(
        peer.command,
        env=environment,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    one = Talk(process)
    try:
        params: dict[str, object] = {"processId": None, "protocolVersions": ["1"], "capabilities": {}}
        one.ask(1, "initialize", params)
        yield one, time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


@attrs.frozen
class Figures:
    """What one server took, in one round."""

    start: float
    p50: float
    p99: float
    pipelined: float
    told: float
    memory: float


def measure(peer: Peer) -> Figures:
    """One round of one server."""
    with talk(peer) as (one, start):
        one.ask(2, peer.method, peer.params)  # whatever it loads first
        trips = sorted(one.ask(3 + number, peer.method, peer.params) for number in range(TRIPS))
        pipelined = _pipelined(one, peer)
        memory = one.memory()
        told = _told(one, peer)
        return Figures(start, median(trips), trips[TRIPS * 99 // 100], pipelined, told, memory)


def _pipelined(one: Talk, peer: Peer) -> float:
    """Requests a second where none waits for the one before."""
    requests = [
        frame(id=10_000 + number, method=peer.method, params=peer.params) for number in range(PIPELINED)
    ]
    chunks = [b"".join(requests[begin : begin + AT_ONCE]) for begin in range(0, PIPELINED, AT_ONCE)]
    began = time.perf_counter()

    def send() -> None:
        for chunk in chunks:
            one.say(chunk)

    sending = Thread(target=send)
    sending.start()
    one.hear(PIPELINED)
    sending.join()
    return PIPELINED / (time.perf_counter() - began)


def bridge(_: str) -> Values:
    """All of it."""
    rounds: dict[str, list[Figures]] = {peer.name: [] for peer in (OURS, *OTHERS)}
    for _round in range(ROUNDS):
        for peer in (OURS, *OTHERS):
            rounds[peer.name].append(measure(peer))
    figures = {name: _middle(found) for name, found in rounds.items()}
    ours = figures["ours"]
    values: dict[str, float] = {
        "a round trip, us": ours.p50 * 1e6,
        "a round trip, p99, us": ours.p99 * 1e6,
        "round trips a second": 1 / ours.p50,
        "pipelined requests a second": ours.pipelined,
        "its start, until `initialize` is answered, ms": ours.start * 1e3,
        "memory, MiB": ours.memory,
        "notifications a second": ours.told,
    }
    for name, other in figures.items():
        if name != "ours":
            values |= _beside(ours, other, name)
    return values


def _middle(found: list[Figures]) -> Figures:
    return Figures(*(median(values) for values in zip(*map(attrs.astuple, found), strict=True)))


def _beside(ours: Figures, other: Figures, name: str) -> Values:
    aims = name == "vscode-jsonrpc"
    return {
        f"a round trip, of {name}'s{' (aim: ≤ 1.2)' if aims else ''}": ours.p50 / other.p50,
        f"a round trip, p99, of {name}'s": ours.p99 / other.p99,
        f"pipelined requests a second, of {name}'s": ours.pipelined / other.pipelined,
        f"to the answer to initialize, of {name}'s{' (aim: ≤ 1.5)' if aims else ''}": ours.start
        / other.start,
        f"memory, of {name}'s{' (aim: ≤ 0.6)' if aims else ''}": ours.memory / other.memory,
    }


def _told(one: Talk, peer: Peer) -> float:
    """Notifications a second: ours of a journal's changes, to somebody who missed them; theirs of a loop."""
    method, params, times = "tell", {"times": JOBS * CHANGES}, JOBS * CHANGES
    if peer is OURS:
        for number in range(JOBS):
            one.say(frame(id=50_000 + number, method="backups/create", params={}))
        one.hear(JOBS)
        method, params = "jobs/subscribe", {"since": 0}
    began = time.perf_counter()
    one.say(frame(id=60_000, method=method, params=params))
    one.hear(times + 1)
    return times / (time.perf_counter() - began)
