"""`reprieve offline`: play a scenario of the offline service, and watch it go."""

from __future__ import annotations

from argparse import Namespace
from urllib.parse import urlencode

from reprieve.core.errors import InvalidRequest

from ..wire import on_wire
from . import words
from .following import see_through
from .output import Output
from .parser import Commands

WATCHABLE = {"clock": "real"}
"""In virtual time a scenario is over at once: nothing to watch."""


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "offline",
        offline,
        "Play a scenario of the offline service: no disk, no network.",
        more="A scenario is a TOML file, or parameters: size, rate, fail_at, fail, hang_at,\n"
        "drop_at, cancel_delay, latency, seed … A wrong name lists them all. It is played\n"
        "in real time; clock=virtual plays it at once, speed=10 ten times as fast.",
        example="reprieve offline fail_at=0.4 fail=temporary speed=4",
        store=False,
    )
    parser.add_argument(
        "scenario", metavar="FILE|NAME=VALUE", nargs="*", help="a scenario's file, and parameters"
    )
    parser.add_argument("--restore", action="store_true", help="restore the backup afterwards")
    commands.add_record(parser)


async def offline(asked: Namespace, output: Output) -> None:
    """A creation, and then perhaps a restoration of what it made."""
    from reprieve.connecting import connect

    async with connect(url_of(asked.scenario), record=asked.record) as library:
        running = await library.create_backup()
        job = await see_through(running, output)
        backup = await running
        if asked.restore:
            job = await see_through(await library.restore(backup.id), output)
    members = {"job": on_wire(job), "backup": on_wire(backup)}
    attempts = "" if job.attempt == 1 else f", in {words.counted(job.attempt, 'attempt')}"
    said = f"{words.doing(job)}: {words.standing(job)} in {words.took(job)}{attempts}."
    output.result(members, lambda: said)


def url_of(words_given: list[str]) -> str:
    """The offline target that these words say: at most one file, and NAME=VALUE."""
    files = [word for word in words_given if "=" not in word]
    if len(files) > 1:
        raise InvalidRequest(f"A scenario is one file, not {', '.join(files)}; parameters are NAME=VALUE.")
    given = [(name, value) for name, sign, value in (word.partition("=") for word in words_given) if sign]
    named = {name for name, _ in given}
    usual = [] if files else [(name, value) for name, value in WATCHABLE.items() if name not in named]
    return f"offline:{files[0] if files else ''}?{urlencode([*usual, *given])}"
