"""What take makes of sources that are damaged, locked, crashed or odd, and what it leaves behind."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import apsw
import pytest

from reprieve.core.errors import BadSource, Conflict, DatabaseLocked, NotFound, StorageError, StorageFull
from reprieve.transports.local.image import Image
from reprieve.transports.local.snapshot import take as take_module
from reprieve.transports.local.snapshot import wal_index
from reprieve.transports.local.snapshot.request import CheckKind, Moved
from reprieve.transports.local.snapshot.rollback_mode import Locked
from reprieve.transports.local.snapshot.take import Method, SnapshotCancelled, take
from reprieve.transports.local.snapshot.wal_mode import Snapshot
from tests.support.actor import Actor

from .live import MemorySink

METHODS = list(Method)


def never() -> bool:
    return False


def create(path: Path, journal: str = "DELETE", rows: int = 2000, page_size: int = 4096) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={page_size}")
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("CREATE TABLE note(id INTEGER PRIMARY KEY, body BLOB)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO note(body) VALUES (randomblob(?))", [(500,)] * rows)
        connection.execute("COMMIT")
    return path


def a_copy() -> Path:
    """A name for a temporary copy, outside of what a test looks at; any user may write there."""
    return Path(tempfile.gettempdir()) / f"copy-of-a-test-{uuid4().hex}.db"


def shoot(path: Path, method: Method | None = None, force: bool = False) -> tuple[Image, bytes]:
    sink = MemorySink()
    image = take(path, sink, cancelled=never, deadline=0.3, force=force, method=method, copy=a_copy)
    return image, bytes(sink.data)


def rows_in(data: bytes, folder: Path) -> list[tuple[int, Any]]:
    file = folder / "image.db"
    file.write_bytes(data)
    with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        return connection.execute("SELECT * FROM note ORDER BY id").fetchall()


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


# -- what an image is -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_a_quiet_rollback_database_is_copied_byte_for_byte(
    tmp_path: Path, method: Method, page_size: int
) -> None:
    path = create(tmp_path / "a.db", page_size=page_size)
    original = path.read_bytes()

    image, data = shoot(path, method)

    library_version = slice(96, 100)  # the one field that SQLite's backup stamps anew, and nobody reads
    expected, actual = bytearray(original), bytearray(data)
    expected[library_version] = actual[library_version] = bytes(4)
    assert bytes(expected) == bytes(actual)
    assert (page_size, len(original) // page_size) == (image.page_size, image.page_count)
    assert ("rollback", "UTF-8", method) == (image.journal_mode, image.encoding, image.method)


@pytest.mark.parametrize("method", METHODS)
def test_a_database_of_one_page_has_an_image(tmp_path: Path, method: Method) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=7")

    image, data = shoot(path, method)

    assert (1, path.read_bytes()[:96]) == (image.page_count, data[:96])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_a_snapshot_leaves_no_file_and_changes_none(tmp_path: Path, journal: str, method: Method) -> None:
    path = create(tmp_path / "a.db", journal)
    before = path.read_bytes()

    shoot(path, method)

    assert {"a.db"} == names_in(tmp_path)
    assert before == path.read_bytes()


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_the_encoding_is_told(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA encoding='{encoding}'")
        connection.execute("CREATE TABLE note(id INTEGER PRIMARY KEY, body BLOB)")

    assert encoding == shoot(path)[0].encoding


@pytest.mark.parametrize("method", METHODS)
def test_a_snapshot_may_be_asked_for_through_a_link(tmp_path: Path, method: Method) -> None:
    with Actor(create(tmp_path / "a.db", "WAL")) as actor:
        actor.sql("DELETE FROM note WHERE id > 10")
        (tmp_path / "elsewhere").mkdir()
        link = tmp_path / "elsewhere" / "link.db"
        link.symlink_to(tmp_path / "a.db")

        _image, data = shoot(link, method)

    assert 10 == len(rows_in(data, tmp_path))


# -- crashed writers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_crashed_writers_journal_is_rolled_back(tmp_path: Path, method: Method) -> None:
    path = create(tmp_path / "a.db")
    with Actor(path) as actor:
        expected = actor.sql("SELECT count(*), sum(length(body)) FROM note")
        actor.sql("PRAGMA cache_size=5", "BEGIN", "UPDATE note SET body = 'half'")
        actor.kill()
    assert {"a.db", "a.db-journal"} == names_in(tmp_path)

    _image, data = shoot(path, method)

    lengths = [len(body) for _id, body in rows_in(data, tmp_path)]
    assert expected == [[len(lengths), sum(lengths)]]


@pytest.mark.parametrize("method", METHODS)
def test_a_crashed_programs_wal_is_read_and_not_checkpointed(tmp_path: Path, method: Method) -> None:
    path = create(tmp_path / "a.db", "WAL")
    before = path.read_bytes()
    with Actor(path) as actor:
        actor.sql("DELETE FROM note WHERE id > 10", "UPDATE note SET body = 'mine'")
        actor.kill()
    wal = (tmp_path / "a.db-wal").read_bytes()

    _image, data = shoot(path, method)

    assert [(number, "mine") for number in range(1, 11)] == rows_in(data, tmp_path)
    assert before == path.read_bytes()
    assert wal == (tmp_path / "a.db-wal").read_bytes()


# -- locks and cancelling ---------------------------------------------------------------------------------

LOCKED = [
    ("DELETE", ["BEGIN EXCLUSIVE"]),
    ("WAL", ["PRAGMA locking_mode=EXCLUSIVE", "DELETE FROM note WHERE id = 1"]),
]


@pytest.mark.parametrize("method", [None, *METHODS])
@pytest.mark.parametrize(("journal", "statements"), LOCKED)
def test_a_database_that_stays_locked_is_an_error_in_time(
    tmp_path: Path, journal: str, statements: list[str], method: Method | None
) -> None:
    path = create(tmp_path / "a.db", journal)
    with Actor(path) as actor:
        actor.sql(*statements)

        with pytest.raises(DatabaseLocked, match=r"was locked by another program for 0\.3 s"):
            shoot(path, method)


@pytest.mark.parametrize(("journal", "statements"), LOCKED)
def test_waiting_for_a_lock_can_be_cancelled(tmp_path: Path, journal: str, statements: list[str]) -> None:
    path = create(tmp_path / "a.db", journal)
    asked = iter([False, False, False])
    with Actor(path) as actor:
        actor.sql(*statements)

        with pytest.raises(SnapshotCancelled):
            take(path, MemorySink(), cancelled=lambda: next(asked, True), deadline=3600)


class CountingSink(MemorySink):
    spans = 0

    def pause(self) -> None:
        self.spans += 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_a_snapshot_can_be_cancelled_at_each_span(tmp_path: Path, journal: str, method: Method) -> None:
    path = create(tmp_path / "a.db", journal, rows=10_000)
    sink = CountingSink()

    with pytest.raises(SnapshotCancelled):
        take(path, sink, cancelled=lambda: sink.spans >= 2, method=method, copy=a_copy)

    assert 2 <= sink.spans <= 4
    assert {"a.db"} == names_in(tmp_path)
    with Actor(path) as actor:
        actor.sql("DELETE FROM note")  # nothing is held any more


def test_an_error_of_the_sink_passes_through(tmp_path: Path) -> None:
    class BrokenSink(MemorySink):
        def pause(self) -> None:
            raise ValueError("full")

    path = create(tmp_path / "a.db", "WAL")

    with pytest.raises(ValueError, match="full"):
        take(path, BrokenSink(), cancelled=never)
    assert {"a.db"} == names_in(tmp_path)


def test_no_folder_for_the_temporary_copy(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db")
    missing = tmp_path / "missing" / "copy.db"

    with pytest.raises(StorageError, match="missing"):
        take(path, MemorySink(), cancelled=never, method=Method.COPY, copy=lambda: missing)
    with pytest.raises(Conflict, match="no folder for a copy"):
        take(path, MemorySink(), cancelled=never, method=Method.COPY)


def test_the_temporary_copy_is_private_and_is_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    class LookingSink(MemorySink):
        def pause(self) -> None:
            seen.extend((path.name, path.stat().st_mode & 0o777) for path in work.iterdir())

    path = create(tmp_path / "a.db")
    work, elsewhere = tmp_path / "work", tmp_path / "tmp"
    work.mkdir()
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    before = os.umask(0)
    try:
        take(path, LookingSink(), cancelled=never, method=Method.COPY, copy=lambda: work / "job.copy.db")
    finally:
        os.umask(before)

    assert {("job.copy.db", 0o600)} == set(seen)
    assert [] == [*work.iterdir(), *elsewhere.iterdir()]


def test_a_copy_that_has_no_room_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = create(tmp_path / "a.db")
    size = path.stat().st_size
    for free, fits in ((size, True), (size - 1, False)):
        usage = shutil.disk_usage(tmp_path)._replace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder, usage=usage: usage)
        if fits:
            assert size == len(shoot(path, Method.COPY)[1])
        else:
            with pytest.raises(StorageFull, match="--work-dir"):
                shoot(path, Method.COPY)


# -- permissions ------------------------------------------------------------------------------------------


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The folder and what is in it may only be read, also by a test that runs as root."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users may enter, as pytest's own is not."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("method", METHODS)
def test_a_file_that_may_only_be_read_has_an_image(public_folder: Path, method: Method) -> None:
    path = create(public_folder / "a.db")
    shoot(path, method)  # imports what it needs while this process may read it

    with read_only(public_folder):
        image, _data = shoot(path, method)

    assert path.stat().st_size == image.bytes


@pytest.mark.parametrize("method", METHODS)
def test_a_wal_that_cannot_be_opened_is_an_error(public_folder: Path, method: Method) -> None:
    path = create(public_folder / "a.db", "WAL")
    shoot(path, method)

    with read_only(public_folder), pytest.raises(BadSource, match="cannot be opened"):
        shoot(path, method)


# -- damaged sources --------------------------------------------------------------------------------------


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(random.Random(1).randbytes(4096))


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def spoil_the_schema(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE note(id, body'")


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
@pytest.mark.parametrize("harm", [scribble, truncate, spoil_the_schema])
def test_a_damaged_source_is_refused_unless_forced(tmp_path: Path, journal: str, harm: object) -> None:
    path = create(tmp_path / "a.db", journal)
    assert callable(harm)
    harm(path)

    with pytest.raises(BadSource, match="is damaged"):
        shoot(path)
    image, data = shoot(path, force=True)

    assert image.problems
    assert path.read_bytes() == data


def test_a_file_that_only_begins_like_a_database_is_refused(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db")
    with path.open("r+b") as file:  # as SQLCipher writes it with a header in plain text
        file.seek(32)
        file.write(random.Random(2).randbytes(path.stat().st_size - 32))

    with pytest.raises(BadSource, match="is encrypted"):
        shoot(path)


def test_a_missing_source_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        shoot(tmp_path / "none.db")


# -- the choice of the method -----------------------------------------------------------------------------


def test_an_unknown_index_makes_it_use_the_backup_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = create(tmp_path / "a.db", "WAL")
    monkeypatch.setattr(wal_index, "VERSION", 1)

    image, data = shoot(path)

    assert (Method.BACKUP, 2) == (image.method, image.attempts)
    assert 2000 == len(rows_in(data, tmp_path))


def torn(_image: object) -> None:
    raise Moved("It moved.")


def test_three_torn_images_make_it_use_the_backup_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = create(tmp_path / "a.db", "WAL")
    monkeypatch.setattr(Snapshot, "verify", torn)

    image, data = shoot(path)

    assert (Method.BACKUP, 4) == (image.method, image.attempts)
    assert 2000 == len(rows_in(data, tmp_path))


def test_a_forced_method_that_fails_is_a_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = create(tmp_path / "a.db", "WAL")
    monkeypatch.setattr(Snapshot, "verify", torn)

    with pytest.raises(Conflict, match="It moved"):
        shoot(path, Method.PAGES)


@pytest.mark.parametrize(("journal", "expected"), [("DELETE", Method.COPY), ("WAL", Method.BACKUP)])
def test_what_would_not_fit_in_memory_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str, expected: Method
) -> None:
    path = create(tmp_path / "a.db", journal)
    monkeypatch.setattr(take_module, "MEMORY_BOUND", 1000)
    monkeypatch.setattr(Snapshot, "verify", torn)
    monkeypatch.setattr(Locked, "verify", torn)

    assert expected == shoot(path)[0].method


# -- the check --------------------------------------------------------------------------------------------


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A database whose schema needs functions, a collation and a tokenizer that only its program has."""
    path = tmp_path / "odd.db"
    connection = apsw.Connection(str(path))
    connection.create_scalar_function("mine", lambda *values: values[0], 1, deterministic=True)
    connection.create_collation("odd", lambda one, two: (one > two) - (one < two))
    connection.register_fts5_tokenizer("ours", lambda *_: lambda text, *_rest: [text.decode()])
    connection.execute(
        "CREATE TABLE note(id INTEGER PRIMARY KEY, body TEXT COLLATE odd CHECK (mine(body) NOT NULL),"
        " twice AS (mine(body)) NOT NULL);"
        "CREATE INDEX by_body ON note(body);"
        "CREATE INDEX by_mine ON note(mine(body));"
        "CREATE TABLE plain(id INTEGER PRIMARY KEY, body TEXT);"
    )
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(body, tokenize='ours')")
    connection.execute("BEGIN")
    for number in range(500):
        connection.execute("INSERT INTO note(body) VALUES (?)", (f"note {number}",))
        connection.execute("INSERT INTO plain(body) VALUES (?)", (f"note {number}" * 20,))
        connection.execute("INSERT INTO words VALUES (?)", (f"note {number}",))
    connection.execute("COMMIT")
    connection.close()
    return path


