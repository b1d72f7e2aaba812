"""`reprieve jobs`, `status`, `cancel` and `watch`: the jobs of this machine, whoever runs them."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence

from reprieve.core.endings import raise_unless_completed
from reprieve.core.job import Job

from ..wire import on_wire
from . import words
from .following import show
from .opening import every_job
from .output import Output
from .parser import Commands
from .screen import columns

NEWEST = 20
NAMED = "its id, or how that begins; or a backup's id"


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "jobs",
        jobs,
        "List the jobs, newest first, whichever process runs them.",
        example="reprieve jobs --running",
        store=False,
    )
    parser.add_argument("--running", action="store_true", help="only those that have not ended")
    parser.add_argument(
        "--limit", metavar="N", type=_number, default=NEWEST, help=f"how many (by default {NEWEST})"
    )
    parser = commands.add(
        "status", status, "Show how a job stands.", example="reprieve status 5883aab", store=False
    )
    parser.add_argument("job", metavar="JOB", help=NAMED)
    parser = commands.add(
        "cancel",
        cancel,
        "Cancel a job, in whichever terminal it runs; returns when all is as before.",
        example="reprieve cancel 5883aab",
        store=False,
    )
    parser.add_argument("job", metavar="JOB", help=NAMED)
    parser = commands.add(
        "watch",
        watch,
        "Watch jobs as they go: one until it ends, or all until Ctrl-C.",
        example="reprieve watch",
        store=False,
    )
    parser.add_argument("job", metavar="JOB", nargs="?", help=f"{NAMED}; all jobs if left out")


async def jobs(asked: Namespace, output: Output) -> None:
    """The newest ones."""
    async with every_job() as known:
        found = await known.jobs(unsettled=asked.running, limit=asked.limit)
    output.result({"jobs": [on_wire(job) for job in found]}, lambda: _listed(found))


async def status(asked: Namespace, output: Output) -> None:
    """One of them."""
    async with every_job() as known:
        job = await known.named(asked.job)
    output.result({"job": on_wire(job)}, lambda: _shown(job))


async def cancel(asked: Namespace, output: Output) -> None:
    """Ask for it, and wait until it has ended. Raises TooLate or JobFailed."""
    async with every_job() as known:
        job = await known.follow(await known.named(asked.job)).cancel()
    said = f"Cancelled: {words.doing(job)}. Everything is as it was before."
    output.result({"job": on_wire(job)}, lambda: said)


async def watch(asked: Namespace, output: Output) -> None:
    """Show one until it ends, or all of them. Raises JobFailed or JobCancelled if the one ended so."""
    async with every_job() as known:
        if asked.job is None:
            async for update in known.watch():
                (output.end if update.final else output.job)(update)
            return
        job = await show(known.follow(await known.named(asked.job)), output)
    raise_unless_completed(job)
    output.result({"job": on_wire(job)}, lambda: _shown(job))


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"it is a number of at least 1, not {text!r}")
    return int(text)


def _listed(found: Sequence[Job]) -> str:
    if not found:
        return "There are no such jobs."
    return words.table(
        ("JOB", "ASKED FOR", "STATE", "TOOK", "WHAT"),
        (
            (job.id, words.moment(job.created), words.standing(job), words.took(job), words.doing(job))
            for job in found
        ),
        room=columns(),
    )


def _shown(job: Job) -> str:
    pairs = [
        ("job", job.id),
        ("what", words.doing(job)),
        ("database", words.path(job.database)),
        ("state", words.standing(job)),
        ("phase", job.progress.phase or "-"),
        ("attempt", str(job.attempt)),
        ("asked for", words.moment(job.created)),
        ("ended", words.moment(job.ended)),
        ("took", words.took(job)),
    ]
    backup = job.backup_id or (job.backup.id if job.backup else None)
    if backup:
        pairs.append(("backup", backup))
    if job.undo:
        pairs.append(("undo copy", job.undo.id))
    if job.error:
        pairs.append(("error", job.error.message))
    pairs += (("warning", warning) for warning in job.warnings)
    return words.facts(pairs)
