"""The journal's file: who may read it, what happens when it is old, new, damaged, full or idle."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reprieve.core.errors import Conflict, InvalidRequest, StorageError, StorageFull, UpdateRequired
from reprieve.core.job import Job, JobKind
from reprieve.core.messages import Completed, Message, Noted, Start
from reprieve.core.ports import Claim, Entry
from reprieve.core.reducer import reduce
from reprieve.transports.local import failpoints
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal
from reprieve.transports.local.journal.file import KEPT_JOBS, KEPT_SECONDS, VERSION, open_file
from reprieve.transports.local.journal.ledger import Ledger
from reprieve.transports.local.journal.owners import Neighbours
from reprieve.transports.local.journal.writer import Writer
from tests.transports.local.journal_process import Process

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


@asynccontextmanager
async def opened(folder: Path, heartbeat: float = 60) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(Home(folder, folder), heartbeat=heartbeat)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    async with opened(tmp_path) as journal:
        yield journal


def file_of(folder: Path) -> Path:
    return folder / "journal.db"


def job_called(name: str) -> Job:
    return Job(name, JobKind.CREATION, f"/{name}", NOW)


async def tell(journal: SqliteJournal, job: Job, claim: Claim, *messages: Message) -> Job:
    for message in messages:
        job, _ = reduce(job, message)
        await journal.append(claim, (Entry(job, message),))
    return job


async def started(journal: SqliteJournal, name: str) -> tuple[Job, Claim]:
    job, claim = await journal.create(job_called(name))
    assert claim is not None
    return await tell(journal, job, claim, Start(NOW)), claim


async def settle(journal: SqliteJournal, job: Job, claim: Claim) -> None:
    running, _ = reduce(job, Start(NOW))
    done, _ = reduce(running, Completed(at=NOW))
    await journal.append(claim, (Entry(running, Start(NOW)), Entry(done, Completed(at=NOW))))


# -- the file --------------------------------------------------------------------------------


async def test_only_the_user_may_read_it(journal: SqliteJournal, tmp_path: Path) -> None:
    await started(journal, "a")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("journal.db*")}
    private = (
        0o666 if os.name == "nt" else 0o600
    )  # Windows has no such modes: the profile's folder is private
    assert modes == dict.fromkeys(["journal.db", "journal.db-wal", "journal.db-shm"], private)


async def test_it_is_opened_again_with_all_that_was_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        running, _ = await started(journal, "a")
        lines = await journal.entries()

    async with opened(tmp_path) as journal:
        assert await journal.jobs() == (running,)
        assert await journal.entries() == lines


async def test_one_of_a_newer_version_asks_for_an_update(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await started(journal, "a")
    with closing(sqlite3.connect(file_of(tmp_path))) as newer:
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = file_of(tmp_path).read_bytes()

    with pytest.raises(UpdateRequired, match="newer version"):
        await SqliteJournal(Home(tmp_path, tmp_path)).open()
    assert file_of(tmp_path).read_bytes() == before


async def test_one_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    file_of(tmp_path).write_bytes(b"Dear diary, " * 1000)

    with pytest.raises(StorageError, match=r"journal\.db is damaged .* move this file away"):
        await SqliteJournal(Home(tmp_path, tmp_path)).open()
    assert file_of(tmp_path).read_bytes() == b"Dear diary, " * 1000
    assert list(Home(tmp_path, tmp_path).owners.iterdir()) == []


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(file_of(tmp_path))) as other:
        other.execute("CREATE TABLE snippet (text)")
    before = file_of(tmp_path).read_bytes()

    with pytest.raises(StorageError, match="some other SQLite database"):
        await SqliteJournal(Home(tmp_path, tmp_path)).open()
    assert file_of(tmp_path).read_bytes() == before


async def test_a_damaged_page_is_named_where_it_is_met(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for number in range(50):
            await started(journal, f"j{number}")
    with open(file_of(tmp_path), "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(4096)
        file.write(b"\x00\xff" * ((size - 4096) // 2))

    async def use() -> None:
        async with opened(tmp_path) as journal:
            await journal.jobs()
            await journal.create(job_called("new"))

    with pytest.raises(StorageError, match=r"journal\.db is damaged"):
        await use()


async def test_a_record_that_makes_no_sense_is_named(journal: SqliteJournal, tmp_path: Path) -> None:
    await started(journal, "a")
    with closing(sqlite3.connect(file_of(tmp_path))) as other, other:
        other.execute("UPDATE job SET record = 'nonsense'")

    with pytest.raises(StorageError, match="damaged"):
        await journal.job("a")


async def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    file_of(tmp_path).mkdir()

    with pytest.raises(InvalidRequest, match=r"journal\.db cannot be opened"):
        await SqliteJournal(Home(tmp_path, tmp_path)).open()


# -- clean-up --------------------------------------------------------------------------------


async def test_old_settled_jobs_beyond_the_newest_are_dropped(tmp_path: Path) -> None:
    count = KEPT_JOBS + 20
    async with opened(tmp_path) as journal:
        made = await asyncio.gather(*(journal.create(job_called(f"j{number}")) for number in range(count)))
        await asyncio.gather(
            *(settle(journal, job, claim) for job, claim in made if claim is not None and job.id != "j3")
        )
        last = await journal.seq()
    with closing(sqlite3.connect(file_of(tmp_path))) as clock, clock:
        clock.execute(f"UPDATE job SET settled_at = settled_at - {KEPT_SECONDS + 60} WHERE number != 8")

    async with opened(tmp_path) as journal:
        kept = [job.id for job in reversed(await journal.jobs(limit=2 * count))]
        assert kept == ["j3", "j7", *(f"j{number}" for number in range(20, count))]
        assert await journal.entries(job_id="j0") == ()
        assert len(await journal.entries(job_id="j7")) == 3
        assert await journal.seq() == last


# -- a disk that fails -----------------------------------------------------------------------


async def test_a_full_disk_is_heard_by_all_who_wait_and_harms_nothing(journal: SqliteJournal) -> None:
    running, claim = await started(journal, "a")
    before = await journal.entries()

    with failing("journal.commit.before", OSError(errno.ENOSPC, "No space left on device")):
        heard = await asyncio.gather(
            tell(journal, running, claim, Noted("lost", at=NOW)),
            journal.create(job_called("b")),
            return_exceptions=True,
        )

    assert [type(error) for error in heard] == [StorageFull, StorageFull]
    assert "free some space" in str(heard[0])
    assert await journal.entries() == before
    done = await tell(journal, running, claim, Noted("kept", at=NOW), Completed(at=NOW))
    assert await journal.job("a") == done


class failing:
    """From here on the named point raises `error`, until the block ends."""

    def __init__(self, point: str, error: OSError) -> None:
        self._point, self._error = point, error

    def __enter__(self) -> None:
        failpoints.install(self._reached)

    def __exit__(self, *_: object) -> None:
        failpoints.install(None)

    def _reached(self, name: str) -> None:
        if name == self._point:
            raise self._error


async def test_a_file_that_cannot_grow_is_heard_and_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    with Process(tmp_path, heartbeat=60) as limited:
        limited.hear()
        limited.do("create", "a", "/db")
        limited.do("start", "a")
        limited.do("limit_file_size", 400_000)
        acknowledged = 0
        while (answer := limited.do("note", "a", "x" * 4000)) == "running":
            acknowledged += 1

        assert 0 < acknowledged < 100
        assert answer["error"] in (StorageError.kind, StorageFull.kind)
        assert str(file_of(tmp_path)) in answer["message"]
        limited.kill()

    async with opened(tmp_path) as journal:
        assert len(await journal.entries()) == 2 + acknowledged
        assert await journal.claim("a") is not None


async def test_a_heartbeat_that_fails_is_tried_again_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, heartbeat=0.01) as journal:
        running, claim = await started(journal, "a")
        with failing("journal.commit.before", OSError(errno.EIO, "Input/output error")):
            async with asyncio.timeout(60):
                while len(caplog.records) < 2:
                    await asyncio.sleep(0.005)

        assert "heartbeat failed" in caplog.text
        await tell(journal, running, claim, Completed(at=NOW))


# -- one group -------------------------------------------------------------------------------


async def test_a_refused_request_undoes_its_own_part_of_the_group_and_no_other(tmp_path: Path) -> None:
    connection = open_file(file_of(tmp_path))
    neighbours = Neighbours(tmp_path, lease=10, proof=3)
    writer = Writer(Ledger(connection, "me", neighbours, lease=10), file_of(tmp_path), heartbeat=60)

    def lease(owner: str) -> None:
        connection.execute("INSERT INTO owner VALUES (?, 0)", (owner,))

    def lease_and_refuse() -> None:
        lease("refused")
        raise Conflict("Somebody has it.")

    heard = await asyncio.gather(
        writer.ask(lambda: lease("first")),
        writer.ask(lease_and_refuse),
        writer.ask(lambda: lease("last")),
        return_exceptions=True,
    )
    await asyncio.to_thread(writer.finish)

    assert [type(answer) for answer in heard] == [type(None), Conflict, type(None)]
    with closing(connection):
        assert connection.execute("SELECT id FROM owner ORDER BY id").fetchall() == [("first",), ("last",)]


# -- callers that leave ----------------------------------------------------------------------


async def test_a_job_whose_asker_left_before_it_was_told_is_given_up(journal: SqliteJournal) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def pause(name: str) -> None:
        if name == "journal.commit.before":
            reached.set()
            go_on.wait(60)

    failpoints.install(pause)
    try:
        asking = asyncio.create_task(journal.create(job_called("a")))
        await asyncio.to_thread(reached.wait, 60)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    finally:
        failpoints.install(None)
        go_on.set()

    async with asyncio.timeout(60):
        while await journal.abandoned() != (job_called("a"),):
            await asyncio.sleep(0.005)
    takeover = await journal.claim("a")
    assert takeover is not None and takeover.job == job_called("a")


# -- idleness --------------------------------------------------------------------------------


async def test_a_journal_without_unsettled_jobs_writes_nothing(tmp_path: Path) -> None:
    """With the control that it does write while there is one."""
    async with opened(tmp_path, heartbeat=0.01) as journal:
        running, claim = await started(journal, "a")
        with closing(sqlite3.connect(file_of(tmp_path))) as look:

            def version() -> int:
                return int(look.execute("PRAGMA data_version").fetchone()[0])

            versions = {version()}
            async with asyncio.timeout(60):
                while len(versions) < 3:
                    await asyncio.sleep(0.005)
                    versions.add(version())

            await tell(journal, running, claim, Completed(at=NOW))
            settled = version()
            await asyncio.sleep(0.3)
            assert version() == settled
