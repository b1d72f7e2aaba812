"""The command line while the system's clock is set: what is newest, what is reverted to, what is dropped."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import COMMAND, DEADLINE, Reprieve, content, write


def at(reprieve: Reprieve, shift: str, *words: str) -> None:
    """Run a command under a clock that is wrong by so much."""
    subprocess.run(
        ["faketime", "-f", shift, *COMMAND, *words],
        cwd=reprieve.folder,
        env=reprieve.environment,
        check=True,
        capture_output=True,
        timeout=DEADLINE,
    )


@pytest.mark.needs("faketime")
@pytest.mark.parametrize("shift", ["+1y", "-40d"])
def test_the_latest_is_the_one_made_last_whatever_the_clock(
    reprieve: Reprieve, database: Path, shift: str
) -> None:
    at(reprieve, shift, "backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")
    made = reprieve("backup", "snippets.db", "--json").result["backup"]
    write(database, "INSERT INTO t VALUES ('third')")
    listed = reprieve("list").out

    restored = reprieve("restore", "latest", "snippets.db", "--yes", "--json").result["backup"]

    assert (made["id"], ["first", "second"]) == (restored["id"], content(database))
    assert ("+1y" == shift) == ("(in the future)" in listed)


@pytest.mark.needs("faketime")
def test_a_revert_undoes_the_last_restoration_whatever_the_clock(reprieve: Reprieve, database: Path) -> None:
    backup = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]
    write(database, "UPDATE t SET x = 'before the jump'")
    at(reprieve, "+1y", "restore", backup, "snippets.db", "--yes")
    write(database, "UPDATE t SET x = 'after the jump'")
    reprieve("restore", backup, "snippets.db", "--yes")

    reprieve("revert", "snippets.db")

    assert ["after the jump"] == content(database)


def test_any_command_drops_an_old_undo_copy_and_keeps_the_last_three(
    reprieve: Reprieve, database: Path
) -> None:
    backup = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]
    copies = [
        reprieve("restore", backup, "snippets.db", "--yes", "--json").result["undo"]["id"] for _ in range(4)
    ]
    count, undo = reprieve.home / "days.json", reprieve.home / "undo"
    days = json.loads(count.read_text())
    count.write_text(json.dumps({**days, "number": days["number"] + 8}))
    shutil.copytree(undo, reprieve.folder / "kept")

    left = {}
    for command in ("list", "jobs", "databases", "backup"):
        shutil.copytree(reprieve.folder / "kept", undo, dirs_exist_ok=True)
        reprieve(command, *(["snippets.db"] if command == "backup" else []))
        left[command] = {path.stem for path in undo.glob("*.json")}

    assert {command: set(copies[1:]) for command in left} == left


def test_latest_passes_over_a_backup_that_is_marked_damaged_and_says_so(
    reprieve: Reprieve, database: Path
) -> None:
    sound = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]
    write(database, "INSERT INTO t VALUES ('second')")
    whole = database.read_bytes()
    page = database.stat().st_size // 2  # the second of two, which is the table's
    database.write_bytes(whole[:page] + b"\xff" * 8 + whole[page + 8 :])
    damaged = reprieve("backup", "snippets.db", "--force", "--json").result["backup"]
    database.write_bytes(whole)

    shown = reprieve("show", "latest", "--json").result
    restored = reprieve("restore", "latest", "snippets.db", "--yes")

    assert damaged["sourceDamaged"]
    assert (sound, [damaged["id"]]) == (shown["backup"]["id"], shown["passedOver"])
    assert (0, ["first"]) == (restored.code, content(database))
    assert damaged["id"] in restored.err
