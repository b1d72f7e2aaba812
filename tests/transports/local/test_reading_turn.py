"""The turn of reading counts the backups of a database, and survives whatever becomes of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprieve.transports.local.home import Home
from reprieve.transports.local.reading_turn import ReadingTurn


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path)


def of(home: Home, database: str = "/a.db") -> ReadingTurn:
    return ReadingTurn.of(home, "ab" * 16, database)


def test_it_counts_each_databases_backups(home: Home) -> None:
    of(home).pass_on()
    of(home, "/b.db").pass_on()
    first, other = of(home), of(home, "/b.db")
    first.pass_on()

    assert first.number + 1 == of(home).number
    assert other == of(home, "/b.db")


def test_a_backup_that_was_not_made_does_not_count(home: Home) -> None:
    of(home).pass_on()

    assert of(home) == of(home)


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"seven", b"9" * 100, b"-5"])
def test_a_file_that_makes_no_sense_is_counted_on_from_anywhere(home: Home, content: bytes) -> None:
    of(home).pass_on()
    of(home).path.write_bytes(content)
    turn = of(home)
    turn.pass_on()

    assert 0 <= turn.number
    assert turn.number + 1 == of(home).number


def test_a_file_that_cannot_be_written_stops_nothing(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    of(home).path.mkdir()
    of(home).pass_on()

    assert "drawn by lot" in caplog.text
