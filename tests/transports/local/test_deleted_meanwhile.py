"""A Backup that is deleted once its restoration was asked for: a delete hides it, and takes nothing away."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import reprieve
from reprieve.core.errors import NotFound
from reprieve.core.lifecycle import Outcome
from tests.support.databases import OLD, content_of, make_database


async def test_it_is_restored_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRIEVE_HOME", str(tmp_path / "home"))
    database = make_database(tmp_path / "snippets.db", OLD, rows=50)
    before = content_of(database)

    async with reprieve.connect(database, store=tmp_path / "store") as library:
        backup = await (await library.create_backup())
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("UPDATE content SET tag = 7")
        restoration = await library.restore(backup.id)
        await library.delete(backup.id)
        asked = await library.restoration_status(backup.id)
        ended = await restoration.settled()

        assert (backup, Outcome.COMPLETED, backup) == (asked.source, ended.outcome, ended.backup)
        assert before == content_of(database)
        assert () == await library.backups()
        with pytest.raises(NotFound):
            await library.restore(backup.id)
