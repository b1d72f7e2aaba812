"""A copy that somebody brings along, or a program that embeds Python: the worker starts from where the parent
was loaded, or the sentence says exactly why it does not.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

import reprieve

DEADLINE = 120
BARE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
"""The interpreter without this environment's packages."""

PLUGIN = """
import asyncio, sys
how, database = sys.argv[1:]
if how == "embedded": sys.executable = "/usr/bin/embedder"
if how == "none": sys.executable = None
if how == "frozen":
    sys.executable = sys._base_executable = "/app/main"
    sys.exec_prefix = sys.base_exec_prefix = "/app"
import reprieve
async def main():
    async with reprieve.connect(database) as library:
        print("made", (await (await library.create_backup())).id)
try: asyncio.run(main())
except reprieve.ReprieveError as error: sys.exit(f"{error}")
"""


@attrs.frozen
class Ran:
    """How the plugin ended."""

    code: int
    out: str
    err: str


@attrs.frozen
class Bundle:
    """A program in `folder` that brings all that it needs along, and a database."""

    folder: Path
    vendor: Path

    def run(self, how: str, program: Path | None = None, **environment: str) -> Ran:
        """Let it back the database up, in a bare Python."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
        own = {"REPRIEVE_HOME": str(self.folder / "home"), "REPRIEVE_STORE": str(self.folder / "store")}
        done = subprocess.run(
            [BARE_PYTHON, "-S", program or self.folder / "plugin.py", how, self.folder / "a.db"],
            cwd=self.folder.parent,
            env={**inherited, **own, **environment},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """As `pip install --target vendor reprieve` makes it."""
    folder = tmp_path / "plugin"
    vendor = folder / "vendor"
    vendor.mkdir(parents=True)
    bring_along(vendor)
    (folder / "plugin.py").write_text(f"import sys; sys.path.insert(0, {str(vendor)!r})\n{PLUGIN}")
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        connection.execute("CREATE TABLE snippet (body TEXT)")
        connection.commit()
    return Bundle(folder, vendor)


def bring_along(vendor: Path) -> None:
    """Everything that is installed here; packages are linked, ours is whole."""
    for entry in packages_here():
        (vendor / entry.name).symlink_to(entry)
    shutil.copytree(Path(reprieve.__file__).parent, vendor / "reprieve")


def packages_here() -> Iterator[Path]:
    for entry in Path(attrs.__file__).parents[1].iterdir():
        if entry.suffix != ".pth" and entry.name not in ("reprieve", "__pycache__"):
            yield entry


@pytest.mark.parametrize("how", ["plain", "embedded", "none"])
def test_a_vendored_copy(bundle: Bundle, how: str) -> None:
    ran = bundle.run(how)

    assert (0, "made") == (ran.code, ran.out.partition(" ")[0]), ran.err


def test_modules_beside_the_script_itself(bundle: Bundle) -> None:
    """As in a plugin whose folder is the target: where reprieve is, its dependencies may be."""
    program = bundle.vendor / "plugin.py"
    program.write_text(PLUGIN)

    ran = bundle.run("plain", program)

    assert 0 == ran.code, ran.err


def test_a_zipped_application(bundle: Bundle) -> None:
    archive = bundle.folder / "app.pyz"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("__main__.py", f"import sys; sys.path.append({str(bundle.vendor)!r})\n{PLUGIN}")
        for source in (bundle.vendor / "reprieve").rglob("*.py"):
            zipped.write(source, source.relative_to(bundle.vendor))
    shutil.rmtree(bundle.vendor / "reprieve")

    ran = bundle.run("plain", archive)

    assert 0 == ran.code, ran.err


def test_a_program_without_an_interpreter_says_so(bundle: Bundle) -> None:
    ran = bundle.run("frozen")

    assert 1 == ran.code
    assert "The worker process cannot be started, so nothing was done." in ran.err
    assert "The program that embeds reprieve (/app/main) is no Python interpreter" in ran.err
    assert "set REPRIEVE_PYTHON to the whole path of a Python 3." in ran.err


def test_one_can_be_named(bundle: Bundle) -> None:
    ran = bundle.run("frozen", REPRIEVE_PYTHON=BARE_PYTHON)

    assert 0 == ran.code, ran.err


@pytest.mark.parametrize("named", ["/no/such/python", "python3"])
def test_one_that_is_named_is_never_passed_over(bundle: Bundle, named: str) -> None:
    ran = bundle.run("plain", REPRIEVE_PYTHON=named)

    assert 1 == ran.code
    assert f"REPRIEVE_PYTHON names {named}, which is no program" in ran.err


@pytest.mark.needs("posix")
def test_a_program_that_is_no_python_after_all(bundle: Bundle) -> None:
    ran = bundle.run("plain", REPRIEVE_PYTHON=str(shutil.which("echo")))

    assert 1 == ran.code
    assert "echo ended with exit code 0 instead; set REPRIEVE_PYTHON to another Python." in ran.err


def test_a_module_that_is_missing_is_named(bundle: Bundle) -> None:
    """The parent needs no SQLite of its own, and so does not miss it."""
    (bundle.vendor / "apsw").unlink()

    ran = bundle.run("plain")

    assert 1 == ran.code
    assert "The worker process cannot be started, so nothing was done." in ran.err
    assert f"{BARE_PYTHON} says: No module named 'apsw'. It looked in {bundle.vendor}" in ran.err
    assert "look at the database" not in ran.err


def test_an_unable_worker_leaves_what_it_was_to_recover_as_it_is(bundle: Bundle) -> None:
    """A job that another process began is not called failed: another Python may find out how it stands."""
    begin = bundle.folder / "begin.py"
    begin.write_text(
        f"import sys; sys.path.insert(0, {str(bundle.vendor)!r})\n"
        "import asyncio, os, reprieve\n"
        "async def main():\n"
        "    async with reprieve.connect(sys.argv[2]) as library:\n"
        "        job = await library.create_backup()\n"
        "        async for update in job:\n"
        "            if update.state == 'running': os._exit(0)\n"
        "asyncio.run(main())\n"
    )
    look = bundle.folder / "look.py"
    look.write_text(
        f"import sys; sys.path.insert(0, {str(bundle.vendor)!r})\n"
        "import asyncio, reprieve\n"
        "async def main():\n"
        "    async with reprieve.connect(sys.argv[2]) as library:\n"
        "        print(*[job.state.value for job in await library.jobs()])\n"
        "asyncio.run(main())\n"
    )
    assert 0 == bundle.run("plain", begin).code

    unable = bundle.run("plain", look, REPRIEVE_PYTHON="/no/such/python")
    able = bundle.run("plain", look)

    assert ("running\n", True) == (unable.out, able.out in ("failed\n", "done\n")), unable.err + able.err
