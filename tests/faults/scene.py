"""One database in use with its store and home, the people who use reprieve on it, and the oracle.

The oracle is O1 to O8 of the design's restore page. It asks the files with the standard library's
SQLite, and trusts nothing that reprieve says.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs

from reprieve.transports.local.home import Home
from reprieve.transports.local.os_lock import OsLock
from reprieve.transports.local.place import Place
from reprieve.transports.local.repository.verify import Verified
from tests.faults.people import Person, is_stopped, until
from tests.support.databases import NEW, OLD, content_of, make_database, writes_in
from tests.support.leftovers import leftovers
from tests.support.neighbours import Neighbours

SETTLED_WITHIN = 5.0
"""Seconds, once the faults have stopped (O4)."""

PASSPHRASE = "canary-passphrase-4711"

Answer = dict[str, Any]


@attrs.define
class Scene:
    """A folder with a database, a store with a Backup of each content, and a home.

    `backups` says which Backup has which content, `contents` what `content_of` gives for each.
    `holds` is which content the database has.
    """

    folder: Path
    backups: dict[int, str] = attrs.field(factory=dict)
    contents: dict[int, str] = attrs.field(factory=dict)
    holds: int = OLD
    accounted: set[int] = attrs.field(factory=set)
    people: list[Person] = attrs.field(factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "databases" / "snippets.db"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def home(self) -> Home:
        return Home(self.folder / "home", self.folder / "home")

    @property
    def complaints(self) -> Path:
        """What people and their workers write to stderr."""
        return self.folder / "stderr"

    @property
    def other(self) -> int:
        """The content that the database does not have."""
        return OLD if self.holds == NEW else NEW

    def person(
        self,
        *,
        failpoint: str | None = None,
        database: Path | None = None,
        lease: float | None = None,
        long_lived: bool = False,
        **process: Any,
    ) -> Person:
        """A new process that opens this database's library, and so settles what was left behind."""
        settings = {
            "database": str(database or self.database),
            "store": str(self.store),
            "home": str(self.home.data),
            "passphrase": PASSPHRASE,
            "failpoint": failpoint,
            "lease": lease,
            "long_lived": long_lived,
        }
        person = Person(settings, self.complaints, **process)
        self.people.append(person)
        return person

    def repository(self) -> Verified:
        """What the repository has, every byte of it read and checked."""
        return Place(str(self.store), self.home).repository().verify()

    # -- workers ----------------------------------------------------------------------------

    def worker_of(self, job: str) -> int:
        """The process that works on the job, once there is one."""
        lock = OsLock(self.home.workers / f"{job}.lock")
        found: int = until(f"a worker of {job}", lambda: lock.held() and lock.pid())
        return found

    def stopped_worker_of(self, job: str) -> int:
        """The process that works on the job, once it has stopped at its failpoint."""

        def look() -> int | None:
            pid = OsLock(self.home.workers / f"{job}.lock").pid()
            return pid if pid is not None and is_stopped(pid) else None

        found: int = until(f"a worker of {job} stopped at its failpoint", look)
        return found

    # -- the oracle -------------------------------------------------------------------------

    def judge(self, job: Answer, wanted: int, crowd: Neighbours) -> None:
        """O1, O2, O3 and O7, now that `job`, which was to put the content `wanted` in place, has settled."""
        assert job["state"] in ("done", "failed"), job
        if job["outcome"] == "completed":
            self.holds = wanted
        elif job["state"] == "failed":
            assert job["error"] == "interrupted", job
        assert self.contents[self.holds] == content_of(self.database), job  # O1, O2
        self.account(crowd)
        until("everything cleared up", lambda: not self.leftovers(), SETTLED_WITHIN)  # O7

    def account(self, crowd: Neighbours) -> None:
        """O3: every write that was promised to another program is in the database, in undo or in redo."""
        for path in (self.database, *self.home.undo.glob("*.db")):
            self.accounted |= writes_in(path)
        newest = max(self.accounted, default=0)
        while crowd.processes and newest not in crowd.acknowledged:
            crowd.write_more(1)
        assert set() == crowd.acknowledged - self.accounted

    def leftovers(self) -> list[str]:
        """O7: every file that should not be there once all is settled."""
        return leftovers(self.home.data, self.database)

    def forget_store(self) -> None:
        """As if there had never been a repository."""
        shutil.rmtree(self.store)
        shutil.rmtree(self.home.keys)
        self.home.stores.unlink(missing_ok=True)

    def all_settled(self) -> bool:
        """O4, asked of the journal's own file."""
        with closing(sqlite3.connect(self.home.journal)) as journal:
            (unsettled,) = journal.execute("SELECT count(*) FROM job WHERE settled_at IS NULL").fetchone()
        return bool(unsettled == 0)

    def judge_secrets(self) -> None:
        """O8: no secret in anything that was said, nor in the journal. Nobody complained, either."""
        keys = [path.read_text().strip() for path in self.home.keys.iterdir() if path.is_file()]
        complaints = self.complaints.read_bytes()
        told = [person.said.encode() for person in self.people] + [complaints]
        told += [path.read_bytes() for path in self.home.data.glob("journal.db*")]
        for secret in (PASSPHRASE, *keys):
            assert len(secret) > 16
            for form in (secret.encode(), bytes.fromhex(secret) if secret in keys else secret.encode()):
                assert not any(form in text for text in told)
        assert b"Traceback" not in complaints, complaints.decode()


def make_scene(folder: Path, mode: str) -> Scene:
    """A scene whose store has a Backup of the old content and one of the new."""
    scene = Scene(folder)
    scene.database.parent.mkdir(parents=True)
    make_database(scene.database, OLD, mode=mode)
    newer = make_database(folder / "newer.db", NEW, mode="delete")
    older = folder / "older.db"
    with scene.person() as person:
        scene.backups[OLD] = person.ask("outcome", person.ask("create"))["id"]
        replace(older, scene.database)
        replace(scene.database, newer)
        scene.backups[NEW] = person.ask("outcome", person.ask("create"))["id"]
        replace(scene.database, older)
        assert 0 == person.leave()
    scene.contents = {OLD: content_of(older), NEW: content_of(newer)}
    return scene


def copy_scene(template: Scene, folder: Path) -> Scene:
    """The same in another folder, with an empty journal: the jobs of the template were another database's."""
    shutil.copytree(template.folder / "databases", folder / "databases")
    shutil.copytree(template.store, folder / "store")
    shutil.copytree(template.home.keys, folder / "home" / "keys")
    return Scene(folder, dict(template.backups), dict(template.contents))


def replace(path: Path, content: Path) -> None:
    """Give `path` the content of another database, as SQLite itself does it."""
    with closing(sqlite3.connect(content)) as old, closing(sqlite3.connect(path)) as new:
        old.backup(new)
