"""X01 of what a bridge must pass, and what else could get at the channel: only messages go through."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import tests.support.odd_bridge as odd
from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import COMMAND, DEADLINE, INITIALIZE, environment, framed, request

ODD = (sys.executable, odd.__file__, "bridge", "--stdio")
WHOLE = b"".join(
    map(
        framed,
        (
            request(1, "initialize", INITIALIZE),
            request(2, "backups/create"),
            request(3, "backups/list"),
        ),
    )
)


def test_x01_a_print_and_a_child_reach_stderr_only(start: Start) -> None:
    bridge = start("odd:", command=ODD)

    said = bridge.call("assets/list")

    assert {"items": []} == said
    assert 2 == len(bridge.heard)
    log = bridge.log()
    for stray in ("a stray print", "a stray write", "it reads ''", "a child", " its print"):
        assert stray in log
    assert 0 == bridge.leave()


@pytest.mark.needs("posix")
def test_x01_with_stderr_closed(tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *ODD, "odd:"]
    messages = (request(1, "initialize", INITIALIZE), request(2, "assets/list"), request(3, "shutdown"))

    done = subprocess.run(
        command,
        env=environment(tmp_path),
        input=b"".join(map(framed, (*messages, {"jsonrpc": "2.0", "method": "exit"}))),
        stdout=subprocess.PIPE,
        timeout=DEADLINE,
    )

    assert (0, 3) == (done.returncode, done.stdout.count(b"Content-Length"))
    assert b"stray" not in done.stdout


def _spoken_with(channel: socket.socket) -> bytes:
    """What comes from a bridge at the other end of this socket until its third answer."""
    channel.settimeout(DEADLINE)
    channel.sendall(WHOLE)
    said = b""
    while b'"id":3' not in said or b'"id":2' not in said:
        data = channel.recv(65536)
        assert data, said
        said += data
    return said


@pytest.mark.needs("posix")
def test_sockets_for_pipes_as_node_has_them(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [*COMMAND, QUICK], env=environment(tmp_path), stdin=theirs.fileno(), stdout=theirs.fileno()
    )
    theirs.close()

    said = _spoken_with(ours)
    ours.close()

    assert 3 == said.count(b"Content-Length")
    assert 0 == process.wait(DEADLINE)


@pytest.mark.needs("posix")
def test_pipes_that_do_not_block(tmp_path: Path) -> None:
    """Some parents hand down the descriptors that they use themselves."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    target = "offline:?backups=1000"
    process = subprocess.Popen(
        [*COMMAND, target], env=environment(tmp_path), stdin=theirs.fileno(), stdout=theirs.fileno()
    )
    theirs.close()
    ours.settimeout(DEADLINE)

    ours.sendall(framed(request(1, "initialize", INITIALIZE)))
    assert b"protocolVersion" in ours.recv(65536)
    ours.sendall(b"".join(framed(request(n, "backups/list")) for n in range(10)))  # 2.5 MB of answers
    answers = 0
    while answers < 10:
        data = ours.recv(65536)
        assert data, answers
        answers += data.count(b"Content-Length")
    ours.close()

    assert 0 == process.wait(DEADLINE)


@pytest.mark.needs("posix")
def test_input_from_a_file(tmp_path: Path) -> None:
    script = tmp_path / "script"
    shutdown = framed(request(4, "shutdown")) + framed({"jsonrpc": "2.0", "method": "exit"})
    script.write_bytes(
        framed(request(1, "initialize", INITIALIZE)) + framed(request(2, "backups/list")) + shutdown
    )

    with script.open("rb") as file:
        done = subprocess.run(
            [*COMMAND, QUICK], env=environment(tmp_path), stdin=file, capture_output=True, timeout=DEADLINE
        )

    assert (0, 3) == (done.returncode, done.stdout.count(b"Content-Length"))


@pytest.mark.needs("posix")
def test_output_to_a_file(tmp_path: Path) -> None:
    with (tmp_path / "said").open("wb") as file:
        done = subprocess.run(
            [*COMMAND, QUICK], env=environment(tmp_path), input=WHOLE, stdout=file, timeout=DEADLINE
        )

    assert 0 == done.returncode
    assert 3 == (tmp_path / "said").read_bytes().count(b"Content-Length")


@pytest.mark.needs("linux")
def test_children_have_no_share_in_the_channel(start: Start) -> None:
    """Who held the channel's end would keep the client from seeing the bridge's."""
    bridge = start(QUICK)
    folder = Path(f"/proc/{bridge.process.pid}/fd")
    assert bridge.process.stdin and bridge.process.stdout
    ends = {
        os.readlink(f"/proc/self/fd/{end.fileno()}") for end in (bridge.process.stdin, bridge.process.stdout)
    }

    kept = {path.name for path in folder.iterdir() if os.readlink(path) in ends}

    assert kept
    assert set() == kept & {"0", "1", "2"}
