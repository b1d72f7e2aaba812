"""`reprieve serve --install-unit`: from a command's arguments to the files that repeat it at each start."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from reprieve.core.errors import Unsupported
from reprieve.transports.local.home import STORE_VARIABLE, VARIABLE
from reprieve.transports.local.interpreter import find_interpreter, isolation_options, why_no_interpreter
from reprieve.transports.local.names import canonical_database, canonical_folder, canonical_store

from . import words
from .opening import is_local
from .output import Output

if TYPE_CHECKING:
    from ..server.listening import Place
    from ..server.units import Units

PLATFORM_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME")
"""What moves the platform's folders, where a shell has set it: what starts the service has not."""


def install_unit(asked: Namespace, place: Place, output: Output) -> None:
    """Write the files, and say how the service is switched on. Raises Conflict, Unsupported, StorageError."""
    from ..server.listening import systemd_addresses
    from ..server.units import Served, install, units_for

    database = canonical_database(asked.database) if is_local(asked.database) else asked.database
    served = Served(
        name=asked.name,
        database=database,
        command=(*_program(), "serve", database, *_options(asked)),
        addresses=systemd_addresses(place),
        unix=str(asked.unix.absolute()) if asked.unix else None,
        environment=_environment(),
    )
    units = units_for(served, sys.platform, Path.home())
    install(units)
    members = {
        "written": [str(file.path) for file in units.files],
        "on": units.on,
        "status": units.status,
        "off": units.off,
    }
    output.result(members, lambda: _told(units))


def _program() -> tuple[str, ...]:
    """The command line of this interpreter, without the modules of the folder where a system starts it."""
    interpreter = find_interpreter()
    if interpreter is None:
        raise Unsupported(why_no_interpreter())
    return (interpreter, *isolation_options(), "-m", "reprieve.adapters.cli")


def _options(asked: Namespace) -> Iterator[str]:
    """What was asked for beside the database, so that it means the same in any folder."""
    if asked.store:
        yield from ("--store", canonical_store(asked.store))
    for option, values in (
        ("--database-id", map(_whole_id, asked.database_id)),
        ("--host", asked.host),
        ("--port", asked.port or ()),
        ("--allow-origin", asked.allow_origin),
        ("--allow-host", asked.allow_host),
    ):
        for value in values:
            yield from (option, str(value))
    for option, path in (
        ("--work-dir", Path(canonical_folder(asked.work_dir)) if asked.work_dir else None),
        ("--unix", asked.unix),
        ("--token", asked.token),
        ("--cert", asked.cert),
        ("--key", asked.key),
        ("--log-file", asked.log_file),
    ):
        if path:
            yield from (option, str(path.absolute()))
    for option, wanted in (
        ("--require-token", asked.require_token),
        ("--insecure-behind-proxy", asked.insecure_behind_proxy),
    ):
        if wanted:
            yield option
    yield from ("--name", asked.name, "--log-level", asked.log_level)


def _whole_id(database: str) -> str:
    """A database's earlier path, whole; one of another system stays as it is."""
    is_whole = database.startswith("/") or PureWindowsPath(database).is_absolute()
    return database if is_whole else canonical_database(database)


def _environment() -> dict[str, str]:
    """What the service must find as it is here; but no secret, for a unit is no place for one."""
    kept = {}
    if os.environ.get(VARIABLE):
        kept[VARIABLE] = os.path.abspath(os.environ[VARIABLE])
    if os.environ.get(STORE_VARIABLE):
        kept[STORE_VARIABLE] = canonical_store(None)
    python_path = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    if python_path and not sys.flags.ignore_environment:
        kept["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, python_path))
    return kept | {name: os.environ[name] for name in PLATFORM_FOLDERS if os.environ.get(name)}


def _told(units: Units) -> str:
    written = "\n".join(f"Wrote {words.path(str(file.path))}" for file in units.files)
    pairs = [("switch it on", units.on), ("look at it", units.status), ("switch it off", units.off)]
    return f"{written}\n{words.facts(pairs)}"
