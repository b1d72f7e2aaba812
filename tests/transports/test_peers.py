"""Who connected, and who serves, in each way in which Linux tells it."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from reprieve.transports import peers
from reprieve.transports.peers import NOBODY, UNTOLD, Peer, way_of_telling, who_connected, who_serves

pytestmark = pytest.mark.needs("linux")

KERNEL, TABLES = "_ask_kernel", "_look_up"


def knows_nobody(*asked: object) -> Peer:
    """As a kernel without tcp_diag answers: that there is no such socket."""
    return NOBODY


@pytest.fixture(autouse=True)
def tried_anew() -> Iterator[None]:
    peers.way_of_telling.cache_clear()
    yield
    peers.way_of_telling.cache_clear()


@pytest.mark.parametrize("without", [None, KERNEL])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::"])
def test_each_way_tells_who_connected_and_not_once_they_have_gone(
    monkeypatch: pytest.MonkeyPatch, without: str | None, address: str
) -> None:
    """On :: one of IPv4 comes in as well."""
    if without:
        monkeypatch.setattr(peers, without, knows_nobody)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, dualstack_ipv6=address == "::") as listener:
        to = "127.0.0.1" if address == "::" else address
        caller = socket.create_connection((to, listener.getsockname()[1]))
        accepted, _ = listener.accept()
        with accepted:
            present = who_connected(accepted)
            caller.close()
            gone = who_connected(accepted)

    assert Peer(told=True, uid=os.getuid()) == present
    assert (True, None) == (gone.told, gone.uid)


def test_where_nothing_tells_everybody_is_let_in_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for way in (KERNEL, TABLES):
        monkeypatch.setattr(peers, way, knows_nobody)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                told = [who_connected(accepted), who_connected(accepted)]

    assert [UNTOLD, UNTOLD] == told
    assert [logging.WARNING] == [record.levelno for record in caplog.records]


def test_what_fails_for_the_moment_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert way_of_telling() is not None

    def fails(*asked: object) -> Peer:
        raise OSError("too many open files")

    monkeypatch.setattr(peers, "way_of_telling", lambda: fails)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert NOBODY == who_connected(accepted)


LISTEN_AS = """
import os, socket, sys
uid, address = int(sys.argv[1]), sys.argv[2]
os.setuid(uid)
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.create_server((address, 0), family=family, dualstack_ipv6=address == "::") as listener:
    print(listener.getsockname()[1], flush=True)
    sys.stdin.readline()
    accepted, _ = listener.accept()
    with accepted:
        print("accepted", flush=True)
        sys.stdin.readline()
"""


@pytest.mark.needs("other user")
@pytest.mark.parametrize("without", [None, KERNEL])
@pytest.mark.parametrize("uid", [0, 65534])
@pytest.mark.parametrize(
    ("address", "to"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")],
)
def test_who_serves_is_known_before_and_after_it_has_accepted(
    monkeypatch: pytest.MonkeyPatch, without: str | None, uid: int, address: str, to: str
) -> None:
    if without:
        monkeypatch.setattr(peers, without, knows_nobody)
    program = [sys.executable, "-c", LISTEN_AS, str(uid), address]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        with socket.create_connection((to, int(other.stdout.readline()))) as caller:
            waiting = who_serves(caller)
            other.stdin.write("accept\n")
            other.stdin.flush()
            assert other.stdout.readline() == "accepted\n"
            accepted = who_serves(caller)
        other.stdin.close()

    assert [Peer(told=True, uid=uid)] * 2 == [waiting, accepted]
    assert (uid == os.getuid()) == waiting.may_have_secrets
