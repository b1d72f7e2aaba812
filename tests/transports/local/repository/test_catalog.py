"""Which Backups there are: listing, finding, hiding, and the one of an unchanged database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from reprieve.core.errors import NotFound, RepositoryCorrupt, StorageError
from reprieve.transports.local.repository import catalog
from reprieve.transports.local.repository.records import stamp
from reprieve.transports.local.repository.repository import Repository

from .conftest import Ground, image_of, pages


def test_backups_are_listed_oldest_first_and_by_database(ground: Ground, repository: Repository) -> None:
    made = [
        ground.back_up(repository, pages(number), database=database)
        for number, database in enumerate(["library", "notes", "library"])
    ]

    assert tuple(made) == ground.open().backups()
    assert (made[0], made[2]) == ground.open().backups("library")
    assert () == ground.open().backups("elsewhere")


def test_latest_is_the_newest_of_its_database(ground: Ground, repository: Repository) -> None:
    ground.back_up(repository, pages(1))
    newest = ground.back_up(repository, pages(2))
    ground.back_up(repository, pages(3), database="notes")
    record = ground.open().latest("library")

    assert record is not None
    assert newest == record.backup
    assert {"salt": 7} == record.image.fingerprint
    assert repository.latest("elsewhere") is None


def test_an_id_is_the_version_and_a_unique_timestamp(ground: Ground, repository: Repository) -> None:
    made = [ground.back_up(repository, pages(1)) for _ in range(5)]

    assert 5 == len({backup.timestamp for backup in made})
    for backup in made:
        assert f"1.0_{backup.timestamp}" == backup.id
        assert re.fullmatch(r"\d{8}T\d{9}Z", backup.timestamp)
        assert stamp(backup.created) <= backup.timestamp  # later, where two were made in one millisecond
        assert backup.device_name and backup.platform


class Clock(datetime):
    """The system's clock, set by the test."""

    shown = datetime(2026, 11, 29, 12, 0, 0, 123456, UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return cls.shown


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Clock]]:
    monkeypatch.setattr(catalog, "datetime", Clock)
    yield Clock
    Clock.shown = datetime(2026, 11, 29, 12, 0, 0, 123456, UTC)


STEPS = [timedelta(days=365), timedelta(days=-3000), timedelta(), timedelta(hours=-1), timedelta(seconds=2)]


def test_the_order_is_that_of_making_whatever_the_clock(
    ground: Ground, repository: Repository, clock: type[Clock]
) -> None:
    made = []
    for number, step in enumerate(STEPS):
        clock.shown += step
        made.append(ground.back_up(repository, pages(number)))
        assert clock.shown.replace(microsecond=123000) == made[-1].created
    latest = ground.open().latest("library")

    assert tuple(made) == ground.open().backups()
    assert sorted(backup.id for backup in made) == [backup.id for backup in made]
    assert latest is not None and made[-1] == latest.backup


def test_another_database_and_a_deleted_backup_set_the_clock_too(
    ground: Ground, repository: Repository, clock: type[Clock]
) -> None:
    clock.shown += timedelta(days=365)
    other = ground.back_up(repository, pages(1), database="notes")
    repository.delete(other.id)
    clock.shown -= timedelta(days=365)

    assert "20271129T120000124Z" == ground.back_up(repository, pages(2)).timestamp


@pytest.mark.parametrize("folder", ["backups", "hidden"])
@pytest.mark.parametrize(
    "name",
    [
        "1.0_99991231T235959999Z",
        "1.0_99999999T999999999Z",
        "1.0_20301129T120000000Z",
        "zzzz",
        "1.0_20301129T120000000Z (copy)",
    ],
)
def test_a_stray_file_does_not_set_the_clock(
    ground: Ground, repository: Repository, clock: type[Clock], folder: str, name: str
) -> None:
    ground.back_up(repository, pages(1))
    (ground.store / folder).mkdir(exist_ok=True)
    (ground.store / folder / name).write_bytes(b"stray")
    clock.shown += timedelta(hours=1)

    assert "20261129T130000123Z" == ground.back_up(repository, pages(2)).timestamp


def test_after_the_last_moment_of_the_calendar_there_is_no_id(
    ground: Ground, repository: Repository, clock: type[Clock]
) -> None:
    clock.shown = datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)
    ground.back_up(repository, pages(1))

    with pytest.raises(StorageError, match="last moment of the calendar"):
        ground.back_up(repository, pages(2))


