"""`reprieve serve` as a process, as whoever spawns it sees it; and HTTP in raw bytes over a socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

COMMAND = (sys.executable, "-P", "-m", "reprieve.adapters.cli", "serve")
DEADLINE = 60.0


@attrs.frozen
class Service:
    """One that is running. `ready` is what its first line said."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    log: Path

    @property
    def port(self) -> int:
        return int(self.ready["address"].rpartition(":")[2])

    @property
    def token(self) -> str:
        return Path(self.ready["token"]).read_text("ascii").strip()

    def connect(self) -> socket.socket:
        """A connection of our own."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)

    def ask(self, method: str, path: str, *headers: str, body: bytes = b"") -> Answer:
        """A request with these header lines, and `Host` if none of them is one; its answer."""
        named = any(line.lower().startswith("host:") for line in headers)
        lines = headers if named else (f"Host: localhost:{self.port}", *headers)
        return self.ask_raw(method, path, *lines, body=body)

    def ask_raw(self, method: str, path: str, *headers: str, body: bytes = b"") -> Answer:
        """A request with these header lines and no others."""
        with self.connect() as connection:
            connection.sendall(request(method, path, *headers, body=body))
            return answer_from(connection)

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def memory(self) -> int:
        """Bytes that it holds now (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


@attrs.frozen
class Answer:
    """What came back. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def request(method: str, path: str, *headers: str, body: bytes = b"", close: bool = True) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer_from(connection: socket.socket) -> Answer:
    """The one answer that a connection still carries, up to its end."""
    data = bytearray()
    try:
        while chunk := connection.recv(65536):
            data += chunk
            head, found, rest = bytes(data).partition(b"\r\n\r\n")
            if found and head.startswith(b"HTTP/1.1 101 "):
                break
    except ConnectionResetError:
        head, found, rest = bytes(data).partition(b"\r\n\r\n")
        if not found:
            raise
    head, _, rest = bytes(data).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(first.split()[1]), headers, rest)


@contextmanager
def serving(
    folder: Path,
    *words: str,
    environment: Sequence[tuple[str, str]] = (),
    limit_files: int | None = None,
    stderr: int | None = None,
) -> Iterator[Service]:
    """A service in `folder`, with a home and a store there, on a port that is free; ended at the end.

    It may have `limit_files` files open at once. Its stderr is a file in `folder`, unless one is given.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
    own = {"REPRIEVE_HOME": str(folder / "home"), "REPRIEVE_STORE": str(folder / "store")}
    port = () if "--port" in words else ("--port", "0")
    limited = ("bash", "-c", f'ulimit -n {limit_files}; exec "$@"', "bash") if limit_files else ()
    log = folder / "serve.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*limited, *COMMAND, *words, *port],
            cwd=folder,
            env={**inherited, **own, **dict(environment)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors if stderr is None else stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, log.read_text()
        yield Service(process, json.loads(first), log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE)
        assert process.stdout is not None
        process.stdout.close()