@pytest.mark.parametrize("check", ["quick", "full"])
def test_what_only_its_own_program_can_check_is_not_called_damaged(odd: Path, check: CheckKind) -> None:
    image = take(odd, MemorySink(), cancelled=never, check=check)

    assert () == image.problems


def test_damage_beside_what_cannot_be_checked_is_found(odd: Path) -> None:
    with closing(sqlite3.connect(odd)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'plain'").fetchone()
    with odd.open("r+b") as file:
        file.seek((root - 1) * 4096 + 8)
        file.write(b"\xff" * 200)

    image, _data = shoot(odd, force=True)

    assert image.problems


def test_rows_that_break_a_constraint_are_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute("CREATE TABLE note(id INTEGER PRIMARY KEY, body CHECK (body > 5))")
        connection.execute("INSERT INTO note VALUES (1, 2)")
        connection.commit()

    assert () == shoot(path)[0].problems


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_no_check_is_no_answer(tmp_path: Path, journal: str) -> None:
    path = create(tmp_path / "a.db", journal)
    scribble(path)

    image = take(path, MemorySink(), cancelled=never, check="none")

    assert image.problems is None


def test_only_the_full_check_sees_a_row_missing_from_its_index(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db")
    with Actor(path) as actor:
        actor.sql("CREATE INDEX by_body ON note(body)", "PRAGMA writable_schema=ON")
        actor.sql("CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'by_body'")
        actor.sql("DELETE FROM sqlite_schema WHERE name = 'by_body'", "PRAGMA writable_schema=RESET")
        actor.sql("UPDATE note SET body = 'not indexed' WHERE id = 7", "PRAGMA writable_schema=ON")
        actor.sql("INSERT INTO sqlite_schema SELECT * FROM kept")

    quick = take(path, MemorySink(), cancelled=never, check="quick")
    full = take(path, MemorySink(), cancelled=never, check="full", force=True)

    assert () == quick.problems
    assert full.problems