def test_a_record_whose_id_was_taken_meanwhile_keeps_its_time(
    ground: Ground, repository: Repository, clock: type[Clock]
) -> None:
    with repository.writer(None, "library") as writer:
        taken = writer.allot()
        (ground.store / "backups").mkdir(exist_ok=True)
        (ground.store / "backups" / taken.id).write_bytes(b"")
        clock.shown += timedelta(minutes=5)
        writer.begin(512, 1)
        writer.write(1, pages(1))
        made = writer.finish(image_of(pages(1), 512))

    assert ("20261129T120500123Z", taken.created) == (made.timestamp, made.created)


def test_a_timestamp_is_in_utc_with_milliseconds() -> None:
    assert "20261122T143005123Z" == stamp(datetime(2026, 11, 22, 14, 30, 5, 123999, UTC))


def test_backups_made_elsewhere_are_seen(ground: Ground, repository: Repository) -> None:
    ground.back_up(repository, pages(1))
    repository.backups()
    other = ground.back_up(ground.open(), pages(2))

    assert other in repository.backups()
    assert other == repository.backup(other.id)


def test_a_deleted_backup_is_hidden_and_its_data_stays(ground: Ground, repository: Repository) -> None:
    one, other = (ground.back_up(repository, pages(number, number + 1)) for number in (1, 2))
    reader = ground.open()
    before = ground.objects()
    repository.delete(other.id)

    assert (one,) == repository.backups() == reader.backups()
    assert before == ground.objects() - {f"hidden/{other.id}"}
    assert pages(1, 2) == ground.content(repository, one.id)
    latest = repository.latest("library")
    assert latest is not None and one == latest.backup
    for call in (repository.backup, repository.reader, repository.delete, repository.verify, reader.backup):
        with pytest.raises(NotFound, match=re.escape(other.id)):
            call(other.id)


@pytest.mark.parametrize(
    "backup_id", ["", "1.0_20261122T143005123Z", "../config", "1.0_x/../../config", "\0"]
)
def test_an_unknown_backup_is_not_found(repository: Repository, backup_id: str) -> None:
    with pytest.raises(NotFound, match="List the backups"):
        repository.backup(backup_id)


def test_an_unchanged_database_gets_a_backup_that_adds_nothing(
    ground: Ground, repository: Repository
) -> None:
    first = ground.back_up(repository, pages(1, 2, 3))
    before = ground.objects()
    again = repository.republish(repository.record(first.id), {"salt": 8})

    assert {f"backups/{again.id}"} == ground.objects() - before
    assert (0, first.bytes) == (again.added, again.bytes)
    assert again.timestamp > first.timestamp
    assert pages(1, 2, 3) == ground.content(repository, again.id)
    assert {"salt": 8} == repository.record(again.id).image.fingerprint
    assert 2 == repository.verify().backups


def test_an_unchanged_database_is_not_published_without_its_manifest(
    ground: Ground, repository: Repository
) -> None:
    first = ground.back_up(repository, pages(1))
    record = repository.record(first.id)
    (ground.store / record.manifest.name).unlink()
    with pytest.raises(RepositoryCorrupt, match="manifests/"):
        repository.republish(record)

    assert (first,) == repository.backups()


def test_an_empty_database(ground: Ground, repository: Repository) -> None:
    backup = ground.back_up(repository, b"")

    assert b"" == ground.content(repository, backup.id)
    assert 1 == repository.verify().backups


def test_a_damaged_record_is_left_out_and_named(
    ground: Ground, repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    sound, bad = (ground.back_up(repository, pages(number)) for number in (1, 2))
    path = ground.store / "backups" / bad.id
    path.write_bytes(path.read_bytes()[:-1])
    (ground.store / "backups" / "notes.txt").write_text("hello")
    fresh = ground.open()
    latest = fresh.latest("library")

    assert (sound,) == fresh.backups()
    assert latest is not None and sound == latest.backup
    assert bad.id in caplog.text
    assert sound == fresh.backup(sound.id)
    with pytest.raises(RepositoryCorrupt, match=re.escape(bad.id)):
        fresh.backup(bad.id)
    with pytest.raises(RepositoryCorrupt):
        fresh.verify()
