"""What an older version has backed up without a mark restores with this one."""

from __future__ import annotations

import zipfile
from contextlib import closing
from pathlib import Path

import apsw

from reprieve.transports.local.home import Home
from reprieve.transports.local.place import Place
from reprieve.transports.local.restore import Source, restore
from tests.transports.local.restore.steps import MemorySteps

from .foreign import supply_words

STORE = Path(__file__).with_name("store-0.1.0.zip")
"""Made by 0.1.0, with its key: a database with a function, a collation and a tokenizer of its own."""


def test_a_backup_of_0_1_restores(tmp_path: Path) -> None:
    with zipfile.ZipFile(STORE) as packed:
        packed.extractall(tmp_path)
    for key in (tmp_path / "home" / "keys").iterdir():
        key.chmod(0o600)
    home = Home(tmp_path / "home", tmp_path / "home")
    repository = Place(str(tmp_path / "store"), home).repository()
    (backup,) = repository.backups()
    reader = repository.reader(backup.id)
    target = tmp_path / "restored.db"

    source = Source(reader.page_size, reader.size, reader.spans())
    restore(source, target, job_id="job", home=home, steps=MemorySteps())

    assert not backup.source_damaged
    with closing(apsw.Connection(str(target))) as connection:
        supply_words(connection)
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        assert [(20,)] == connection.execute("SELECT count(*) FROM note").fetchall()
