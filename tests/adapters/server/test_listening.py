"""Where a service listens: loopback alone, a port or none, unix sockets, what systemd passes, other users."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest

from reprieve.adapters.server.listening import Place, listening
from reprieve.core.errors import Conflict, InvalidRequest
from reprieve.transports.peers import who_connected
from tests.support.services import COMMAND, DEADLINE, Service, answer_from, request, serving

OFFLINE = "offline:?seed=7&speed=1000"


def refused_to_start(folder: Path, *words: str) -> tuple[int, str]:
    ran = subprocess.run(
        [*COMMAND, OFFLINE, *words],
        env={**os.environ, "REPRIEVE_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert "" == ran.stdout
    assert 1 == len(ran.stderr.splitlines()), ran.stderr
    return ran.returncode, ran.stderr


def test_it_listens_on_both_loopback_addresses_and_no_other() -> None:
    with listening(Place(ports=(0, 0))) as sockets:
        hosts = [one.getsockname()[0] for one in sockets]
        ports = {one.getsockname()[1] for one in sockets}

    assert {"127.0.0.1", "::1"} >= set(hosts)
    assert 2 == len(ports)
    assert len(hosts) == 2 * len(set(hosts))


@pytest.mark.parametrize("taken", ["127.0.0.1", "0.0.0.0"])
def test_a_busy_port_is_an_error_and_never_another_port(taken: str) -> None:
    with socket.socket() as other:
        other.bind((taken, 0))
        other.listen()
        port = other.getsockname()[1]

        with (
            pytest.raises(Conflict, match=f"Port {port} on 127.0.0.1 is in use"),
            listening(Place(ports=(port,))),
        ):
            raise AssertionError("it listens")


@pytest.mark.needs("linux")
def test_a_busy_port_says_who_has_it(tmp_path: Path) -> None:
    with serving(tmp_path, OFFLINE) as service:
        code, said = refused_to_start(tmp_path, "--port", str(service.port))

    assert 4 == code
    assert f"(pid {service.process.pid})" in said


@pytest.mark.parametrize(
    "words",
    [
        ("--host", "0.0.0.0"),
        ("--host", "0.0.0.0", "--require-token"),
        ("--host", "0.0.0.0", "--insecure-behind-proxy"),
        ("--host", "localhost", "--host", "::"),
        ("--cert", "only.pem"),
        ("--port", "70000"),
        ("--allow-origin", "*"),
        ("--allow-origin", "null"),
        ("--allow-origin", "https://*.example"),
        ("--allow-host", "*"),
        ("--host", "no.such.name.invalid", "--require-token", "--insecure-behind-proxy"),
    ],
)
def test_an_open_door_is_refused_in_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    code, _ = refused_to_start(tmp_path, "--port", "0", *words)

    assert 2 == code


def test_other_addresses_are_served_with_the_token_behind_a_proxy(tmp_path: Path) -> None:
    words = ("--host", "0.0.0.0", "--require-token", "--insecure-behind-proxy")
    with serving(tmp_path, OFFLINE, *words) as service:
        assert 401 == service.ask("GET", "/backups").status
        assert 200 == service.ask("GET", "/backups", f"Authorization: Bearer {service.token}").status


@pytest.mark.needs("posix")
def test_a_unix_socket_is_for_its_owner_and_goes_with_the_service(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serving(tmp_path, OFFLINE, "--unix", str(path)) as service:
        mode = path.stat().st_mode
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(request("GET", "/backups", "Host: localhost"))
            status = answer_from(connection).status
        with pytest.raises(Conflict, match="Another service"), listening(Place(ports=(0,), unix=path)):
            raise AssertionError("it listens")
        code = service.stop()

    assert (True, 0o600) == (stat.S_ISSOCK(mode), stat.S_IMODE(mode))
    assert (200, 0, str(path)) == (status, code, service.ready["unix"])
    assert not path.exists()


@pytest.mark.needs("posix")
def test_a_socket_that_nobody_listens_on_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))

    with listening(Place(ports=(0,), unix=path)), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))


@pytest.mark.needs("posix")
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "socket"
    if kind == "file":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nothing")
    before = path.lstat()

    with pytest.raises(Conflict, match="no socket"), listening(Place(ports=(0,), unix=path)):
        raise AssertionError("it listens")

    assert os.path.samestat(before, path.lstat())


@pytest.mark.needs("posix", "bash")
def test_what_systemd_passes_is_taken_and_nothing_else_is_bound(tmp_path: Path) -> None:
    with socket.socket() as passed:
        passed.bind(("127.0.0.1", 0))
        passed.listen()
        port = passed.getsockname()[1]
        command = " ".join([*COMMAND, f"'{OFFLINE}'"])
        process = subprocess.Popen(
            ["bash", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {command} 3<&{passed.fileno()}"],
            env={**os.environ, "REPRIEVE_HOME": str(tmp_path / "home")},
            pass_fds=(passed.fileno(),),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            with socket.create_connection(("127.0.0.1", port), DEADLINE) as connection:
                connection.sendall(request("GET", "/backups", f"Host: localhost:{port}"))
                status = answer_from(connection).status
        finally:
            process.terminate()
            code = process.wait(DEADLINE)
            assert process.stdout is not None
            process.stdout.close()

    assert f'"addresses":["http://127.0.0.1:{port}"]' in first
    assert (200, 0) == (status, code)


@pytest.mark.needs("posix", "bash")
def test_what_systemd_passes_for_other_machines_is_refused_without_a_token(tmp_path: Path) -> None:
    with socket.socket() as passed:
        passed.bind(("0.0.0.0", 0))
        passed.listen()
        command = " ".join([*COMMAND, f"'{OFFLINE}'"])
        ran = subprocess.run(
            ["bash", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {command} 3<&{passed.fileno()}"],
            env={**os.environ, "REPRIEVE_HOME": str(tmp_path / "home")},
            pass_fds=(passed.fileno(),),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    assert "--require-token" in ran.stdout + ran.stderr
    assert 0 != ran.returncode


class _From:
    """A connection that says where it comes from."""

    family = socket.AF_INET

    def __init__(self, address: str | None) -> None:
        self._address = address

    def getsockname(self) -> tuple[str, int]:
        return "192.0.2.1", 39300

    def getpeername(self) -> tuple[str, int]:
        if self._address is None:
            raise OSError("not connected")
        return self._address, 50000


@pytest.mark.parametrize("address", ["192.0.2.7", None])
def test_who_is_on_another_machine_or_gone_is_nobody_we_know(address: str | None) -> None:
    assert not who_connected(cast("socket.socket", _From(address))).is_us


@pytest.mark.needs("linux")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_system_tells_who_connected_and_not_once_they_have_gone(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        listener.listen()
        caller = socket.create_connection(listener.getsockname()[:2])
        accepted, _ = listener.accept()
        with accepted:
            present = who_connected(accepted)
            caller.close()
            gone = who_connected(accepted)

    assert (True, os.getuid(), True) == (present.told, present.uid, present.is_us)
    assert (True, None, False) == (gone.told, gone.uid, gone.is_us)


def _as_nobody(service: Service, *words: str) -> str:
    """The status that another user gets."""
    command = [
        "curl",
        "-sS",
        "-o",
        os.devnull,
        "-w",
        "%{http_code}",
        *words,
        f"{service.ready['address']}/backups",
    ]
    ran = subprocess.run(
        command, user=65534, group=65534, cwd="/", capture_output=True, text=True, timeout=DEADLINE
    )
    return ran.stdout or ran.stderr


@pytest.mark.needs("other user")
def test_another_user_of_the_machine_needs_the_token(tmp_path: Path) -> None:
    with serving(tmp_path, OFFLINE) as service:
        assert "401" == _as_nobody(service)
        assert "200" == _as_nobody(service, "-H", f"Authorization: Bearer {service.token}")
        assert 200 == service.ask("GET", "/backups").status


def test_it_may_be_called_by_the_name_that_it_was_told_to_listen_on(tmp_path: Path) -> None:
    name = socket.gethostname()
    words = ("--host", name, "--require-token", "--insecure-behind-proxy")
    with serving(tmp_path, OFFLINE, *words) as service:
        address = urlsplit(service.ready["address"])
        with socket.create_connection((address.hostname, address.port), timeout=DEADLINE) as connection:
            headers = (f"Host: {name.upper()}:{address.port}", f"Authorization: Bearer {service.token}")
            connection.sendall(request("GET", "/backups", *headers))
            answer = answer_from(connection)

    assert 200 == answer.status


def test_a_name_that_is_no_address_is_a_clear_error() -> None:
    with pytest.raises(InvalidRequest, match="no address"):
        _ = Place(hosts=("no.such.name.invalid",)).addresses
