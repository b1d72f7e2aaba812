"""How things are written for people: a path says which file is meant, in the room that there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.adapters.cli import screen, words
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


@pytest.mark.parametrize("room", [40, 60, 80])
def test_a_table_breaks_no_word_and_keeps_the_end_of_a_path(room: int) -> None:
    heads = ("BACKUP", "MADE", "SIZE", "DATABASE")
    backup, made = "0.1.0_20261123T155110252Z", "2026-11-23 15:51:10"
    database = "~/.config/Code/User/globalStorage/state.vscdb"

    lines = words.table(heads, [(backup, made, "8.0 KiB", database)], room).splitlines()

    assert max(map(len, lines)) <= room
    assert all(any(whole in line for line in lines) for whole in (backup, made, "8.0 KiB", "state.vscdb"))


def test_a_table_in_a_pipe_is_whole() -> None:
    assert "A  DATABASE\n1  /" + "x" * 300 == words.table(("A", "DATABASE"), [("1", "/" + "x" * 300)])


@given(st.text("ab -\n", max_size=200), st.integers(20, 100))
def test_folding_keeps_every_word_whole_and_every_line_in_the_room(text: str, room: int) -> None:
    folded = screen.folded(text, room)

    assert text.split() == folded.split()
    assert all(len(line) <= room or len(line.split()) == 1 for line in folded.splitlines())


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (-59, "just now"),
        (7200, "2 hours ago"),
        (-60, "1 minute in the future"),
        (-3 * 86400, "3 days in the future"),
    ],
)
def test_what_is_in_the_future_is_told_as_such(seconds: int, said: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert said == words.ago(now - timedelta(seconds=seconds), now)
    assert ("future" in said and seconds < -60) == words.made(now - timedelta(seconds=seconds), now).endswith(
        "(in the future)"
    )


def test_a_job_during_which_the_clock_was_set_back_has_no_length() -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    job = attrs.evolve(_job("/a.db"), started=began, ended=began - timedelta(hours=1))

    assert "-" == words.took(job)
