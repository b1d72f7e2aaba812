"""A row of the journal that cannot be read: it stops its own job, and no other."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import StorageError
from reprieve.core.job import Job, JobKind
from reprieve.core.journal import dumps, to_record
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal
from reprieve.transports.local.journal.rows import JobRow, job_in

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)

UNREADABLE = {
    "a kind of another version": """replace(record, '"kind":"', '"kind":"new ')""",
    "no JSON": "'{'",
    "no record": "'[1, 2]'",
    "another job": "replace(record, '\"bad\"', '\"good\"')",
    "no text": "cast(x'ff80' AS TEXT)",
    "bytes": "x'00ff'",
    "a number": "7",
    "no time": "replace(record, '2026', 'never')",
}


def job(name: str, database: str | None = None, kind: JobKind = JobKind.CREATION) -> Job:
    return Job(name, kind, database or f"/{name}.db", NOW)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(Home(folder, folder), heartbeat=60)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


@contextmanager
def rows(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / "journal.db")) as connection, connection:
        yield connection


async def with_bad_row(folder: Path, record: str, kind: JobKind = JobKind.CREATION) -> None:
    """A job that another process left active, and whose row cannot be read."""
    async with opened(folder) as journal:
        _, claim = await journal.create(job("bad", kind=kind))
        assert claim is not None
        assert await journal.activate(claim)
    with rows(folder) as connection:
        connection.execute(f"UPDATE job SET record = {record} WHERE id = 'bad'")
        connection.execute(f"UPDATE event SET record = {record} WHERE job = 'bad'")


@pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE)
async def test_other_jobs_go_on(tmp_path: Path, record: str, caplog: pytest.LogCaptureFixture) -> None:
    await with_bad_row(tmp_path, record)
    async with opened(tmp_path) as journal:
        for name in ("good", "better"):
            _, claim = await journal.create(job(name))
            assert claim is not None
            assert await journal.activate(claim)

        with caplog.at_level(logging.WARNING):
            listed = [[one.id for one in await journal.jobs()] for _ in range(2)]
            entries = [entry.job.id for entry in await journal.entries()]

        assert [["better", "good"]] * 2 == listed
        assert ["good", "better"] == entries
        assert () == await journal.abandoned()
        assert 1 == len(caplog.records)


@pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE)
async def test_its_own_database_is_told_what_to_do_instead_of_waiting(tmp_path: Path, record: str) -> None:
    await with_bad_row(tmp_path, record, JobKind.RESTORATION)
    async with opened(tmp_path) as journal:
        _, claim = await journal.create(job("next", "/bad.db"))
        assert claim is not None

        for wants in (
            journal.job("bad"),
            journal.activate(claim),
            journal.create(job("second", "/bad.db", JobKind.RESTORATION)),
        ):
            with pytest.raises(StorageError, match="Job bad cannot be read") as refused:
                await wants
            assert "move the journal away" in str(refused.value)


async def test_progress_that_cannot_be_read_is_only_lost(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.create(job("one"))
        with rows(tmp_path) as connection:
            connection.execute("UPDATE job SET progress = '{'")

        assert job("one") == await journal.job("one")


@given(data=st.data())
@settings(deadline=None)
def test_any_damage_to_a_record_is_a_sentence_or_a_job(data: st.DataObject) -> None:
    record = bytearray(dumps(to_record(job("one"))), "utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(record) - 1))
        record[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    row = JobRow("one", record.decode("utf-8", "replace"), None)

    try:
        found = job_in(row)
    except StorageError as error:
        assert "Job one cannot be read" in str(error)
    else:
        assert "one" == found.id


def test_a_record_nested_without_end_is_a_sentence() -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        job_in(JobRow("one", "[" * 100_000, None))
