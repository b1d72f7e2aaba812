"""`reprieve serve`: the HTTP service of one database, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from reprieve.core.errors import InvalidRequest
from reprieve.transports.registry import in_real_time

from . import words
from .installing import install_unit
from .interrupts import Interrupts
from .opening import is_local, place_of, refuse_local_options, register
from .output import Output
from .parser import Commands
from .recovery_code import offer_recovery_code

if TYPE_CHECKING:
    from ssl import SSLContext

    from reprieve.library import Library

    from ..server.listening import Place
    from ..server.running import Ready
    from ..server.settings import Settings


PAGE = """\
usage: reprieve serve DATABASE [--store STORE] [--port N ...] [...]

Serve a database over HTTP, to the programs of this user, until Ctrl-C.
DATABASE is a path, or a target such as offline:?seed=7.

  --store STORE          where the backups are: a path or a URL
  --database-id ID       what it was before it was moved; may be repeated
  --work-dir FOLDER      where plain copies lie meanwhile; private
  --port N               listen there; 39300 by default; may be repeated
  --unix PATH            listen on a unix socket, too
  --host ADDRESS         listen there, not on loopback; with --require-token and
  --cert FILE --key FILE   with TLS, or --insecure-behind-proxy that has it
  --token FILE           the owner's token, if not in the configuration folder
  --require-token        of every caller, not only for what is the owner's alone
  --allow-origin ORIGIN  a web page that may use it, as https://host.org
  --allow-host NAME      a name that it may be called by, beside localhost
  --name NAME            what it calls itself
  --log-level LEVEL      debug, info (every request and job), warning or error
  --log-file FILE        log there, as JSON lines, and not to stderr
  --install-unit         have systemd or launchd start it, from now on
  --json                 print JSON lines, as in a pipe

example:
  reprieve serve snippets.db --port 8080
"""


def add_to(commands: Commands) -> None:
    """Join the command line."""
    parser = commands.add(
        "serve",
        serve,
        "Serve a database over HTTP, until Ctrl-C.",
        example="reprieve serve snippets.db --port 8080",
        page=PAGE,
    )
    parser.add_argument("database", metavar="DATABASE")
    Commands.add_database_id(parser)
    Commands.add_work_dir(parser)
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
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="warning")
    parser.add_argument("--log-file", type=Path)
    parser.add_argument("--install-unit", action="store_true")


async def serve(asked: Namespace, output: Output) -> None:
    """Listen, open the database, serve; then stop gracefully."""
    from reprieve.transports.stderr_relay import relay

    from ..server.listening import listening
    from ..server.logs import dropped_line, log_to
    from ..server.running import run

    place, tls = _place(asked), _tls(asked)
    settings, token = _settings(asked, place.names)
    if is_local(asked.database):
        register(asked.database, place_of(asked, asked.database))
    if asked.install_unit:
        install_unit(asked, place, output)
        return
    relay(dropped_line)
    secrets = (settings.token, os.environ.get("REPRIEVE_PASSPHRASE"), asked.passphrase)
    log_to(asked.log_file, asked.log_level, secrets)
    with Interrupts(output.settle) as interrupts, listening(place) as sockets:
        async with _library(asked) as library:

            def ready(service: Ready) -> None:
                address = service.addresses[0] if service.addresses else None
                members = {"address": address, **attrs.asdict(service), "token": str(token)}
                output.ready(members, lambda: _told(service, settings))

            await run(library, settings, sockets, interrupts.asked, ready, tls=tls)
    if is_local(asked.database):
        offer_recovery_code(place_of(asked, asked.database), json=asked.json)


def _place(asked: Namespace) -> Place:
    """Where to listen. Raises InvalidRequest where others could come in without the token, or overhear it."""
    from ..server.listening import PORT, Place

    hidden = asked.cert or asked.insecure_behind_proxy
    place = Place(
        hosts=tuple(asked.host),
        ports=tuple(asked.port or (PORT,)),
        unix=asked.unix,
        guarded=bool(asked.require_token and hidden),
    )
    if not (place.loopback or place.guarded):
        raise InvalidRequest(
            f"Other machines reach {', '.join(asked.host)}: add --require-token, and --cert with --key; or "
            "--insecure-behind-proxy, where something in front of it does TLS."
        )
    if asked.install_unit and 0 in place.ports:
        raise InvalidRequest("A unit needs a port that stays the same, not just any (0); give one by --port.")
    return place


def _tls(asked: Namespace) -> SSLContext | None:
    from ..server.listening import tls

    if bool(asked.cert) is not bool(asked.key):
        raise InvalidRequest("TLS needs both, --cert and --key.")
    return tls(asked.cert, asked.key) if asked.cert else None


def _settings(asked: Namespace, names: tuple[str, ...]) -> tuple[Settings, Path]:
    """How the service behaves, and which file its token is in."""
    from reprieve.transports.local.home import Home

    from ..server.settings import Settings
    from ..server.token import token_file, token_in

    file = asked.token or token_file(Home.find())
    settings = Settings(
        name=asked.name,
        hosts=(*names, *asked.allow_host),
        origins=tuple(asked.allow_origin),
        token=token_in(file, make=asked.token is None),
        require_token=asked.require_token,
    )
    return settings, file


def _library(asked: Namespace) -> Library:
    from reprieve.connecting import connect

    if not is_local(asked.database):
        refuse_local_options(asked.database_id, asked.work_dir)
        return connect(in_real_time(asked.database), asked.store, long_lived=True)
    return connect(
        asked.database,
        asked.store,
        long_lived=True,
        passphrase=asked.passphrase,
        database_id=asked.database_id,
        work_dir=asked.work_dir,
    )


def _told(service: Ready, settings: Settings) -> str:
    where = [f"  {address}/#token={settings.token}" for address in service.addresses[:1]]
    where += [f"  {words.path(service.unix)}"] if service.unix else []
    return "\n".join([f"Serving {words.path(service.database)}, until Ctrl-C:", *where])


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise ArgumentTypeError(f"a port is a number up to 65535, not {text!r}")
    return int(text)
