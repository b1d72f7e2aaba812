"""`unchanged` may take an unchanged database for a changed one; the reverse never."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reprieve.transports.local.snapshot import fingerprint, wal_index
from reprieve.transports.local.snapshot.fingerprint import Fingerprint, unchanged
from reprieve.transports.local.snapshot.take import take
from tests.support.actor import Actor

from .live import MemorySink

JOURNALS = ["WAL", "DELETE", "PERSIST", "TRUNCATE"]


@pytest.fixture
def no_racy_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps below wait for the file system's clock to tick, so that its times tell all."""
    monkeypatch.setattr(fingerprint, "RACY_NANOSECONDS", 0)


def tick(folder: Path) -> None:
    """Return when the file system's clock has moved."""
    probe = folder / "probe"
    probe.touch()
    start = probe.stat().st_mtime_ns
    while probe.stat().st_mtime_ns == start:
        probe.touch()


def create(path: Path, journal: str) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("CREATE TABLE note(id INTEGER PRIMARY KEY, body BLOB)")
        connection.execute("INSERT INTO note(body) VALUES (randomblob(40000))")
    return path


def mark_of(path: Path) -> Fingerprint | None:
    mark = take(path, MemorySink(), cancelled=lambda: False, check="none").fingerprint
    stored = json.dumps(dict(mark)) if mark is not None else "null"
    loaded: Fingerprint | None = json.loads(stored)
    return loaded


def mark(path: Path) -> Fingerprint:
    found = mark_of(path)
    assert found is not None
    return found


