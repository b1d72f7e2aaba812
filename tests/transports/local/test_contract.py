"""The local transport keeps the contract, on real files."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from reprieve.transports.clock import RealClock
from reprieve.transports.contract import Setting, TransportContract
from reprieve.transports.local.home import Home
from reprieve.transports.local.place import Place
from reprieve.transports.local.transport import LocalTransport
from tests.support.databases import OLD, make_database, masked_pages


class TestLocal(TransportContract):
    @asynccontextmanager
    async def setting(self, folder: Path) -> AsyncIterator[Setting]:
        database = make_database(folder / "snippets.db", OLD, rows=50)
        place = Place(str(folder / "store"), Home(folder / "home", folder / "home"))
        yield Setting(
            lambda: LocalTransport(str(database), place),
            RealClock(),
            content=lambda: masked_pages(database),
            edit=lambda: edit(database),
        )


def edit(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO written (body) VALUES ('an edit')")
