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
