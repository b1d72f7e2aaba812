"""The story that the demo tells: each step runs the real command line, then checks that it is true.

Knows the commands and what they promise. A claim that does not hold is told as such, and the demo
fails.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reprieve.core.errors import ExitCode
from reprieve.core.job import Job
from reprieve.transports.local.home import Home

from .. import words
from ..main import main
from ..output import TextOutput
from . import snippets
from .neighbours import Neighbour

DATABASE = "snippets.db"
HALF_WAY = 50.0


class Heard(TextOutput):
    """The words that a user sees; also keeps what was told, and presses Ctrl-C where it is asked to."""

    def __init__(self, interrupt_at: float | None = None) -> None:
        super().__init__()
        self.members: Mapping[str, Any] = {}
        self.reached = 0.0
        self._interrupt_at = interrupt_at

    def job(self, job: Job) -> None:
        super().job(job)
        if self._interrupt_at is not None and job.percentage >= self._interrupt_at and not job.final:
            self.reached, self._interrupt_at = job.percentage, None
            signal.raise_signal(signal.SIGINT)

    def result(
        self, members: Mapping[str, object], words: Callable[[], str], *, verbatim: bool = False
    ) -> None:
        super().result(members, words, verbatim=verbatim)
        self.members = members


class Story:
    """What has happened so far, and whether all of it was as it should be."""

    def __init__(self) -> None:
        self.true = True
        self._rows: list[tuple[str, str, str]] = []
        self._began = time.monotonic()

    def heading(self, words: str) -> None:
        """What comes now."""
        print(f"\n\033[1m{words}\033[0m" if sys.stdout.isatty() else f"\n{words}", flush=True)

    def run(self, *command: str, interrupt_at: float | None = None, remark: str = "") -> tuple[int, Heard]:
        """Run a command as a user would; its exit code and what it told."""
        print(f"$ reprieve {' '.join(command)}{remark and f'      # {remark}'}", flush=True)
        heard = Heard(interrupt_at)
        return main(command, heard), heard

    def check(self, claim: str, holds: bool) -> None:
        """Say whether something holds."""
        self.true = self.true and holds
        print(f"  {'ok' if holds else 'NOT TRUE'}: {claim}", flush=True)

    def happened(self, what: str, took: str, result: str) -> None:
        """A row of the table at the end."""
        self._rows.append((what, took, result))

    def end(self, kept: Path | None, reprieve: str) -> bool:
        """The table, and what to try next, with what `reprieve` is called by; whether all was true."""
        self.heading("What happened")
        print(words.table(("STEP", "TOOK", "RESULT"), self._rows))
        print(f"\n{'All of it as promised' if self.true else 'NOT all of it as promised'}, ", end="")
        print(f"in {time.monotonic() - self._began:.0f} s.")
        self.heading("Try next")
        if kept:
            print(f"  cd {kept}; export REPRIEVE_HOME=$PWD/home REPRIEVE_STORE=$PWD/store")
        name = DATABASE if kept else "DATABASE"
        for command in (f"backup {name}", "list", f"restore latest {name}", "watch", "offline fail_at=0.4"):
            print(f"  {reprieve} {command}")
        return self.true


def tell(size: int, kept: Path | None, reprieve: str) -> bool:
    """Play the demo in this folder with a library of `size` bytes; whether every claim came true.

    The folder is left as `kept`; `reprieve` is how the command is called by whoever tries it next.
    """
    story = Story()
    story.heading("A snippet library, made of Python's own source files")
    began = time.monotonic()
    number, files = snippets.build(DATABASE, size)
    took = f"{time.monotonic() - began:.2f} s"
    made = f"{words.size(os.path.getsize(DATABASE))}: {number:,} snippets of {files:,} files"
    print(f"{DATABASE}, {made}")
    story.happened("library built", took, made)
    with Neighbour("write", DATABASE) as writer, Neighbour("read", DATABASE) as reader:
        print("Two other programs use it from now on: one writes notes, one reads snippets.")
        _lived(story, writer, reader)
    return story.end(kept, reprieve)


def _lived(story: Story, writer: Neighbour, reader: Neighbour) -> None:
    original = snippets.fingerprint(DATABASE)
    first = _backup(story, "A first backup", "first backup")
    edited = snippets.change(DATABASE, 0.01)
    changed = snippets.fingerprint(DATABASE)
    _backup(story, f"Somebody edits 1 % of it ({edited:,} snippets); a second backup", "second backup")
    _cancelled(story, first, writer, changed)
    _restored(story, first, original)
    _reverted(story, changed)
    _neighbourly(story, writer, reader)


def _backup(story: Story, heading: str, step: str) -> str:
    story.heading(heading)
    code, heard = story.run("backup", DATABASE)
    story.check("the backup is made", code == ExitCode.DONE)
    backup = heard.members["backup"]
    told = f"{words.size(backup['added'])} stored for {words.size(backup['bytes'])}"
    story.happened(step, _took(heard), told)
    return str(backup["id"])


def _cancelled(story: Story, backup: str, writer: Neighbour, changed: str) -> None:
    story.heading("A restoration of the first backup, cancelled half-way")
    at, heard = HALF_WAY, Heard()
    code: int = ExitCode.DONE
    while at >= 1:
        code, heard = story.run(
            "restore", backup, DATABASE, "--yes", interrupt_at=at, remark=f"Ctrl-C at {at:.0f} %"
        )
        if code == ExitCode.CANCELLED:
            break
        print("It was done before it could be cancelled. Back, and once more, earlier:")
        story.run("revert", DATABASE)
        at /= 2
    written = writer.seen()["turns"]
    story.check("the restoration is cancelled", code == ExitCode.CANCELLED)
    story.check("the snippets are those of before", snippets.fingerprint(DATABASE) == changed)
    lost = set(range(1, written + 1)) - snippets.notes_in(DATABASE)
    story.check(f"all {written:,} notes that were written meanwhile are there", not lost)
    story.happened("restoration cancelled", "-", f"at {heard.reached:.0f} %; untouched, no note lost")


def _restored(story: Story, backup: str, original: str) -> None:
    story.heading("The first backup, restored into the live file")
    code, heard = story.run("restore", backup, DATABASE, "--yes")
    story.check("the restoration is done", code == ExitCode.DONE)
    story.check("the snippets are those of the first backup", snippets.fingerprint(DATABASE) == original)
    story.check("SQLite finds nothing wrong with the file", snippets.sound(DATABASE))
    story.happened("restored and verified", _took(heard), "while both programs had it open")


def _reverted(story: Story, changed: str) -> None:
    story.heading("And back again")
    code, heard = story.run("revert", DATABASE)
    story.check("the restoration is undone", code == ExitCode.DONE)
    story.check("the edited snippets are back", snippets.fingerprint(DATABASE) == changed)
    story.happened("reverted", _took(heard), "the edited snippets are back")


def _neighbourly(story: Story, writer: Neighbour, reader: Neighbour) -> None:
    """What the two others saw. A note is in the database or in a copy of what a job replaced."""
    story.heading("The two other programs")
    wrote, read = writer.seen(), reader.seen()
    copies = sorted(Home.find().undo.glob("*.db"))
    known = snippets.notes_in(DATABASE).union(*(snippets.notes_in(str(copy)) for copy in copies))
    notes = f"{wrote['turns']:,} notes written"
    story.check(f"{notes}: each is in the library or in a copy", set(range(1, wrote["turns"] + 1)) <= known)
    reads = f"{read['turns']:,} readings"
    story.check(f"{reads}: no snippet was torn or missing", not read["wrong"])
    story.happened("the writer", f"{wrote['longest']:.2f} s", f"{notes}, none lost; its longest wait")
    story.happened("the reader", f"{read['longest']:.2f} s", f"{reads}, none wrong; its longest wait")


def _took(heard: Heard) -> str:
    """How long the job itself ran, by its own account."""
    from datetime import datetime

    job = heard.members["job"]
    started, ended = (datetime.fromisoformat(job[moment]) for moment in ("startedAt", "endedAt"))
    return words.seconds(ended - started)
