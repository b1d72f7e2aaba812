"""No process of ours runs what lies in the current folder, beside a script or in a path that is ignored."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.bridges import bridging
from tests.support.hostile import HostileFolder
from tests.support.services import serving

SCRIPT = str(Path(sys.executable).with_name("reprieve"))
DEADLINE = 120

COMMANDS = {
    "the script": (SCRIPT,),
    "a safe path": (sys.executable, "-P", "-m", "reprieve"),
    "no environment": (sys.executable, "-E", "-P", "-m", "reprieve"),
    "an isolated Python": (sys.executable, "-I", "-m", "reprieve"),
    "an optimized Python": (sys.executable, "-P", "-OO", "-B", "-m", "reprieve"),
}


@pytest.fixture
def hostile(tmp_path: Path) -> HostileFolder:
    return HostileFolder(tmp_path / "clone")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "snippets.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE snippet (body TEXT)")
        connection.commit()
    return path


def run(folder: Path, *command: str, **environment: str) -> str:
    """What a command printed that was run in `folder`; it must end with 0."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
    home = folder.parent
    own = {"REPRIEVE_HOME": str(home / "home"), "REPRIEVE_STORE": str(home / "store")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **own, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_its_modules_would_be_run_by_who_looks_there(hostile: HostileFolder) -> None:
    """Without which none of the following would say anything."""
    run(hostile.path, sys.executable, "-c", "import json, apsw")

    assert ["json", "apsw"] == [line.partition(" ")[0] for line in hostile.ran.splitlines()]


@pytest.mark.parametrize("how", COMMANDS)
def test_a_backup_a_restoration_and_a_revert(hostile: HostileFolder, database: Path, how: str) -> None:
    command = COMMANDS[how]
    path = {"PYTHONPATH": str(hostile.path)} if {"-E", "-I"} & set(command) else {}

    run(hostile.path, *command, "backup", str(database), **path)
    run(hostile.path, *command, "restore", "latest", str(database), "--yes", **path)
    run(hostile.path, *command, "revert", str(database), "--yes", **path)

    assert "" == hostile.ran


def test_a_path_with_an_empty_entry(hostile: HostileFolder, database: Path) -> None:
    """It means the current folder, before the standard library. An interpreter that heeds it looks there for
    what it needs to begin (`-P` does not help), but nothing of ours does.
    """
    later = HostileFolder(hostile.path / "later", ("json", "token", "queue", "apsw", "blake3"))

    run(later.path, SCRIPT, "backup", str(database), PYTHONPATH=os.pathsep)

    assert "" == later.ran


def test_the_bridge(hostile: HostileFolder, database: Path) -> None:
    for command in ((SCRIPT, "bridge", "--stdio"), (*COMMANDS["a safe path"], "bridge", "--stdio")):
        with bridging(hostile.path, str(database), command=command) as bridge:
            bridge.call("backups/create", {})
            assert 0 == bridge.leave()

    assert "" == hostile.ran


def test_the_service(hostile: HostileFolder, database: Path) -> None:
    with serving(hostile.path, str(database)) as service:
        made = service.ask("POST", "/backups/create", "Content-Length: 0")
        assert 200 == made.status, made
        assert 0 == service.stop()

    assert "" == hostile.ran


@pytest.mark.needs("linux")
@pytest.mark.parametrize("how", ["the script", "an isolated Python"])
def test_an_installed_unit(hostile: HostileFolder, database: Path, how: str) -> None:
    """systemd starts it in the user's own folder."""
    environment = {"XDG_CONFIG_HOME": str(hostile.path.parent / "settings")}
    words = ("serve", str(database), "--port", "39555", "--install-unit", "--json")
    written = json.loads(run(hostile.path, *COMMANDS[how], *words, **environment).splitlines()[-1])["written"]
    unit = Path(written[1]).read_text("utf-8")
    (line,) = (line for line in unit.splitlines() if line.startswith("ExecStart="))
    command = shlex.split(line.removeprefix("ExecStart="))

    assert "reprieve" in run(hostile.path, *command[: command.index("serve")], "--version")

    assert "" == hostile.ran
    assert ("-I" if how == "an isolated Python" else "-P") == command[1]


@pytest.mark.needs("linux")
def test_a_unit_has_the_path_by_which_its_modules_were_found(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    words = ("serve", str(database), "--port", "39555", "--install-unit", "--json")
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": f"{folder}{os.pathsep}"}

    written = json.loads(run(folder, SCRIPT, *words, **environment).splitlines()[-1])["written"]

    assert f'Environment="PYTHONPATH={folder}"' in Path(written[1]).read_text("utf-8").splitlines()


TOOL = """
import asyncio, sys
import reprieve
async def main():
    async with reprieve.connect(sys.argv[1]) as library:
        print((await (await library.create_backup())).id)
asyncio.run(main())
"""


@pytest.mark.parametrize("options", [(), ("-P",), ("-I",)])
def test_a_script_of_somebody_elses(hostile: HostileFolder, database: Path, options: tuple[str, ...]) -> None:
    """Its process has its modules, if it says so; the worker has none of them."""
    beside = HostileFolder(hostile.path.parent / "download", ("apsw", "blake3", "zstandard"))
    (beside.path / "tool.py").write_text(TOOL)
    extra = {"PYTHONPATH": str(hostile.path)} if options == ("-I",) else {}

    run(beside.path.parent, sys.executable, *options, str(beside.path / "tool.py"), str(database), **extra)

    assert "" == beside.ran
    assert "" == hostile.ran


def test_an_interactive_session_in_such_a_folder(hostile: HostileFolder, database: Path) -> None:
    """Its own path begins with the current folder, whatever that is later."""
    code = f"import os, sys\nsys.argv.append({str(database)!r})\nos.chdir({str(hostile.path)!r})\n"
    imports = (
        "import json, queue, token, struct, typing, signal, asyncio, attrs, blake3, cryptography, reprieve\n"
    )

    run(hostile.path.parent, sys.executable, "-c", f"{imports}{code}{TOOL}")

    assert "" == hostile.ran


def test_the_neighbours_of_the_demo(hostile: HostileFolder, database: Path) -> None:
    code = "\n".join(
        (
            "import os, sqlite3, sys, json",
            "from reprieve.adapters.cli.demo.neighbours import Neighbour",
            f"os.chdir({str(hostile.path)!r})",
            f"with Neighbour('write', {str(database)!r}) as writer: print(sorted(writer.seen()))",
        )
    )
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE note (id INTEGER, body TEXT)")
        connection.commit()

    said = run(hostile.path.parent, sys.executable, "-c", code)

    assert "['longest', 'turns', 'wrong']\n" == said
    assert "" == hostile.ran


def test_whoever_stands_among_the_installed_packages_may(database: Path, tmp_path: Path) -> None:
    """The interpreter's own folders are no foreign ones, wherever one stands."""
    import attrs

    packages = Path(attrs.__file__).parents[1]
    environment: Mapping[str, str] = {"REPRIEVE_HOME": str(tmp_path / "home")}

    said = run(packages, SCRIPT, "backup", str(database), "--store", str(tmp_path / "store"), **environment)

    assert "backed up" in said.lower()


def test_the_worker_keeps_its_bytecode_where_its_parent_does(database: Path, tmp_path: Path) -> None:
    """Or each start would compile everything anew."""
    cache = tmp_path / "cache"
    command = (sys.executable, "-E", "-P", "-X", f"pycache_prefix={cache}", "-m", "reprieve")

    run(tmp_path, *command, "backup", str(database))

    assert [] != list(cache.rglob("worker/creation.*.pyc"))
    assert [] != list(cache.rglob("apsw/*.pyc")) + list(cache.rglob("zstandard/*.pyc"))
