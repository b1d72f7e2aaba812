"""The files for systemd and launchd: the same for the same service, and as the systems read them."""

from __future__ import annotations

import plistlib
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import attrs
import pytest

from reprieve.adapters.server.units import Served, Units, install, launchd, systemd, units_for
from reprieve.core.errors import Conflict, InvalidRequest, Unsupported
from tests.support.services import DEADLINE

SERVED = Served(
    name="notes",
    database="/home/ada/100% of my $notes.db",
    command=("/opt/py thon", "-m", "reprieve.adapters.cli", "serve", '/home/ada/100% of my $"notes".db'),
    addresses=("127.0.0.1:39300", "[::1]:39300"),
    unix="/run/user/1000/reprieve",
    environment={"REPRIEVE_HOME": "/srv/re prieve"},
)


@pytest.fixture(autouse=True)
def no_folder_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def text_of(units: Units, suffix: str) -> str:
    return next(file.content.decode() for file in units.files if file.path.suffix == suffix)


def test_the_same_service_gives_the_same_files() -> None:
    for make in (systemd, launchd):
        assert make(SERVED, Path("/home/ada")) == make(attrs.evolve(SERVED), Path("/home/ada"))


def test_systemd_starts_it_by_its_socket_and_asks_only_itself_to_stop() -> None:
    units = systemd(SERVED, Path("/home/ada"))
    service, socket = text_of(units, ".service"), text_of(units, ".socket")

    assert ["notes.socket", "notes.service"] == [file.path.name for file in units.files]
    assert {Path("/home/ada/.config/systemd/user")} == {file.path.parent for file in units.files}
    command = '"/opt/py thon" "-m" "reprieve.adapters.cli" "serve" "/home/ada/100%% of my $$\\"notes\\".db"'
    assert f"ExecStart={command}" in service.splitlines()
    assert 'Environment="REPRIEVE_HOME=/srv/re prieve"' in service.splitlines()
    assert {"KillMode=mixed", "Requires=notes.socket"} <= set(service.splitlines())
    listens = [line for line in socket.splitlines() if line.startswith("ListenStream=")]
    assert [f"ListenStream={at}" for at in (*SERVED.addresses, SERVED.unix)] == listens
    for text in (service, socket):
        read = ConfigParser(interpolation=None, strict=False)
        read.read_string(text)
        assert read.has_section("Install")


def test_launchd_reads_what_was_meant() -> None:
    units = launchd(SERVED, Path("/Users/ada"))
    content = plistlib.loads(units.files[0].content)

    assert Path("/Users/ada/Library/LaunchAgents/reprieve.notes.plist") == units.files[0].path
    assert list(SERVED.command) == content["ProgramArguments"]
    assert dict(SERVED.environment) == content["EnvironmentVariables"]
    assert "launchctl bootstrap" in units.on


def test_other_systems_are_told_so() -> None:
    with pytest.raises(Unsupported, match="own means"):
        units_for(SERVED, "win32", Path("/"))


@pytest.mark.parametrize("name", ["", "../up", "a b", "-x", "x" * 65])
def test_a_name_that_is_no_units_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="--name"):
        attrs.evolve(SERVED, name=name)


def test_a_line_break_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="line break"):
        systemd(attrs.evolve(SERVED, command=("a\nExecStartPre=b",)), Path("/home/ada"))


def test_what_is_not_ours_is_left_as_it_is(tmp_path: Path) -> None:
    units = systemd(SERVED, tmp_path)
    install(units)
    install(units)
    units.files[1].path.write_text("[Service]\n")

    with pytest.raises(Conflict, match="left as it is"):
        install(systemd(attrs.evolve(SERVED, addresses=("127.0.0.1:1",)), tmp_path))

    assert "[Service]\n" == units.files[1].path.read_text()
    assert units.files[0].content == units.files[0].path.read_bytes()


@pytest.mark.needs("systemd")
def test_systemd_finds_nothing_to_say(tmp_path: Path) -> None:
    program = attrs.evolve(SERVED, command=(sys.executable, *SERVED.command[1:]))
    units = systemd(program, tmp_path)
    install(units)
    (tmp_path / "run").mkdir(0o700)
    for file in units.files:
        verified = subprocess.run(
            ["systemd-analyze", "--user", "verify", str(file.path)],
            env={"XDG_RUNTIME_DIR": str(tmp_path / "run"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert (0, "") == (verified.returncode, verified.stderr)
