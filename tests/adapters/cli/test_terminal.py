"""At a terminal (a pty): questions, the recovery code, bars."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import COMMAND, DEADLINE, Reprieve, content, write

pytestmark = pytest.mark.needs("pty")


class Terminal:
    """A command at a terminal of 80 columns: what it shows, and what is typed."""

    def __init__(self, reprieve: Reprieve, *words: str, **environment: str) -> None:
        import pty

        self.shown = ""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(reprieve.folder)
            own = {**reprieve.environment, "TERM": "xterm-256color", **environment}
            os.execve(sys.executable, [*COMMAND, *words], own)

    def until(self, words: str) -> str:
        """What is shown up to these words."""
        while words not in self.shown:
            assert self._more(), f"It ended with {self.shown!r}"
        return self.shown

    def type(self, words: str) -> None:
        os.write(self._terminal, words.encode())

    def end(self) -> int:
        """Its exit code, once all is shown."""
        while self._more():
            pass
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _more(self) -> bool:
        import select

        ready, _, _ = select.select([self._terminal], [], [], DEADLINE)
        assert ready, f"Nothing more came after {self.shown!r}"
        try:
            said = os.read(self._terminal, 1 << 16)
        except OSError:  # how Linux says that nobody has the terminal open any more
            return False
        self.shown += said.decode(errors="replace")
        return bool(said)


def _changed_since_its_backup(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    write(database, "INSERT INTO t VALUES ('second')")


def test_a_yes_restores(reprieve: Reprieve, database: Path) -> None:
    _changed_since_its_backup(reprieve, database)
    terminal = Terminal(reprieve, "restore", "latest", "snippets.db")
    asked = terminal.until("[y/N] ")
    terminal.type("y\n")

    assert 0 == terminal.end()
    assert ["first"] == content(database)
    assert "This replaces" in asked
    assert "8.0 KiB, last changed" in asked
    assert "8.0 KiB, made" in asked


@pytest.mark.parametrize("answer", ["\n", "n\n", "\x03", "\x04"])
def test_anything_else_changes_nothing(reprieve: Reprieve, database: Path, answer: str) -> None:
    _changed_since_its_backup(reprieve, database)
    terminal = Terminal(reprieve, "restore", "latest", "snippets.db")
    terminal.until("[y/N] ")
    terminal.type(answer)

    assert 130 == terminal.end()
    assert ["first", "second"] == content(database)
    assert "Traceback" not in terminal.shown


def test_the_recovery_code_is_shown_once_and_only_on_a_terminal(reprieve: Reprieve, database: Path) -> None:
    unseen = reprieve("backup", "snippets.db")
    first = Terminal(reprieve, "backup", "snippets.db")
    assert 0 == first.end()
    second = Terminal(reprieve, "backup", "snippets.db")
    assert 0 == second.end()
    code = reprieve("key", "show", "--json").result["recoveryCode"]

    def letters(text: str) -> str:
        return "".join(text.split()).replace("-", "")

    assert letters(code) in letters(first.shown)
    assert "write it down" in first.shown
    assert letters(code) not in letters(second.shown)
    assert letters(code) not in letters(unseen.out + unseen.err)


def test_a_passphrase_is_asked_for_where_there_is_no_key(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    reprieve("key", "add-passphrase", REPRIEVE_NEW_PASSPHRASE=" open sesame ")
    terminal = Terminal(reprieve, "list", REPRIEVE_HOME=str(reprieve.folder / "other machine"))
    terminal.until("Passphrase: ")
    terminal.type(" open sesame \n")

    assert 0 == terminal.end()
    assert "snippets.db" in terminal.shown
    assert "open sesame" not in terminal.shown


def test_a_new_passphrase_is_typed_twice_and_never_shown(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db")
    terminal = Terminal(reprieve, "key", "add-passphrase")
    terminal.until("New passphrase: ")
    terminal.type("open sesame\n")
    terminal.until("again: ")
    terminal.type("open barley\n")

    assert 2 == terminal.end()
    assert "not the same" in terminal.shown
    assert "open" not in terminal.shown


def test_a_bar_shows_phase_bytes_and_rate_and_ctrl_c_clears_it(reprieve: Reprieve) -> None:
    terminal = Terminal(reprieve, "offline", "hang_at=0.5", "speed=4")
    terminal.until("MiB/s")
    terminal.until(" 50 %")
    terminal.type("\x03")

    assert 130 == terminal.end()
    assert "reading" in terminal.shown
    assert "Cancelling" in terminal.shown
    assert "\x1b[?25h" in terminal.shown.split("Cancelling")[1]  # the cursor is back


def test_a_second_ctrl_c_gives_the_cursor_back(reprieve: Reprieve) -> None:
    terminal = Terminal(reprieve, "offline", "hang_at=0.5", "speed=4", "cancel_delay=3600")
    terminal.until(" 50 %")
    terminal.type("\x03")
    terminal.until("Cancelling")
    terminal.type("\x03")

    assert 130 == terminal.end()
    assert "\x1b[?25h" in terminal.shown
    assert "left at once" in terminal.shown


def test_watching_all_jobs_leaves_a_line_for_each_end(
    reprieve: Reprieve, database: Path, write_lock: Callable[[Path], sqlite3.Connection]
) -> None:
    (reprieve.folder / "words.txt").write_text("no database, but long enough to be looked at " * 20)
    reprieve("backup", "snippets.db")
    holder = write_lock(database)
    restoring = reprieve.start("restore", "latest", "snippets.db", "--yes")
    terminal = Terminal(reprieve, "watch")
    terminal.until("Restoring into snippets.db")
    holder.close()
    terminal.until("Restoring into snippets.db: completed")
    reprieve("backup", "words.txt")
    terminal.until("Backing up words.txt: failed: ")
    terminal.type("\x03")

    restoring.communicate(timeout=DEADLINE)
    assert (0, 130) == (restoring.returncode, terminal.end())


@pytest.mark.parametrize("command", ["list", "jobs", "databases", "restore latest nosuch.db"])
def test_on_a_narrow_terminal_no_word_is_broken(reprieve: Reprieve, database: Path, command: str) -> None:
    """A terminal breaks a line that is too long wherever it ends; only a single long word may be one."""
    reprieve("backup", "snippets.db")
    terminal = Terminal(reprieve, *command.split(), COLUMNS="60")
    terminal.end()

    lines = terminal.shown.splitlines()
    assert "snippets.db" in terminal.shown or "nosuch.db" in terminal.shown
    assert [] == [line for line in lines if len(line) > 60 and len(line.split()) > 1]


def test_a_terminal_that_cannot_draw_gets_plain_lines(reprieve: Reprieve) -> None:
    terminal = Terminal(reprieve, "offline", "clock=virtual", TERM="dumb")

    assert 0 == terminal.end()
    assert "\x1b" not in terminal.shown
    assert "Backing up offline: completed" in terminal.shown


def test_a_job_that_waits_is_shown(reprieve: Reprieve, database: Path) -> None:
    """Even if all that it had to say before it waits was said too early for a bar."""
    _changed_since_its_backup(reprieve, database)
    writer = sqlite3.connect(database)
    writer.execute("BEGIN IMMEDIATE")
    terminal = Terminal(reprieve, "restore", "latest", "snippets.db", "--yes")

    terminal.until(" %")
    terminal.type("\x03")

    assert 130 == terminal.end()
    writer.close()
