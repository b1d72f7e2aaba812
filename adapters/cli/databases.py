"""`reprieve register`, `unregister` and `databases`: the databases that their owner has named."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence

from reprieve.core.errors import InvalidRequest
from reprieve.transports.local.home import Home
from reprieve.transports.local.registered import RegisteredDatabase, RegisteredDatabases

from ..wire import Members, moment
from . import words
from .opening import is_local
from .output import Output
from .parser import Commands
from .screen import columns


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "register",
        register,
        "Register a database, and the store that its backups go to.",
        more="`reprieve backup` does it by itself. Services offer registered databases only.\n"
        "Registered again with --store, its next backups go to that one.",
        example="reprieve register snippets.db --store /mnt/backups",
    )
    parser.add_argument("database", metavar="DATABASE", help="the path of a database")
    parser = commands.add(
        "unregister",
        unregister,
        "Take a database off the list; its file and its backups stay.",
        example="reprieve unregister snippets.db",
        store=False,
    )
    parser.add_argument("database", metavar="DATABASE", help="the path of a registered database")
    commands.add(
        "databases",
        databases,
        "List the registered databases.",
        example="reprieve databases",
        store=False,
    )


async def register(asked: Namespace, output: Output) -> None:
    """Put one on the list, or give one that is there another store."""
    if not is_local(asked.database):
        raise InvalidRequest(f"{asked.database} is no file of this machine; only those are registered.")
    before = _list().find(asked.database)
    known = _list().register(asked.database, asked.store)
    until_now = f" (until now {words.path(before.store)})" if before and before.store != known.store else ""
    said = f"Registered {words.path(known.path)}; its backups go to {words.path(known.store)}{until_now}."
    output.result({"database": _on_wire(known)}, lambda: said)


async def unregister(asked: Namespace, output: Output) -> None:
    """Take one off the list."""
    known = _list().unregister(asked.database)
    output.result(
        {"database": _on_wire(known)}, lambda: f"{words.path(known.path)} is not registered any more."
    )


async def databases(asked: Namespace, output: Output) -> None:
    """The list."""
    found = _list().all()
    output.result({"databases": [_on_wire(known) for known in found]}, lambda: _listed(found))


def _list() -> RegisteredDatabases:
    return RegisteredDatabases(Home.find())


def _on_wire(known: RegisteredDatabase) -> Members:
    return {
        "database": known.path,
        "store": known.store,
        "registered": moment(known.registered),
        "state": _state(known),
    }


def _state(known: RegisteredDatabase) -> str:
    try:
        return "there" if known.is_the_file(os.stat(known.path)) else "replaced"
    except OSError:
        return "missing"


def _listed(found: Sequence[RegisteredDatabase]) -> str:
    if not found:
        return "No database is registered yet. `reprieve backup DATABASE` registers one."
    return words.table(
        ("DATABASE", "FILE", "REGISTERED", "STORE"),
        (
            (words.path(known.path), _state(known), words.moment(known.registered), words.path(known.store))
            for known in found
        ),
        room=columns(),
    )
