"""The commands as argparse knows them: one Parser, and the way in which each command joins it.

Knows the shape that all commands share (help that fits a screen, an example, `--json`), and no command.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from reprieve.core.errors import InvalidRequest

from .output import Output

WIDTH = 80

Run = Callable[[argparse.Namespace, Output], Awaitable[None] | None]
"""What a command does: at once, or by what it gives to be awaited. It raises a ReprieveError if it fails."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are ours, and whose help is 80 columns wide and as it was written.

    `page` is its whole help, laid out by hand, where argparse would take two screens.
    """

    def __init__(self, *, page: str | None = None, **settings: Any) -> None:
        settings.setdefault("formatter_class", _Help)
        super().__init__(allow_abbrev=False, **settings)
        self._page = page

    def format_help(self) -> str:
        return self._page or super().format_help()

    def error(self, message: str) -> NoReturn:
        raise InvalidRequest(f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.")

    def parse_args(  # type: ignore[override]  # the overloads are for namespaces of one's own
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """As argparse does, but a command that asks for a secret repeats nothing that was typed after it."""
        asked, unknown = self.parse_known_args(args, namespace)
        if unknown and asked.secret:
            raise InvalidRequest(
                f"It takes no secret on the command line, where others can see it: {asked.secret}."
            )
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return asked

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Of an unknown command, argparse would list every command that there is."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            close = get_close_matches(value, action.choices, 1)
            guess = f"; did you mean '{close[0]}'?" if close else "."
            raise InvalidRequest(f"There is no command '{value}'{guess} See `{self.prog} --help`.")
        super()._check_value(action, value)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH, max_help_position=26)


class Commands:
    """Where commands are added: those of `reprieve`, or those of one of its groups."""

    def __init__(self, parser: Parser) -> None:
        self._added = parser.add_subparsers(
            dest=f"command{parser.prog.count(' ')}", metavar="COMMAND", required=True, parser_class=Parser
        )

    def add(
        self,
        name: str,
        run: Run,
        summary: str,
        *,
        example: str,
        more: str = "",
        store: bool = True,
        secret: str = "",
        page: str | None = None,
    ) -> Parser:
        """A command. `store` says whether it takes --store, `secret` how it is given one.

        `page` is its help, if it is laid out by hand.
        """
        parser = self._parser(name, summary, example, more, page)
        parser.set_defaults(run=run, passphrase=None, store=None, secret=secret)
        if store:
            parser.add_argument("--store", metavar="STORE", help="where the backups are: a path or a URL")
        parser.add_argument("--json", action="store_true", help="print JSON lines, for programs")
        return parser

    @staticmethod
    def add_record(parser: Parser) -> None:
        """For a command that can be played again: --record."""
        parser.add_argument(
            "--record", metavar="FILE", help="write what happens into FILE, for `offline replay=FILE`"
        )

    @staticmethod
    def add_database_id(parser: Parser) -> None:
        """For a command on the backups of one database: --database-id."""
        parser.add_argument(
            "--database-id",
            metavar="ID",
            action="append",
            default=[],
            help="what it was before it was moved: its backups count",
        )

    @staticmethod
    def add_work_dir(parser: Parser) -> None:
        """For a command that works on plain copies of a database: --work-dir."""
        parser.add_argument("--work-dir", metavar="FOLDER", help="where plain copies lie meanwhile; private")

    def group(self, name: str, summary: str, *, example: str) -> Commands:
        """A command that has commands of its own."""
        return Commands(self._parser(name, summary, example, ""))

    def _parser(self, name: str, summary: str, example: str, more: str, page: str | None = None) -> Parser:
        description = f"{summary}\n\n{more}" if more else summary
        parser: Parser = self._added.add_parser(
            name, help=summary, description=description, epilog=f"example:\n  {example}", page=page
        )
        return parser
