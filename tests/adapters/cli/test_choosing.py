"""Which backup `latest` is: the last one made that is not marked damaged, whatever its time is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reprieve.adapters.cli.choosing import Choice, chosen
from reprieve.core.errors import NotFound
from reprieve.core.job import Backup

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def backup(number: int, *, days: float = 0, damaged: bool = False) -> Backup:
    """The backup with this place in the order, made when the clock stood so many days ahead."""
    timestamp = f"20261129T12000000{number}Z"
    return Backup(
        id=f"0.1.0_{timestamp}",
        version="0.1.0",
        timestamp=timestamp,
        created=NOW + timedelta(days=days),
        bytes=1,
        database="/a.db",
        device_name="",
        platform="LINUX",
        source_damaged=damaged,
    )


def test_latest_is_the_last_in_the_order_whatever_the_clock() -> None:
    backups = [backup(1), backup(2, days=365), backup(3, days=-3)]

    assert Choice(backups[2]) == chosen(backups, "latest")


def test_latest_passes_over_what_is_marked_damaged_and_names_it() -> None:
    backups = [backup(1), backup(2), backup(3, damaged=True), backup(4, damaged=True)]

    choice = chosen(backups, "latest")

    assert Choice(backups[1], (backups[2], backups[3])) == choice
    assert choice.notice is not None
    assert all(passed.id in choice.notice for passed in backups[1:])


def test_an_older_damaged_one_is_not_named() -> None:
    backups = [backup(1, damaged=True), backup(2)]

    choice = chosen(backups, "latest", "/a.db")

    assert (Choice(backups[1]), None) == (choice, choice.notice)


def test_where_all_are_damaged_the_newest_is_named_not_taken() -> None:
    backups = [backup(1, damaged=True), backup(2, damaged=True)]

    with pytest.raises(NotFound, match=backups[1].id):
        chosen(backups, "latest")

    assert Choice(backups[1]) == chosen(backups, backups[1].id)
