"""From a bridge's target to its opened library, or to the reason why there is nothing to be a bridge to.

Knows paths and stores as far as that reason is concerned; nothing of who talks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import InvalidRequest, KeyRequired, NotFound, ReprieveError
from reprieve.transports.registry import in_real_time, scheme_of

if TYPE_CHECKING:
    from reprieve import Library


def library_of(
    target: str,
    store: str | None,
    passphrase: str | None,
    database_id: Sequence[str] = (),
    work_dir: str | None = None,
) -> Library:
    """The library of a bridge's target. Use it in an `async with`.

    Each `database_id` is what the database was called before it was moved; `work_dir` is where plain copies
    of it lie for a while.
    """
    from reprieve import connect

    local = scheme_of(target) == "file"
    if (database_id or work_dir) and not local:
        raise InvalidRequest(
            "Only a database of this machine can have had another databaseId, or has a --work-dir; leave "
            "it out."
        )
    options: dict[str, Any] = {"passphrase": passphrase} if local and passphrase else {}
    if database_id:
        options["database_id"] = database_id
    if work_dir:
        options["work_dir"] = work_dir
    return connect(in_real_time(target), store, long_lived=True, **options)


async def open_library(
    target: str,
    store: str | None,
    passphrase: str | None,
    database_id: Sequence[str] = (),
    work_dir: str | None = None,
) -> Library:
    """The library, opened. Raises NotFound for a database of which there is nothing, KeyRequired, others."""
    library = library_of(target, store, passphrase, database_id, work_dir)
    if scheme_of(target) == "file":
        await asyncio.to_thread(_need_key, target, store, passphrase)
    await library.__aenter__()
    try:
        if scheme_of(target) == "file":
            await _need_anything(library)
    except BaseException:
        await library.__aexit__(None, None, None)
        raise
    return library


def _need_key(target: str, store: str | None, passphrase: str | None) -> None:
    """Raises KeyRequired. Whatever else is wrong with the store, its own request is told."""
    from reprieve.transports.local.home import Home
    from reprieve.transports.local.opening import store_of
    from reprieve.transports.local.place import Place

    home = Home.find()
    try:
        Place(store_of(target, store, home), home, passphrase).repository()
    except KeyRequired:
        raise
    except ReprieveError:
        return


async def _need_anything(library: Library) -> None:
    """Raises NotFound where there is neither a database nor anything to make one of."""
    database = library.database
    if os.path.isdir(database):
        raise InvalidRequest(f"{database} is a folder; name a database's file.")
    if os.path.lexists(database) or await library.backups() or await library.undo_copies():
        return
    others = await library.other_backups()
    moved = (
        f" The store holds {others} of other databases: if this is one of them that was moved, give its id "
        "there by --database-id (databaseId)."
    )
    nothing = f"There is no file {database}, and no backup of it; check the path, and the store."
    raise NotFound(nothing + moved if others else nothing)