def age(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the racy rule see the file as written long ago."""
    later = path.stat().st_ctime_ns + 3 * fingerprint.RACY_NANOSECONDS
    monkeypatch.setattr(time, "time_ns", lambda: later)


@pytest.mark.parametrize("journal", JOURNALS)
def test_a_quiet_database_is_unchanged_and_a_commit_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str
) -> None:
    path = create(tmp_path / "a.db", journal)
    age(path, monkeypatch)
    before = mark(path)

    assert unchanged(path, before)
    with Actor(path) as actor:
        actor.sql("SELECT * FROM note")
        assert unchanged(path, before)
        actor.sql("UPDATE note SET body = 'new'")
        assert not unchanged(path, before)
    assert not unchanged(path, before)


def test_a_fresh_file_without_frames_has_no_fingerprint(tmp_path: Path) -> None:
    assert mark_of(create(tmp_path / "a.db", "DELETE")) is None


def test_a_checkpoint_of_the_same_frames_changes_nothing(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db", "WAL")
    with Actor(path) as actor:
        actor.sql("UPDATE note SET body = randomblob(50000)")
        before = mark(path)

        actor.sql("PRAGMA wal_checkpoint(PASSIVE)")

        assert unchanged(path, before)
        actor.sql("DELETE FROM note")
        assert not unchanged(path, before)


def test_a_commit_that_keeps_the_index_in_memory_is_seen(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db", "WAL")
    with Actor(path) as actor:
        actor.sql("UPDATE note SET body = randomblob(50000)")
        before = mark(path)
        actor.kill()

    with Actor(path) as exclusive:
        exclusive.sql("PRAGMA locking_mode=EXCLUSIVE", "PRAGMA wal_autocheckpoint=0", "DELETE FROM note")
        exclusive.kill()

    assert not unchanged(path, before)


def test_a_hot_journal_is_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = create(tmp_path / "a.db", "DELETE")
    age(path, monkeypatch)
    before = mark(path)
    path.with_name("a.db-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(504))

    assert not unchanged(path, before)


@pytest.mark.parametrize("replace", [True, False])
def test_another_file_in_its_place_is_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    path = create(tmp_path / "a.db", "DELETE")
    age(path, monkeypatch)
    before = mark(path)
    other = create(tmp_path / "b.db", "DELETE")
    tick(tmp_path)

    if replace:
        os.replace(other, path)
    else:
        path.write_bytes(other.read_bytes())

    assert not unchanged(path, before)


@pytest.mark.parametrize("mark", [{}, {"version": 1}, {"version": 1, "kind": "wal"}, {"version": 99}])
def test_a_fingerprint_that_says_nothing_is_of_a_changed_database(tmp_path: Path, mark: Fingerprint) -> None:
    assert not unchanged(create(tmp_path / "a.db", "WAL"), mark)


def test_an_index_of_an_unknown_version_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = create(tmp_path / "a.db", "WAL")
    with Actor(path) as actor:
        actor.sql("UPDATE note SET body = 'new'")
        before = mark(path)
        monkeypatch.setattr(wal_index, "VERSION", 1)

        assert not unchanged(path, before)


def test_a_database_that_is_gone_is_not_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = create(tmp_path / "a.db", "DELETE")
    age(path, monkeypatch)
    before = mark(path)
    path.unlink()

    assert not unchanged(path, before)


# -- a random walk ----------------------------------------------------------------------------------------

Step = Callable[["Walker"], None]


class Walker:
    """A database, at most two programs on it, and steps that they take at random."""

    def __init__(self, folder: Path, journal: str, rng: random.Random) -> None:
        self.folder = folder
        self.path = create(folder / "a.db", journal)
        self.rng = rng
        self.actors: list[Actor] = []

    def actor(self) -> Actor:
        if not self.actors or (len(self.actors) < 2 and self.rng.random() < 0.2):
            self.actors.append(Actor(self.path))
        return self.rng.choice(self.actors)

    def run(self, *statements: str) -> None:
        try:
            self.actor().sql(*statements)
        except RuntimeError as error:
            assert "locked" in str(error) or "within a transaction" in str(error), error

    def leave(self, *, crash: bool) -> None:
        if self.actors:
            actor = self.actors.pop(self.rng.randrange(len(self.actors)))
            if crash:
                actor.kill()
            with actor:
                pass

    def content(self) -> str:
        """A digest of all that was committed, learnt from a copy of the files, so that nothing is touched."""
        copy = self.folder / "copy"
        copy.mkdir()
        for suffix in ("", "-wal", "-journal"):
            if (file := self.path.with_name(self.path.name + suffix)).exists():
                shutil.copy(file, copy)
        with closing(sqlite3.connect(copy / self.path.name)) as connection:
            rows = connection.execute("SELECT id, body FROM note ORDER BY id").fetchall()
        shutil.rmtree(copy)
        return hashlib.sha256(repr(rows).encode()).hexdigest()


STATEMENTS = [
    ["INSERT INTO note(body) VALUES (randomblob(300))"],
    ["UPDATE note SET body = randomblob(5000) WHERE id = 1"],
    ["DELETE FROM note WHERE id > 3"],
    ["PRAGMA cache_size=3", "BEGIN", "UPDATE note SET body = randomblob(90000)", "ROLLBACK"],
    ["BEGIN", "UPDATE note SET body = body WHERE id = 1", "COMMIT"],
    ["PRAGMA wal_checkpoint(PASSIVE)"],
    ["PRAGMA wal_checkpoint(RESTART)"],
    ["PRAGMA wal_checkpoint(TRUNCATE)"],
    ["SELECT count(*) FROM note"],
    ["VACUUM"],
    ["PRAGMA journal_mode=DELETE"],
    ["PRAGMA journal_mode=WAL"],
]


def random_step(walker: Walker) -> None:
    draw = walker.rng.random()
    if draw < 0.10:
        walker.leave(crash=False)
    elif draw < 0.16:
        walker.leave(crash=True)
    elif draw < 0.19:
        walker.path.touch()
    elif draw < 0.45:
        pass
    else:
        walker.run("PRAGMA busy_timeout=20", *walker.rng.choice(STATEMENTS))


@pytest.mark.usefixtures("no_racy_rule")
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_step_of_a_random_walk_goes_unseen(tmp_path: Path, journal: str, seed: int) -> None:
    verdicts = walk(Walker(tmp_path, journal, random.Random(f"{journal} {seed}")), steps=60)

    assert verdicts.count((True, True)) > 3, "it never says unchanged"
    assert (True, False) not in verdicts


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.usefixtures("no_racy_rule")
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_no_step_of_a_long_walk_goes_unseen(tmp_path: Path, journal: str) -> None:
    steps = int(os.environ.get("ROUNDS", "2000"))
    verdicts = walk(Walker(tmp_path, journal, random.Random()), steps)

    assert (True, False) not in verdicts


def walk(walker: Walker, steps: int) -> list[tuple[bool, bool]]:
    """For each step: whether `unchanged` said so, and whether it is so."""
    verdicts = []
    for _ in range(steps):
        tick(walker.folder)
        before, mark = walker.content(), mark_of(walker.path)
        tick(walker.folder)
        random_step(walker)
        said = mark is not None and unchanged(walker.path, mark)
        verdicts.append((said, walker.content() == before))
    while walker.actors:
        walker.leave(crash=False)
    return verdicts
