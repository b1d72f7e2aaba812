"""Plays a page: writes its files, runs its commands and scripts, and compares what they print.

    ```console              commands after `$ `, each with what it prints; `^C` is pressed where it stands
    ```console meanwhile    run while the last command of the block before is still under way
                            (a job, or a service; then `^C` there is pressed afterwards)
    ```python               a script, run at once
    ```python NAME          a file, for a command that comes later (so for toml, json, …)

Everything happens in one temporary home folder, in which there is a database, `snippets.db`. A port from
39300 to 39399 on a page stands for one that is free here.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import attrs

from tests.sdks.environments import NODE_FOLDER

from .likeness import CODE_LINE, Likeness
from .pages import Block, Page
from .terminal import Terminal

NOT_RUN = {
    "make demo": "it is run by the command line's own tests",
    "make test": "this is it",
    "pip install .": "it would change the environment that the tests run in",
    "uv tool install .": "it would install into the user's own tools",
}
"""Commands that are not run here, and why."""

SHOWN_HOME = "/home/ada"
"""Whose pages these are, where a command prints a whole path."""

PORT = re.compile(r"\b393\d\d\b")

FAILURES = ("reprieve: ", '{"type":"error"')
"""How a command says that it failed; its exit code has to say so as well."""

PASSPHRASE = "correct horse battery staple"
ROWS = 400

SERVE = "reprieve serve "
LISTENS = (SERVE, "reprieve bridge --socket ")
SERVES = "until Ctrl-C"
"""What a service says once it can be called."""

USUAL_PORT = 39300


@attrs.frozen
class Command:
    """A command of a console block, and what the page shows that it prints."""

    line: str
    shows: str

    @property
    def interrupted(self) -> bool:
        return "^C" in self.shows


def commands_of(block: Block) -> tuple[Command, ...]:
    """What stands after each `$ `, a trailing backslash continuing it, and the lines up to the next."""
    parts = f"\n{block.text}".split("\n$ ")
    assert not parts[0].strip(), f"line {block.line}: a console block begins with a command"
    return tuple(Command(*_halves(part)) for part in parts[1:])


def _halves(part: str) -> tuple[str, str]:
    line, _, shows = part.partition("\n")
    while line.endswith("\\"):
        more, _, shows = shows.partition("\n")
        line = f"{line[:-1]}{more.strip()}"
    return line, shows


@attrs.define
class Player:
    """One page being played in `home`."""

    home: Path
    likeness: Likeness = attrs.field(factory=Likeness)
    ports: dict[str, str] = attrs.field(factory=dict)
    recovery_code: str = ""

    def play(self, page: Page) -> None:
        """Play it from its first block to its last."""
        make_database(self.home / "snippets.db")
        blocks = page.blocks
        for at, block in enumerate(blocks):
            following = blocks[at + 1] if at + 1 < len(blocks) else None
            if block.name == "meanwhile":
                continue
            if block.name:
                (self.home / block.name).write_text(self._with_free_ports(block.text), "utf-8")
            elif block.language == "python":
                (self.home / "example.py").write_text(block.text, "utf-8")
                self._run(page, block, Command("python example.py", "..."), None)
            elif block.language == "console":
                meanwhile = following if following and following.name == "meanwhile" else None
                self._run_all(page, block, meanwhile)

    def _run_all(self, page: Page, block: Block, meanwhile: Block | None) -> None:
        *earlier, last = commands_of(block)
        for command in earlier:
            self._run(page, block, command, None)
        self._run(page, block, last, meanwhile)

    def _run(self, page: Page, block: Block, command: Command, meanwhile: Block | None) -> None:
        if command.line in NOT_RUN:
            return
        line = self.likeness.real(command.line)
        with Terminal(self._with_free_ports(line), self.home, self.env(), self._answer) as terminal:
            if meanwhile or command.interrupted:
                serves = line.startswith(LISTENS)
                with nullcontext() if serves else self._writing():
                    terminal.until(SERVES if serves else " %")
                    if meanwhile:
                        self._run_all(page, meanwhile, None)
                    if command.interrupted:
                        terminal.press_ctrl_c()
                    code = terminal.end()
            else:
                code = terminal.end()
            printed = self._with_shown_ports(terminal.printed.replace(str(self.home), SHOWN_HOME))
        self._remember_code(printed)
        where = f"{page.name}, line {block.line}: $ {command.line}"
        differs = self.likeness.difference(command.shows, printed)
        assert differs is None, f"{where}\n{differs}"
        told = any(line.startswith(FAILURES) for line in command.shows.splitlines())
        assert told is (code != 0), f"{where}\nended with {code}:\n{printed}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Somebody is in the middle of a write to the database, so that a restoration has to wait."""
        with closing(sqlite3.connect(self.home / "snippets.db", isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield

    def _with_free_ports(self, text: str) -> str:
        if text.startswith(SERVE) and "--port" not in text:
            text = f"{text} --port {USUAL_PORT}"
        return PORT.sub(lambda found: self.ports.setdefault(found[0], str(free_port())), text)

    def _with_shown_ports(self, text: str) -> str:
        for shown, real in self.ports.items():
            text = text.replace(f":{real}", f":{shown}")
        return text

    def _answer(self, question: str) -> str | None:
        if question.endswith("[y/N] "):
            return "y"
        if question.startswith("Recovery code: "):
            return self.recovery_code
        return PASSPHRASE if question.endswith(("assphrase: ", "again: ")) else None

    def _remember_code(self, printed: str) -> None:
        lines = [found.strip() for found in CODE_LINE.findall(printed)]
        if lines:
            self.recovery_code = "-".join(lines[:2])

    def env(self) -> dict[str, str]:
        """As if on a fresh machine: a home of its own, and nothing of reprieve's set."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("REPRIEVE_", "XDG_", "PYTEST", "COV_", "PYTHONDONT"))
        }
        folder = str(Path(sys.executable).parent)
        return {
            **kept,
            "HOME": str(self.home),
            "PATH": os.pathsep.join((folder, str(NODE_FOLDER), kept.get("PATH", ""))),
            "TERM": "xterm-256color",
            "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:asyncio -p no:aiohttp -p no:xdist",
        }


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def make_database(path: Path) -> None:
    """A library of snippets, as an editor may have it."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE snippet (id INTEGER PRIMARY KEY, name TEXT, code TEXT)")
        rows = ((f"snippet {number}", f"print({number})\n" * 100) for number in range(ROWS))
        database.executemany("INSERT INTO snippet (name, code) VALUES (?, ?)", rows)
        database.commit()
