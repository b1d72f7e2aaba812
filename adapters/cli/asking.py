"""Questions to a person at a terminal: a yes, a passphrase, a recovery code.

Knows prompts and terminals; what is asked about is the caller's. Never asks a program: without a
terminal (or with --json) a question is an InvalidRequest that says what to give instead.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from reprieve.core.errors import ExitCode, InvalidRequest, ReprieveError

from .screen import show


class Declined(ReprieveError):
    """The person said no; nothing was changed."""

    kind = "declined"
    exit_code = ExitCode.CANCELLED


def person_present(json: bool) -> bool:
    """Whether somebody is there to be asked."""
    return not json and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, json: bool, yes: bool) -> None:
    """Return if `--yes` was given or the person says so.

    Raises Declined for a no, InvalidRequest where nobody can be asked.
    """
    if yes:
        return
    if not person_present(json):
        raise InvalidRequest(
            "This wants a yes, and there is no terminal to ask on: give --yes. Nothing was changed."
        )
    show(question, sys.stderr)
    with _ctrl_c_ends_it():
        print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
    if answer.strip().lower() not in ("y", "yes"):
        raise Declined("Nothing was changed.")


def secret(prompt: str, *, json: bool, instead: str) -> str:
    """What the person types, unseen; blanks at its ends count. Raises InvalidRequest without a terminal."""
    if not person_present(json):
        raise InvalidRequest(f"There is no terminal to ask on: {instead}.")
    from getpass import getpass

    with _ctrl_c_ends_it():
        return getpass(prompt)


@contextmanager
def _ctrl_c_ends_it() -> Iterator[None]:
    """A prompt inside asyncio.run would swallow the first Ctrl-C: its handler cancels a task and returns."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
