"""From a path to the transport of a database on this machine, with the journal that its processes share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

import attrs

from ...core.errors import InvalidRequest
from ...core.ports import Clock
from ..clock import RealClock
from ..registry import Opened
from .home import Home
from .journal import SqliteJournal
from .leftovers import clear_up
from .names import canonical_database, canonical_folder, canonical_store, refuse_secrets
from .place import Place
from .registered import RegisteredDatabases
from .scope import Scope
from .transport import LocalTransport
from .undo_catalogue import drop_old


def open_local(
    target: str,
    *,
    store: str | None = None,
    home: Home | None = None,
    clock: Clock | None = None,
    passphrase: str | None = None,
    expects_job: bool = False,
    database_id: str | Sequence[str] = (),
    any_database: bool = False,
    work_dir: str | os.PathLike[str] | None = None,
    **unknown: object,
) -> Opened:
    """A database on this machine, its backups in `store` (a path or URL; by default see `store_of`).

    `home` is where reprieve keeps what is its own, `passphrase` opens a repository whose key is not
    there, `expects_job` says that a job follows at once. `database_id` names what this database was
    called before it was moved, as the store's backups call it: they count as its own. With `any_database`,
    another database's backup can be restored by its id. `work_dir` is the private folder in which plain
    copies of databases lie for a while; by default one in the home. Raises InvalidRequest for a folder that
    is not private, and for options that do not exist.
    """
    if unknown:
        raise InvalidRequest(f"A local database has no option {', '.join(sorted(unknown))}.")
    home = home or Home.find()
    RegisteredDatabases(home).require_no_link(target)
    database, where, journal = canonical_database(target), store_of(target, store, home), SqliteJournal(home)
    adopted = (database_id,) if isinstance(database_id, str) else tuple(database_id)
    names = frozenset((*adopted, *map(canonical_database, adopted)))
    options: dict[str, object] = {"store": where}
    if adopted:
        options["database_id"] = list(adopted)
    if work_dir is not None:
        options["work_dir"] = canonical_folder(work_dir)
        home = attrs.evolve(home, work=Path(str(options["work_dir"])))
        home.stages  # noqa: B018  # made, or refused, now
    return Opened(
        LocalTransport(
            database,
            Place(where, home, passphrase),
            scope=Scope(database, names, any_database),
            expects_job=expects_job,
        ),
        journal,
        clock or RealClock(),
        Random(),
        options,
        partial(_tidy, home, Path(database), journal),
    )


async def _tidy(home: Home, database: Path, journal: SqliteJournal) -> None:
    await clear_up(home, database, journal)
    await asyncio.to_thread(drop_old, home)


def store_of(database: str, given: str | None, home: Home) -> str:
    """Where a database's backups are: the store that is `given`, or else the one that it is registered with,
    or else REPRIEVE_STORE, or else the platform's data folder.

    Raises InvalidRequest for an empty name and for a URL with a secret in it, StorageError if the list of
    databases cannot be read.
    """
    known = RegisteredDatabases(home).find(database) if given is None else None
    if known is None:
        return canonical_store(given)
    refuse_secrets(known.store)
    return known.store
