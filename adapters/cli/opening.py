"""From a command's arguments to what it works on: a library, a repository's place, the machine's jobs.

The one file of the command line that knows how `--store`, the registered databases, the passphrase and
targets with a scheme of their own come together.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from reprieve.transports.registry import scheme_of

if TYPE_CHECKING:
    from reprieve.library import Library
    from reprieve.transports.local.place import Place

    from ..every_job import EveryJob


def is_local(target: str) -> bool:
    """Whether a target is a database on this machine, and not a service's URL."""
    return scheme_of(target) == "file"


def library_of(asked: Namespace, target: str, *, expects_job: bool = False) -> Library:
    """The library of the database that the arguments name. Use it in an `async with`.

    `expects_job` says that a job will be asked for at once.
    """
    from reprieve.connecting import connect

    if not is_local(target):
        return connect(target, asked.store)
    return connect(target, store_of(asked, target), passphrase=asked.passphrase, expects_job=expects_job)


def store_of(asked: Namespace, database: str) -> str:
    """Where a database's backups go: `--store`, else where it was registered with, else the default."""
    from reprieve.transports.local.home import Home
    from reprieve.transports.local.names import canonical_store
    from reprieve.transports.local.registered import RegisteredDatabases

    known = None if asked.store else RegisteredDatabases(Home.find()).find(database)
    return known.store if known else canonical_store(asked.store)


def place_of(asked: Namespace, database: str | None = None) -> Place:
    """The place of the repository that the arguments name."""
    from reprieve.transports.local.home import Home
    from reprieve.transports.local.names import canonical_store
    from reprieve.transports.local.place import Place

    store = canonical_store(asked.store) if database is None else store_of(asked, database)
    return Place(store, Home.find(), asked.passphrase)


def every_job() -> EveryJob:
    """Every job of this machine. Use it in an `async with`."""
    from ..every_job import EveryJob

    return EveryJob()
