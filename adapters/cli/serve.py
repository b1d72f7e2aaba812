"""`reprieve serve`: the HTTP service of one database, until Ctrl-C or SIGTERM."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import attrs

from reprieve.transports.registry import scheme_of

from . import words
from .interrupts import Interrupts
from .opening import is_local, place_of, register
from .output import Output
from .parser import Commands

if TYPE_CHECKING:
    from reprieve.library import Library

    from ..server.running import Ready


PAGE = """\
usage: reprieve serve DATABASE [--store STORE] [--port N ...] [...]

Serve a database over HTTP, to the programs of this user, until Ctrl-C.
DATABASE is a path, or a target such as offline:?seed=7.

  --store STORE          where the backups are: a path or a URL
  --port N               listen there; 39300 by default; may be repeated
  --unix PATH            listen on a unix socket, too
  --host ADDRESS         listen there, not on loopback; with --require-token and
  --cert FILE --key FILE   with TLS, or --insecure-behind-proxy that has it
  --token FILE           the owner's token, if not in the configuration folder
  --require-token        of every caller, not only for what is the owner's alone
  --allow-origin ORIGIN  a web page that may use it, as https://host.org
  --allow-host NAME      a name that it may be called by, beside localhost
  --name NAME            what it calls itself
  --json                 print JSON lines, as in a pipe

example:
  reprieve serve snippets.db --port 1000
"""


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "serve",
        serve,
        "Serve a database over HTTP, until Ctrl-C.",
        example="reprieve serve snippets.db --port 1000",
        page=PAGE,
    )
    parser.add_argument("database", metavar="DATABASE")
    parser.add_argument("--host", action="append", default=[])
    parser.add_argument("--port", action="append", type=_port)
    parser.add_argument("--unix", type=Path)
    parser.add_argument("--token", type=Path)
    parser.add_argument("--require-token", action="store_true")
    parser.add_argument("--allow-origin", action="append", default=[])
    parser.add_argument("--allow-host", action="append", default=[])
    parser.add_argument("--name", default="reprieve")
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--insecure-behind-proxy", action="store_true")


async def serve(asked: Namespace, output: Output) -> None:
    """Listen, open the database, serve; then stop gracefully."""
    from reprieve.transports.local.home import Home

    from ..server.listening import Place, listening, tls
    from ..server.running import run
    from ..server.settings import Settings
    from ..server.token import token_file, token_in

    place = Place(hosts=tuple(asked.host), ports=tuple(asked.port or (39300,)), unix=asked.unix)
    token = asked.token or token_file(Home.find())
    settings = Settings(
        name=asked.name,
        hosts=tuple(asked.allow_host),
        origins=tuple(asked.allow_origin),
        token=token_in(token, make=asked.token is None),
        require_token=asked.require_token,
    )
    context = tls(asked.cert, asked.key) if asked.cert else None
    with Interrupts(output.settle) as interrupts, listening(place) as sockets:
        if is_local(asked.database):
            register(asked.database, place_of(asked, asked.database))
        async with _library(asked) as library:

            def ready(service: Ready) -> None:
                members = {**attrs.asdict(service), "address": service.addresses[0], "token": str(token)}
                output.ready(members, lambda: _told(service))

            await run(library, settings, sockets, interrupts.asked, ready, tls=context)


def _library(asked: Namespace) -> Library:
    from reprieve.connecting import connect

    if not is_local(asked.database):
        return connect(_in_real_time(asked.database), asked.store, long_lived=True)
    return connect(asked.database, asked.store, long_lived=True, passphrase=asked.passphrase)


def _in_real_time(target: str) -> str:
    """An offline target beside real sockets: on the real clock, unless it names one."""
    query = target.partition("?")[2]
    if scheme_of(target) != "offline" or "clock" in dict(parse_qsl(query)):
        return target
    return f"{target}{'&' if '?' in target else '?'}clock=real"


def _told(service: Ready) -> str:
    return f"Serving {words.path(service.database)} on {service.addresses[0]}; Ctrl-C stops it."


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise ArgumentTypeError(f"a port is a number up to 65535, not {text!r}")
    return int(text)
