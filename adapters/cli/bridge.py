"""`reprieve bridge`: JSON-RPC for an editor's plugin, over stdio or a socket."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from reprieve.core.errors import InvalidRequest

from .output import Output
from .parser import Commands


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "bridge",
        bridge,
        "Speak JSON-RPC with an editor's plugin.",
        example="reprieve bridge --stdio snippets.db",
        more="Messages are framed as in the Language Server Protocol. Without a TARGET, the client\n"
        "names one when it begins. It ends when its client does.",
    )
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a database's path, or a URL")
    parser.add_argument("--stdio", action="store_true", help="one client, at stdin and stdout")
    parser.add_argument("--socket", metavar="PATH", type=Path, help="any number of clients, at a unix socket")


def bridge(asked: Namespace, output: Output) -> None:
    """Be the bridge, and end the process with its exit code. No loop runs yet: greeting needs none."""
    if asked.stdio == bool(asked.socket):
        raise InvalidRequest("A bridge needs --stdio, or --socket with a path.")
    from ..jsonrpc.door import bridge as at_stdio

    sys.exit(at_stdio(asked.target, asked.store, asked.passphrase))
