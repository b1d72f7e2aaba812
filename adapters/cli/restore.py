"""`reprieve restore` and `revert`: put a backup back, and the way back from that."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from reprieve.core.errors import InvalidRequest, NotFound
from reprieve.core.job import Backup, Job, UndoCopy
from reprieve.core.operations import Operation
from reprieve.library import Library

from ..wire import Members, on_wire
from . import words
from .asking import confirm
from .catalog import announce, choice_at, choice_in
from .choosing import HELP, LATEST, Choice
from .following import see_through
from .opening import is_local, is_service, library_of, place_of
from .output import Output
from .parser import Commands
from .screen import columns

RESTORE_USAGE = "reprieve restore [-h] [--store STORE] [--yes] [...] BACKUP DATABASE"
"""All options together would take four lines of a page that has to fit a screen."""

REVERT_USAGE = """\
reprieve revert [-h] [--store STORE] [--json]
                       [--to ID | --list | --forget ID] [--yes]
                       [--work-dir FOLDER] DATABASE"""
"""argparse breaks a line of choices at other places from Python 3.13 on."""


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "restore",
        restore,
        "Put a backup back in place of the whole database, which may be in use.",
        more="Asks first. What the database held is kept: `reprieve revert` brings it back.",
        example="reprieve restore latest snippets.db",
    )
    parser.add_argument("backup", metavar="BACKUP", help=HELP)
    parser.add_argument("database", metavar="DATABASE", help="what is replaced; made if there is none")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--key", metavar="KEY", help="the same key gives the same job: safe to repeat")
    parser.add_argument(
        "--force",
        action="store_true",
        help="even with another encoding, a network disk, or damage",
    )
    parser.add_argument("--any-database", action="store_true", help="even the backup of another database")
    Commands.add_database_id(parser)
    Commands.add_work_dir(parser)
    parser.usage = RESTORE_USAGE
    parser = commands.add(
        "revert",
        revert,
        "Undo the last restoration; what was written since is kept as well.",
        more="Each can be reverted. The last 3 copies stay, older ones for 7 days of use.",
        example="reprieve revert snippets.db",
    )
    parser.add_argument("database", metavar="DATABASE", help="the database that was restored")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--to", metavar="ID", help="go back to this copy, not to the newest")
    which.add_argument("--list", action="store_true", help="list what can be gone back to")
    which.add_argument("--forget", metavar="ID", help="drop a copy for good")
    parser.add_argument("--yes", action="store_true", help="with --forget: do not ask")
    Commands.add_work_dir(parser)
    parser.usage = REVERT_USAGE


async def restore(asked: Namespace, output: Output) -> None:
    """Find the backup, ask, restore, and say how to go back."""
    if (asked.force or asked.any_database) and is_service(asked.database):
        raise InvalidRequest("A service takes no --force and no --any-database; restore where it runs.")
    async with library_of(asked, asked.database, any_database=True) as library:
        choice = await _wanted(asked, library)
        if is_local(asked.database) and not asked.any_database:
            await _refuse_mixed_up(library, choice.backup)
        backup, members = choice.backup, announce(choice, output)
        if is_local(asked.database) and os.path.exists(library.database):
            confirm(_question(library.database, backup), json=asked.json, yes=asked.yes)
        elif is_service(asked.database):
            confirm(_question_of_service(library, backup), json=asked.json, yes=asked.yes)
        options = {"force": True} if asked.force else {}
        running = await library.restore(backup.id, idempotency_key=asked.key, **options)
        job = await see_through(running, output)
    output.result({**_job_and(job.undo, job), **members}, lambda: _restored(job, backup))


async def revert(asked: Namespace, output: Output) -> None:
    """Go back, or list or drop what could be gone back to."""
    async with library_of(asked, asked.database) as library:
        if asked.list:
            copies = await library.undo_copies()
            output.result({"undoCopies": [on_wire(copy) for copy in copies]}, lambda: _copies(copies))
        elif asked.forget:
            if asked.forget not in {copy.id for copy in await library.undo_copies()}:
                raise NotFound(
                    f"There is no copy {asked.forget} of {library.database}; "
                    f"`reprieve revert {words.path(library.database)} --list` shows those that there are."
                )
            question = f"This drops the copy {asked.forget} of {words.path(library.database)} for good."
            confirm(question, json=asked.json, yes=asked.yes)
            await library.forget_undo(asked.forget)
            output.result({"undo": {"id": asked.forget}}, lambda: f"Dropped the copy {asked.forget}.")
        else:
            running = await library.revert(asked.to)
            job = await see_through(running, output)
            kept = await running
            output.result(_job_and(kept, job), lambda: _reverted(job, kept))


async def _wanted(asked: Namespace, library: Library) -> Choice:
    """The backup that is meant: of this database, or one in its store that may be restored to it."""
    if asked.backup == LATEST or not is_local(asked.database):
        return await choice_at(library, asked.backup, library.database)
    return choice_in(place_of(asked, asked.database), asked.backup)


async def _refuse_mixed_up(library: Library, backup: Backup) -> None:
    """Raise NotFound for another database's backup, where one of this database may have been meant.

    A file that is not there, or of which the store has no backup, may get any: as on another machine.
    """
    from reprieve.transports.local.scope import Scope

    own = await library.backups() if os.path.lexists(library.database) else ()
    if own and backup.id not in {one.id for one in own}:
        Scope(library.database).require(backup)


def _job_and(kept: UndoCopy | None, job: Job) -> Members:
    """A settled job, and what it replaced: nothing, where there was no file."""
    members: Members = {"job": on_wire(job)}
    return {**members, "undo": on_wire(kept)} if kept else members


def _question(database: str, backup: Backup) -> str:
    status = os.stat(database)
    changed = max(status.st_mtime, _modified(f"{database}-wal"))
    now = words.utc_now()
    last = datetime.fromtimestamp(changed, UTC)
    of = "" if backup.database == database else f" of {words.path(backup.database)}"
    return (
        f"This replaces {words.path(database)}\n"
        f"  now     {words.size(status.st_size)}, last changed {words.moment(last)} "
        f"({words.ago(last, now)})\n"
        f"  backup  {words.size(backup.bytes)}, made {words.moment(backup.created)} "
        f"({words.ago(backup.created, now)}){of}\n"
        "What it holds now is kept; `reprieve revert` brings it back."
    )


def _question_of_service(service: Library, backup: Backup) -> str:
    way_back = "`reprieve revert` brings back what it holds now."
    if Operation.REVERT not in service.operations:
        way_back = "There may be no way back: this service has no `revert`."
    return (
        f"This replaces the whole database of {service.database}\n"
        f"  backup  {words.size(backup.bytes)}, made {words.moment(backup.created)} "
        f"({words.ago(backup.created, words.utc_now())})\n"
        f"{way_back}"
    )


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return 0.0


def _restored(job: Job, backup: Backup) -> str:
    lines = [
        f"Restored {words.path(job.database)}: {words.size(backup.bytes)} in {words.took(job)}, "
        f"as it was on {words.made(backup.created, words.utc_now())}."
    ]
    if job.undo:
        lines.append(f"  `reprieve revert {words.path(job.database)}` brings back what it held before.")
    return "\n".join(lines)


def _reverted(job: Job, kept: UndoCopy | None) -> str:
    lines = [f"Reverted {words.path(job.database)} in {words.took(job)}: it holds again what it held before."]
    if kept:
        lines.append(f"  What it held until now is kept as {kept.id}; another revert brings that back.")
    return "\n".join(lines)


def _copies(copies: Sequence[UndoCopy]) -> str:
    if not copies:
        return "There is nothing to go back to: no restoration has replaced anything lately."
    now = words.utc_now()
    return words.table(
        ("COPY", "MADE", "SIZE", "REPLACED BY"),
        ((copy.id, words.made(copy.created, now), words.size(copy.bytes), copy.reason) for copy in copies),
        room=columns(),
    )
