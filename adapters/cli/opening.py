"""From a command's arguments to what it works on: a library, a repository's place, the machine's jobs.

The one file of the command line that knows how `--store`, the passphrase and targets with a scheme of their
own come together. Where a command names no database, `--store` may name a service instead of a store.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reprieve.core.errors import InvalidRequest
from reprieve.transports.registry import scheme_of

if TYPE_CHECKING:
    from reprieve.library import Library
    from reprieve.transports.local.place import Place

    from ..every_job import EveryJob


def is_local(target: str) -> bool:
    """Whether a target is a database on this machine, and not a service's URL."""
    return scheme_of(target) == "file"


def is_service(target: str | None) -> bool:
    """Whether a target, or what `--store` names, is the URL of a service."""
    return target is not None and scheme_of(target) in ("http", "https")


def service_of(asked: Namespace) -> Library:
    """The library of the service that `--store` names. Use it in an `async with`."""
    from reprieve.connecting import connect

    return connect(asked.store)


def library_of(
    asked: Namespace,
    target: str,
    *,
    expects_job: bool = False,
    record: str | None = None,
    any_database: bool = False,
) -> Library:
    """The library of the database that the arguments name. Use it in an `async with`.

    `expects_job` says that a job follows at once, `record` into which file all is recorded,
    `any_database` that the backup of another database may be restored.
    """
    from reprieve.connecting import connect

    database_id, work_dir = getattr(asked, "database_id", []), getattr(asked, "work_dir", None)
    if not is_local(target):
        refuse_local_options(database_id, work_dir)
        return connect(target, asked.store, record=record)
    return connect(
        target,
        asked.store,
        record=record,
        passphrase=asked.passphrase,
        expects_job=expects_job,
        database_id=database_id,
        any_database=any_database,
        work_dir=work_dir,
    )


def refuse_local_options(database_id: Sequence[str], work_dir: str | None) -> None:
    """Raise InvalidRequest for options that mean nothing but for a database of this machine."""
    if database_id:
        raise InvalidRequest("Only a database of this machine can have had another --database-id.")
    if work_dir:
        raise InvalidRequest("Only for a database of this machine there is a --work-dir.")


def place_of(asked: Namespace, database: str | None = None) -> Place:
    """The place of the repository that the arguments name: that of `database`, if one is named."""
    from reprieve.transports.local.home import Home
    from reprieve.transports.local.names import canonical_store
    from reprieve.transports.local.place import Place

    if database is None:
        return Place(canonical_store(asked.store), Home.find(), asked.passphrase)
    from reprieve.transports.local.opening import store_of

    home = Home.find()
    return Place(store_of(database, asked.store, home), home, asked.passphrase)


def register(database: str, place: Place) -> None:
    """Put a database on the list of those that its owner has named.

    One that is there keeps its store, whatever `--store` said this once. Raises NotFound where there is no
    file.
    """
    from reprieve.transports.local.registered import RegisteredDatabases

    listed = RegisteredDatabases(place.home)
    listed.register(database, None if listed.find(database) else place.store)


def every_job() -> EveryJob:
    """Every job of this machine. Use it in an `async with`."""
    from ..every_job import EveryJob

    return EveryJob()
