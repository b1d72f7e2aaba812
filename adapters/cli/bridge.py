"""`reprieve bridge`: JSON-RPC for an editor's plugin, over stdio or a socket."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Awaitable
from pathlib import Path

from reprieve.core.errors import InvalidRequest

from . import words
from .output import Output
from .parser import Commands


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "bridge",
        bridge,
        "Speak JSON-RPC with an editor's plugin.",
        example="reprieve bridge --stdio snippets.db",
        more="Messages are framed as in the Language Server Protocol. Without a TARGET,\n"
        "the client names one when it begins. It ends when its client does.",
    )
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a database's path, or a URL")
    parser.add_argument("--stdio", action="store_true", help="one client, at stdin and stdout")
    Commands.add_database_id(parser)
    Commands.add_work_dir(parser)
    parser.add_argument("--socket", metavar="PATH", type=Path, help="any number of clients, at a unix socket")


def bridge(asked: Namespace, output: Output) -> Awaitable[None] | None:
    """Be the bridge. At stdio no loop runs yet, for greeting needs none, and the process ends by its code."""
    if asked.stdio == bool(asked.socket):
        raise InvalidRequest("A bridge needs --stdio, or --socket with a path. See `reprieve bridge --help`.")
    if asked.socket:
        return _at_socket(asked, output)
    from ..jsonrpc.door import bridge as at_stdio

    sys.exit(at_stdio(asked.target, asked.store, asked.passphrase, asked.database_id, asked.work_dir))


async def _at_socket(asked: Namespace, output: Output) -> None:
    from reprieve.transports.stderr_relay import relay

    from ..jsonrpc.listening import listen
    from ..jsonrpc.target import open_library
    from .interrupts import Interrupts

    if asked.target is None:
        raise InvalidRequest("A bridge at a socket needs a TARGET: its clients share it.")

    relay()

    def ready() -> None:
        where = str(asked.socket.absolute())
        output.ready({"socket": where}, lambda: f"Listening at {words.path(where)}, until Ctrl-C.")

    with Interrupts(output.settle) as interrupts:
        library = await open_library(
            asked.target, asked.store, asked.passphrase, asked.database_id, asked.work_dir
        )
        try:
            await listen(library, asked.socket, ready, interrupts.asked)
        finally:
            await library.__aexit__(None, None, None)
