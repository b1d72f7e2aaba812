"""The VS Code extension without VS Code: its types, its own tests with a real bridge, and the package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.databases import OLD, make_database

from .vscode_tools import EXTENSION, PACKAGES, ROOT, node, pack

pytestmark = pytest.mark.needs("vscode", "posix")

DEADLINE = 300
PROGRAM = Path(sys.executable).with_name("reprieve")
HOWTO = (ROOT / "docs" / "howto" / "vscode.md").read_text("utf-8")
README = (EXTENSION / "README.md").read_text("utf-8")
TESTS = sorted(path.name.removesuffix(".test.ts") for path in EXTENSION.glob("test/*.test.ts"))


def run(*command: str | Path, folder: Path = EXTENSION, **environment: str) -> str:
    """What a program printed; it must end with 0."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
    ended = subprocess.run(
        [node(), *command],
        cwd=folder,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    assert 0 == ended.returncode, ended.stdout
    return ended.stdout


def test_its_types_are_right() -> None:
    run(PACKAGES / "typescript" / "bin" / "tsc", "--noEmit", "-p", ".")


@pytest.mark.parametrize("name", TESTS)
def test_its_own_tests(name: str, tmp_path: Path) -> None:
    run("build.mjs", "--tests", tmp_path)

    said = run(
        "--test",
        "--test-reporter=tap",
        tmp_path / f"{name}.test.js",
        REPRIEVE_TEST_PYTHON=sys.executable,
        REPRIEVE_TEST_PROGRAM=str(PROGRAM),
    )

    assert re.search(r"^# pass [1-9]", said, re.MULTILINE), said
    assert "\n# skipped 0\n" in said


def test_the_packed_library_has_types_and_runs_its_example(tmp_path: Path) -> None:
    pack(tmp_path / "packed.vsix")
    with zipfile.ZipFile(tmp_path / "packed.vsix") as packed:
        names = packed.namelist()
        packed.extractall(tmp_path)
    library = tmp_path / "node_modules" / "reprieve-vscode"
    library.parent.mkdir()
    (tmp_path / "extension").rename(library)
    (library.parent / "@types").symlink_to(PACKAGES / "@types", target_is_directory=True)
    example = tmp_path / "back-up.mts"
    example.write_text((EXTENSION / "examples" / example.name).read_text("utf-8"), "utf-8")
    programs = [example]
    for number, text in enumerate(re.findall(r"```ts\n(import .*?)```", HOWTO + README, re.DOTALL)):
        programs.append(tmp_path / f"page-{number}.mts")
        programs[-1].write_text(text, "utf-8")
    database = make_database(tmp_path / "snippets.db", OLD, rows=10)

    strict = ("--noEmit", "--strict", "--module", "nodenext", "--types", "node", "--target", "es2022")
    run(PACKAGES / "typescript" / "bin" / "tsc", *strict, *programs, folder=tmp_path)
    said = run(
        example,
        database,
        folder=tmp_path,
        REPRIEVE_HOME=str(tmp_path / "home"),
        REPRIEVE_STORE=str(tmp_path / "store"),
        REPRIEVE_BRIDGE=str(PROGRAM),
    )

    assert 3 == len(programs)
    assert "done 100 %\nBackup 0." in said
    assert [] == [name for name in names if re.search(r"node_modules|src/|test", name)]


def test_the_pages_tell_every_setting_and_every_command() -> None:
    contributed = json.loads((EXTENSION / "package.json").read_text("utf-8"))["contributes"]
    settings = set(contributed["configuration"]["properties"])
    titles = {f"Reprieve: {command['title']}" for command in contributed["commands"]}
    named = set(re.findall(r"\*\*(Reprieve: [^*]+)\*\*", HOWTO))

    for page in (HOWTO, README):
        assert settings == set(re.findall(r"^\| `(reprieve\.\w+)`", page, re.MULTILINE))
    assert set() == named - titles
    assert 5 <= len(named)
