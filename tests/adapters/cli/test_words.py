"""How things are written for people: a path says which file is meant, in the room that there is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reprieve.adapters.cli import words
from reprieve.core.job import Job, JobKind


def _job(database: str) -> Job:
    return Job(id="1", kind=JobKind.CREATION, database=database, created=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_file_in_the_current_folder_is_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert "Backing up snippets.db" == words.doing(_job(str(tmp_path / "snippets.db")))


@pytest.mark.parametrize("name", ["/dev/null", "/tmp"])
def test_any_other_file_is_its_path(name: str) -> None:
    assert f"Backing up {name}" == words.doing(_job(name))


def test_two_databases_of_one_name_are_told_apart() -> None:
    folders = [f"/home/ada/.config/Code/User/workspaceStorage/{digit * 32}" for digit in "ab"]
    said = [words.doing(_job(f"{folder}/state.vscdb")) for folder in folders]

    assert 2 == len(set(said))
    assert all(each.endswith("/state.vscdb") for each in said)
    assert max(map(len, said)) <= len("Backing up ") + words.PATH_ROOM
