"""One store, several databases: each transport lists, restores and hides its own, and no other one's."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import reprieve
from reprieve import Library, NotFound
from reprieve.transports.local.home import Home


class Ground:
    """A folder with a home, a store and databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder / "home", folder / "home")

    def make(self, name: str) -> Path:
        path = self.folder / name
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE t (x)")
            database.execute("INSERT INTO t VALUES (?)", (name,))
            database.commit()
        return path

    def library(self, name: str, **options: Any) -> Library:
        return reprieve.connect(self.folder / name, self.folder / "store", home=self.home, **options)

    def content(self, name: str) -> str:
        with closing(sqlite3.connect(self.folder / name)) as database:
            return str(database.execute("SELECT x FROM t").fetchone()[0])

    async def back_up(self, name: str) -> str:
        async with self.library(name) as library:
            return (await (await library.create_backup())).id


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = Ground(tmp_path)
    for name in ("a.db", "b.db"):
        made.make(name)
    return made


async def test_another_databases_backup_is_neither_shown_nor_restored_nor_hidden(ground: Ground) -> None:
    own, other = await ground.back_up("a.db"), await ground.back_up("b.db")
    async with ground.library("a.db") as library:
        assert [own] == [backup.id for backup in await library.backups()]
        assert 1 == await library.other_backups()
        for ask in (library.backup, library.restore, library.delete):
            with pytest.raises(NotFound, match=f"{ground.folder}/b.db, and not of {ground.folder}/a.db"):
                await ask(other)
        assert 0 == len(await library.jobs(unsettled=True))

    async with ground.library("b.db") as library:
        assert [other] == [backup.id for backup in await library.backups()]
    assert "a.db" == ground.content("a.db")


async def test_any_database_may_be_restored_where_that_is_said(ground: Ground) -> None:
    other = await ground.back_up("b.db")
    async with ground.library("a.db", any_database=True) as library:
        assert () == await library.backups()
        await (await library.restore(other))

    assert "b.db" == ground.content("a.db")


@pytest.mark.parametrize("by", ["name", "names", "link"])
async def test_a_moved_database_adopts_its_earlier_backups(ground: Ground, by: str) -> None:
    earlier = await ground.back_up("a.db")
    await ground.back_up("b.db")
    os.rename(ground.folder / "a.db", ground.folder / "moved.db")
    (ground.folder / "link").symlink_to(ground.folder)
    named = {"name": "a.db", "names": "a.db", "link": "link/a.db"}[by]
    given = str(ground.folder / named)
    async with ground.library("moved.db", database_id=[given] if by == "names" else given) as library:
        later = (await (await library.create_backup())).id
        assert [earlier, later] == [backup.id for backup in await library.backups()]
        assert 1 == await library.other_backups()
        await (await library.restore(earlier))
        await library.delete(earlier)
        assert [later] == [backup.id for backup in await library.backups()]


async def test_an_undo_copy_of_another_database_is_not_dropped(ground: Ground) -> None:
    backup = await ground.back_up("b.db")
    async with ground.library("b.db") as library:
        await (await library.restore(backup))
        [copy] = await library.undo_copies()
        async with ground.library("a.db") as stranger:
            with pytest.raises(NotFound, match="no undo copy"):
                await stranger.forget_undo(copy.id)
        assert (copy,) == await library.undo_copies()
        await library.forget_undo(copy.id)
        assert () == await library.undo_copies()
