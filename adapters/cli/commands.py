"""The whole command line as one parser: every command, in the order of its help.

Knows the commands' files and the first page of help; does nothing.
"""

from __future__ import annotations

from reprieve.core import VERSION

from . import assets, backup, catalog, completion, databases, jobs, keys, offline, restore
from .parser import Commands, Parser

HELP = """\
usage: reprieve COMMAND ...             `reprieve COMMAND --help` says more

Back up and restore live SQLite databases. Cancel at any moment; lose nothing.

  backup DATABASE                   back a database up while it is in use
  restore BACKUP DATABASE           put a backup back; asks first
  revert DATABASE                   undo the last restoration
  list [DATABASE]                   list the backups
  show, delete BACKUP               look at one; hide one
  register, unregister DATABASE     which databases are known, and their stores
  databases                         list them
  jobs, watch                       what runs and what ran, in any terminal
  status, cancel JOB                look at a job; cancel it from anywhere
  key show|add-passphrase|import    the key that the backups are encrypted with
  assets keep|list|get|history      JSON documents, kept by id and version
  offline [FILE|NAME=VALUE ...]     play a scenario, without disk or network
  completion bash|zsh|fish          a script that completes commands

example:
  reprieve backup snippets.db && reprieve list snippets.db

exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict or locked,
            5 key, 6 update required, 7 storage full, 130 cancelled
"""


class _Reprieve(Parser):
    """The first page is laid out by hand: argparse would take two screens."""

    def format_help(self) -> str:
        return HELP


def whole_parser() -> Parser:
    """The parser of `reprieve`, with every command."""
    parser = _Reprieve(prog="reprieve")
    parser.add_argument("--version", action="version", version=f"reprieve {VERSION}")
    commands = Commands(parser)
    for group in (backup, restore, catalog, databases, jobs, keys, assets, offline, completion):
        group.add_to(commands)
    return parser
