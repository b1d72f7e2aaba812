"""In rollback-journal mode a writer does not wait for the whole image: the reader gives up its lock."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from reprieve.transports.local.image import Image
from reprieve.transports.local.snapshot import posix_locks, rollback_mode, running_check
from reprieve.transports.local.snapshot.take import take
from tests.support.actor import Actor

from .live import MemorySink


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of about 6 MiB in rollback-journal mode that gives free pages back."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum=FULL")
        connection.execute("CREATE TABLE note(id INTEGER PRIMARY KEY, body BLOB)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO note(body) VALUES (randomblob(?))", [(3000,)] * 2000)
        connection.execute("COMMIT")
    return path


@pytest.fixture
def actor(path: Path) -> Iterator[Actor]:
    with Actor(path) as actor:
        actor.sql("PRAGMA busy_timeout=60000")
        yield actor


class InterruptedSink(MemorySink):
    """At the second span a writer comes and waits; at the fourth it must have got through."""

    def __init__(self, path: Path, actor: Actor, statements: tuple[str, ...]) -> None:
        super().__init__()
        self.watched = os.open(path, os.O_RDONLY)  # closed by the test, when no connection can lose its locks
        self.spans = 0
        self.writer = threading.Thread(target=actor.sql, args=statements)

    def pause(self) -> None:
        self.spans += 1
        if self.spans == 2:
            self.writer.start()
            pause = threading.Event()
            while not posix_locks.writer_waits(self.watched):
                pause.wait(0.001)
        elif self.spans == 4:
            self.writer.join(60)
            assert not self.writer.is_alive(), "the writer waits for the whole image"


def interrupted(path: Path, actor: Actor, *statements: str) -> tuple[Image, InterruptedSink]:
    sink = InterruptedSink(path, actor, statements)
    try:
        image = take(path, sink, cancelled=lambda: False)
    finally:
        os.close(sink.watched)
        sink.writer.join(60)
    assert sink.spans >= 4
    return image, sink


@pytest.mark.parametrize("held_back", [rollback_mode.HELD_BACK, 0])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE note SET body = randomblob(3000) WHERE id % 900 = 0",
        "INSERT INTO note(body) SELECT randomblob(3000) FROM note",
        "DELETE FROM note WHERE id % 3 > 0",
        "DELETE FROM note",
    ],
)
def test_a_writer_gets_through_and_the_image_holds_its_commit(
    path: Path, actor: Actor, monkeypatch: pytest.MonkeyPatch, statement: str, held_back: int
) -> None:
    monkeypatch.setattr(rollback_mode, "HELD_BACK", held_back)

    image, sink = interrupted(path, actor, statement)

    assert path.read_bytes() == bytes(sink.data)
    assert (1, 1) == (image.attempts, sink.begun)
    assert image.problems is None  # the check gave way, too: the caller checks what it stored


@pytest.mark.parametrize(
    "statements", [("PRAGMA page_size=8192", "VACUUM"), ("PRAGMA journal_mode=WAL",)], ids=["page", "journal"]
)
def test_an_image_begins_again_where_the_file_became_another(
    path: Path, actor: Actor, statements: tuple[str, ...]
) -> None:
    image, sink = interrupted(path, actor, *statements)

    assert path.read_bytes() == bytes(sink.data)
    assert (2, 2) == (image.attempts, sink.begun)
    assert () == image.problems


class LastMomentSink(MemorySink):
    """A writer comes with the last span."""

    def __init__(self, pages: int, writer: threading.Thread) -> None:
        super().__init__()
        self._pages = pages
        self._writer = writer

    def write(self, first_page: int, data: bytes) -> None:
        super().write(first_page, data)
        if first_page + len(data) // self.page_size > self._pages and not self._writer.ident:
            self._writer.start()


def test_a_writer_does_not_wait_for_the_check_either(
    path: Path, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(connection: apsw.Connection, *, full: bool) -> tuple[str, ...]:
        forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        return tuple(str(row) for row in connection.execute(forever))

    monkeypatch.setattr(running_check, "look", endless)
    writer = threading.Thread(target=actor.sql, args=("UPDATE note SET body = 'short' WHERE id = 1",))
    sink = LastMomentSink(path.stat().st_size // 4096, writer)

    image = take(path, sink, cancelled=lambda: False)
    writer.join(60)

    assert not writer.is_alive()
    assert (None, 1) == (image.problems, sink.begun)
