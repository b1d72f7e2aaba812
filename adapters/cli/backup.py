"""`reprieve backup`: back a database up, and register it."""

from __future__ import annotations

import os
from argparse import Namespace

from reprieve.core.errors import InvalidRequest
from reprieve.core.job import Backup, Job

from ..visible import visible
from ..wire import Members, on_wire
from . import words
from .following import see_through
from .keys import ALLOW_WEAK, warn_of_weak
from .opening import is_local, is_service, library_of, place_of, register
from .output import Output
from .parser import Commands
from .recovery_code import offer_recovery_code, recovery_code_pending

USAGE = "reprieve backup [-h] [--store STORE] [...] DATABASE"
"""All options together would take four lines of a page that has to fit a screen."""


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "backup",
        backup,
        "Back a database up while it is in use.",
        more="What has not changed since the last backup is not stored again. Ctrl-C cancels:\n"
        "the database is never touched, and what was stored serves the next backup.",
        example="reprieve backup ~/.config/Code/User/globalStorage/state.vscdb",
    )
    parser.add_argument(
        "database", metavar="DATABASE", help="a path, or a service such as http://localhost:1000"
    )
    parser.add_argument("--key", metavar="KEY", help="the same key gives the same job: safe to repeat")
    parser.add_argument("--force", action="store_true", help="even if it is damaged; the backup is marked")
    parser.add_argument(
        "--new-store", action="store_true", help="even if the store held backups and is empty now"
    )
    parser.add_argument("--allow-weak", action="store_true", help=f"for a new store, {ALLOW_WEAK}")
    Commands.add_work_dir(parser)
    commands.add_record(parser)
    parser.usage = USAGE


async def backup(asked: Namespace, output: Output) -> None:
    """Back up, register, and say what it cost."""
    options = {name: True for name in ("force", "new_store", "allow_weak") if getattr(asked, name)}
    if options and is_service(asked.database):
        raise InvalidRequest(f"A service takes no {', '.join(map(_flag, options))}; give that where it runs.")
    async with library_of(asked, asked.database, expects_job=True, record=asked.record) as library:
        running = await library.create_backup(idempotency_key=asked.key, **options)
        job = await see_through(running, output)
        made = await running
    if asked.allow_weak:
        warn_of_weak(os.environ.get("REPRIEVE_PASSPHRASE"), output)
    members: Members = {"job": on_wire(job), "backup": on_wire(made)}
    if not is_local(asked.database):
        output.result(members, lambda: _made(job, made, made.database))
        return
    place = place_of(asked, asked.database)
    register(asked.database, place)
    if recovery_code_pending(place):
        members["recoveryCodePending"] = True
    output.result(members, lambda: _made(job, made, place.store))
    offer_recovery_code(place, json=asked.json)


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _made(job: Job, made: Backup, store: str) -> str:
    lines = [
        f"Backed up {words.path(made.database)}: {words.size(made.bytes)} in {words.took(job)}{_grew(made)}.",
        f"  backup  {visible(made.id)}",
        f"  store   {words.path(store)}",
    ]
    if made.source_damaged:
        lines.append("  The database is damaged, and so is this backup of it.")
    lines += (f"  Warning: {warning}" for warning in job.warnings)
    return "\n".join(lines)


def _grew(made: Backup) -> str:
    """By how much the store grew, where that is known."""
    if made.added is None:
        return ""
    return "; nothing had changed" if made.added == 0 else f"; the store grew by {words.size(made.added)}"
