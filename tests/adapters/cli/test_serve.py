"""`reprieve serve` as a command: what it writes for the system that starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Reprieve, write


@pytest.mark.needs("linux")
def test_the_command_writes_what_repeats_it(reprieve: Reprieve, tmp_path: Path) -> None:
    write(tmp_path / "notes.db", "CREATE TABLE t (x)")
    words = ("--port", "39444", "--allow-origin", "https://a.example", "--name", "notes", "--require-token")
    ran = reprieve(
        "serve", "notes.db", *words, "--install-unit", "--json", HOME=str(tmp_path), XDG_CONFIG_HOME=""
    )

    service = Path(ran.result["written"][1]).read_text("utf-8")
    assert 'Environment="REPRIEVE_HOME=' in service
    for word in ("serve", str(tmp_path / "notes.db"), *words):
        assert f'"{word}"' in service
    assert "ListenStream=127.0.0.1:39444" in Path(ran.result["written"][0]).read_text("utf-8")
    assert "notes.db" in reprieve("databases").out


@pytest.mark.needs("linux")
def test_the_service_looks_where_this_shell_looks(reprieve: Reprieve, tmp_path: Path) -> None:
    """Where folders of the user's own are named, systemd's environment does not name them."""
    write(tmp_path / "notes.db", "CREATE TABLE t (x)")
    folders = {"XDG_CONFIG_HOME": str(tmp_path / "settings"), "XDG_DATA_HOME": str(tmp_path / "data 1")}

    ran = reprieve(
        "serve", "notes.db", "--install-unit", "--json", HOME=str(tmp_path), REPRIEVE_HOME="", **folders
    )

    unit = Path(ran.result["written"][1])
    kept = [line for line in unit.read_text("utf-8").splitlines() if line.startswith("Environment=")]
    assert tmp_path / "settings" == unit.parents[2]
    assert [f'Environment="{name}={folder}"' for name, folder in folders.items()] == kept[1:]


def test_a_unit_has_a_port_that_stays_the_same(reprieve: Reprieve, tmp_path: Path) -> None:
    write(tmp_path / "notes.db", "CREATE TABLE t (x)")

    ran = reprieve("serve", "notes.db", "--port", "0", "--install-unit", HOME=str(tmp_path))

    assert 2 == ran.code
    assert "give one by --port" in ran.err
    assert "No database is registered" in reprieve("databases").out
    assert not (tmp_path / ".config").exists()


@pytest.mark.needs("linux")
def test_a_unit_means_the_same_earlier_path_in_any_folder(reprieve: Reprieve, tmp_path: Path) -> None:
    write(tmp_path / "notes.db", "CREATE TABLE t (x)")
    ids = ("--database-id", "old.db", "--database-id", r"C:\Users\ada\notes.db")

    ran = reprieve("serve", "notes.db", *ids, "--install-unit", "--json", HOME=str(tmp_path))

    service = Path(ran.result["written"][1]).read_text("utf-8")
    assert f'"--database-id" "{tmp_path}/old.db" "--database-id" "C:\\\\Users' in service
