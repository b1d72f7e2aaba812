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
CHUNK = 1 << 20

Values = Mapping[str, float]


@attrs.frozen
class Peer:
    """A server: how it is started, and a request that asks as little of it as can be."""

    name: str
    command: Sequence[str]
    method: str
    params: Mapping[str, object]


OURS = Peer(
    "ours", (sys.executable, "-m", "reprieve", "bridge", "--stdio", "offline:"), "jobs/unsubscribe", {}
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
        heard, missing = 0, b""
        while heard < answers or not missing.endswith(b"}"):
            missing = os.read(self.process.stdout.fileno(), CHUNK)
            assert missing, "the server ended"
            heard += missing.count(b"Content-Length")

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
    memory: float


def measure(peer: Peer) -> Figures:
    """One round of one server."""
    with talk(peer) as (one, start):
        one.ask(2, peer.method, peer.params)  # whatever it loads first
        trips = sorted(one.ask(3 + number, peer.method, peer.params) for number in range(TRIPS))
        pipelined = _pipelined(one, peer)
        return Figures(start, median(trips), trips[TRIPS * 99 // 100], pipelined, one.memory())


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
        "notifications a second": _notifications(),
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


def _notifications() -> float:
    """Changes of jobs a second, told to one subscriber: many short jobs, each with four changes."""
    jobs = 200
    target = "offline:?size=1&rate=1000000&ticks=1"
    peer = Peer("ours", (sys.executable, "-m", "reprieve", "bridge", "--stdio", target), "", {})
    with talk(peer) as (one, _):
        one.ask(2, "jobs/subscribe", {})
        began = time.perf_counter()
        for number in range(jobs):
            one.say(frame(id=10 + number, method="backups/create", params={}))
        one.hear(jobs * 4)  # the answers, and idle, running, done
        return jobs * 3 / (time.perf_counter() - began)
