"""`reprieve list`, `show` and `delete`: the backups in a store, whichever database they are of."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reprieve.core.errors import NotFound
from reprieve.core.job import Backup
from reprieve.transports.local.place import Place

from ..visible import visible
from ..wire import Members, on_wire
from . import words
from .asking import confirm
from .choosing import HELP, Choice, chosen, is_whole_id
from .opening import is_service, library_of, place_of, service_of
from .output import Output
from .parser import Commands
from .screen import columns

if TYPE_CHECKING:
    from reprieve.library import Library


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "list",
        list_backups,
        "List the backups, oldest first: all in the store, or those of one database.",
        example="reprieve list snippets.db",
    )
    parser.add_argument("database", metavar="DATABASE", nargs="?", help="only the backups of this one")
    Commands.add_database_id(parser)
    parser = commands.add("show", show, "Show one backup.", example="reprieve show latest")
    parser.add_argument("backup", metavar="BACKUP", help=HELP)
    parser = commands.add(
        "delete",
        delete,
        "Delete a backup: it is hidden; its data stays until a prune.",
        example="reprieve delete 20261122T1430",
    )
    parser.add_argument("backup", metavar="BACKUP", help=HELP)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def backups_in(place: Place) -> tuple[Backup, ...]:
    """Every backup in a store, oldest first; none where there is no repository yet."""
    try:
        return place.repository().backups()
    except NotFound:
        if place.is_empty():
            return ()
        raise


def choice_in(place: Place, wanted: str) -> Choice:
    """The backup in a store that is meant: a whole id is asked for by itself, whatever ails the others."""
    if is_whole_id(wanted):
        return Choice(place.repository().backup(wanted))
    return chosen(backups_in(place), wanted)


async def choice_at(service: Library, wanted: str, database: str | None = None) -> Choice:
    """The backup of a service that is meant; `latest` is that of `database`, if one is named."""
    if is_whole_id(wanted):
        return Choice(await service.backup(wanted))
    return chosen(await service.backups(), wanted, database)


def announce(choice: Choice, output: Output) -> Members:
    """Tell people what `latest` passed over; give the members of the result that tell programs."""
    if choice.notice:
        output.say(choice.notice)
    members: Members = {"backup": on_wire(choice.backup)}
    if choice.passed_over:
        members["passedOver"] = [backup.id for backup in choice.passed_over]
    return members


async def list_backups(asked: Namespace, output: Output) -> None:
    """All of the store, or those of one database."""
    others = 0
    if asked.database is None and is_service(asked.store):
        async with service_of(asked) as service:
            found = await service.backups()
    elif asked.database is None:
        found = await asyncio.to_thread(backups_in, place_of(asked))
    else:
        async with library_of(asked, asked.database) as library:
            found = await library.backups()
            others = await library.other_backups()
    members = {"backups": [on_wire(backup) for backup in found]}
    output.result(members | ({"otherBackups": others} if others else {}), lambda: _listed(found))
    if others:
        output.say(
            f"The store also holds {words.counted(others, 'backup')} of other databases: `reprieve list` "
            "without a database lists all. If this one was moved, name its earlier path by --database-id."
        )


async def show(asked: Namespace, output: Output) -> None:
    """One backup, with all that is known of it."""
    if is_service(asked.store):
        async with service_of(asked) as service:
            choice = await choice_at(service, asked.backup)
    else:
        choice = choice_in(place_of(asked), asked.backup)
    output.result(announce(choice, output), lambda: _shown(choice.backup))


async def delete(asked: Namespace, output: Output) -> None:
    """Hide one, after a yes."""
    if is_service(asked.store):
        async with service_of(asked) as service:
            choice = await choice_at(service, asked.backup)
            members = announce(choice, output)
            _confirm(asked, choice.backup)
            await service.delete(choice.backup.id)
    else:
        place = place_of(asked)
        choice = choice_in(place, asked.backup)
        members = announce(choice, output)
        _confirm(asked, choice.backup)
        place.repository().delete(choice.backup.id)
    output.result(members, lambda: f"Deleted the backup {visible(choice.backup.id)}.")


def _confirm(asked: Namespace, backup: Backup) -> None:
    question = f"This deletes the backup {visible(backup.id)} of {words.path(backup.database)}."
    confirm(question, json=asked.json, yes=asked.yes)


def _listed(backups: Sequence[Backup]) -> str:
    if not backups:
        return "There are no backups yet. `reprieve backup DATABASE` makes the first."
    now = words.utc_now()
    return words.table(
        ("BACKUP", "MADE", "SIZE", "ADDED", "DATABASE"),
        (
            (
                backup.id,
                words.made(backup.created, now),
                words.size(backup.bytes),
                words.size(backup.added),
                words.path(backup.database) + (" (damaged)" if backup.source_damaged else ""),
            )
            for backup in backups
        ),
        room=columns(),
    )


def _shown(backup: Backup) -> str:
    made = f"{words.moment(backup.created)}, {words.ago(backup.created, words.utc_now())}"
    return words.facts(
        (
            ("backup", backup.id),
            ("database", words.path(backup.database)),
            ("made", made),
            ("size", words.size(backup.bytes)),
            ("added", words.size(backup.added)),
            ("device", f"{backup.device_name} ({backup.platform})"),
            ("version", backup.version),
            ("damaged", "yes, as the database was" if backup.source_damaged else "no"),
        )
    )
