"""The command line as one parser: every command, in the order of its help.

Knows the commands' files and the first page of help; does nothing. A file is imported only for a command
that is in it: all of them at once would double the time of every start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module

from reprieve.core import VERSION

from .parser import Commands, Parser

FILES = {
    "backup": ("backup",),
    "restore": ("restore", "revert"),
    "catalog": ("list", "show", "delete"),
    "databases": ("register", "unregister", "databases"),
    "jobs": ("jobs", "status", "cancel", "watch"),
    "keys": ("key",),
    "assets": ("assets",),
    "serve": ("serve",),
    "bridge": ("bridge",),
    "offline": ("offline",),
    "completion": ("completion",),
}
"""Which commands each file has."""

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
  serve, bridge DATABASE            HTTP for programs; JSON-RPC for editors
  offline [FILE|NAME=VALUE ...]     play a scenario, without disk or network
  completion bash|zsh|fish          a script that completes commands

example:
  reprieve backup snippets.db && reprieve list snippets.db

exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict or locked,
            5 key, 6 update required, 7 storage full, 130 cancelled
"""


def whole_parser() -> Parser:
    """The parser of `reprieve`, with every command."""
    return _parser(FILES)


def parser_for(words: Sequence[str]) -> Parser:
    """The parser for this command line; with every command, if the first word is none."""
    if words[:1] == ["--version"]:
        return _parser(())
    named = [file for file, commands in FILES.items() if words and words[0] in commands]
    return _parser(named or FILES)


def _parser(files: Iterable[str]) -> Parser:
    parser = Parser(prog="reprieve", page=HELP)
    parser.add_argument("--version", action="version", version=f"reprieve {VERSION}")
    commands = Commands(parser)
    for file in files:
        import_module(f".{file}", __package__).add_to(commands)
    return parser
