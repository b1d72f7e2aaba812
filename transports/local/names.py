"""The one name of a database, and of a store: the same in every process and every working directory.

A name is a path or a `file:` URL, as editors and `Path.as_uri` write them. And the name of what lies beside a
database while it is restored. Nothing is opened here.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ...core.errors import InvalidRequest
from .home import default_store, expanded

_FILE_URL = re.compile(r"file:", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_URL = re.compile(r"([a-z][a-z0-9+.:-]+)://(.*)", re.IGNORECASE | re.DOTALL)
"""Also one within another, as s3:https://host; but not a drive's letter."""

_ESCAPED = re.compile(rb"%([0-9a-f]{2})", re.IGNORECASE)
_DRIVE = re.compile(r"[a-z]:", re.IGNORECASE)


def canonical_database(target: str) -> str:
    """The real path of a database that was named by a path or a `file:` URL; nothing is opened.

    Raises InvalidRequest for what is no path at all, or none that can be written as text.
    """
    path = local_path(target)
    if "\0" in path:
        raise InvalidRequest(f"No file can have the name {target!r}; give a database's path.")
    return _real(path)


def canonical_folder(name: str | os.PathLike[str]) -> str:
    """The real path of a folder that was named by a path or a `file:` URL; nothing is made.

    Raises InvalidRequest for an empty name, and as `canonical_database` does.
    """
    if not os.fspath(name):
        raise InvalidRequest("A folder has an empty name; give its path, or leave it out.")
    return canonical_database(os.fspath(name))


def incoming_path(database: Path, job_id: str) -> Path:
    """What a job is fetching, before it takes the place of `database`: in the same folder, hidden."""
    return database.with_name(f"{incoming_prefix(database)}{job_id}.reprieve")


def incoming_prefix(database: Path) -> str:
    """How the names of such files begin: short, since the name itself may be as long as names can be."""
    import hashlib  # late: nothing needs it before a database is open

    digest = hashlib.blake2b(os.fsencode(database.name), digest_size=8).hexdigest()
    return f".{digest}."


def canonical_store(store: str | None) -> str:
    """The real path of a folder, or the URL of a store elsewhere as it is; None is the default store.

    Raises InvalidRequest for an empty name (a script's variable that was not set), and for a URL with a
    secret in it.
    """
    if store == "":
        raise InvalidRequest("The store has an empty name; give a folder's path or a URL, or leave it out.")
    where = store or default_store()
    refuse_secrets(where)
    if _SCHEME.match(where) and not _FILE_URL.match(where):
        return where
    if not _FILE_URL.match(where):
        return _real(where)
    try:
        path = local_path(where)
    except InvalidRequest as error:
        raise _no_folder(where) from error
    if not path.strip("/\\"):
        raise _no_folder(where)
    return _real(path)


def local_path(name: str) -> str:
    """The path that a path or a `file:` URL names, decoded. Raises InvalidRequest for another machine's."""
    found = _FILE_URL.match(name)
    return name if found is None else _path_of(name, name[found.end() :])


def _path_of(url: str, rest: str) -> str:
    if "?" in rest or "#" in rest:
        raise InvalidRequest(
            f"{url} has a query or a fragment; in a file's name, write %3F for ? and %23 for #."
        )
    path = rest
    if rest.startswith("//"):
        host, slash, below = rest[2:].partition("/")
        if _DRIVE.fullmatch(host):  # file://C:/x, which many write
            path = f"{host}/{below}"
        elif host.lower() in ("", "localhost"):
            path = f"{slash}{below}"
        elif sys.platform == "win32":
            path = f"//{host}/{below}"
        else:
            raise InvalidRequest(
                f"{url} names a file of the machine {host}; only files of this machine can be opened: write "
                "file:///path/to/file."
            )
    path = os.fsdecode(_ESCAPED.sub(lambda escaped: bytes.fromhex(escaped[1].decode()), _encoded(path)))
    if not path:
        raise InvalidRequest(f"{url} names no file; write file:///path/to/file.")
    if sys.platform == "win32" and _DRIVE.match(path.lstrip("/")):
        path = path.lstrip("/")
    return path


def _encoded(name: str) -> bytes:
    """A name as the system's bytes. Raises InvalidRequest for half a character."""
    try:
        return os.fsencode(name)
    except UnicodeEncodeError as error:
        raise _not_text(name) from error


def _real(path: str) -> str:
    _encoded(path)
    try:
        real = os.path.realpath(expanded(path))
    except FileNotFoundError as error:
        raise InvalidRequest(
            f"The current folder is gone, so that {path} leads nowhere; change to one that exists, or give "
            "the whole path."
        ) from error
    try:
        real.encode()
    except UnicodeEncodeError as error:
        raise _not_text(real) from error
    return real


def _not_text(name: str) -> InvalidRequest:
    try:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "backslashreplace").decode()
    return InvalidRequest(
        f"The name {shown} is not text (UTF-8), so that no journal and no "
        "list could hold it; rename the file, or the folder that it is in."
    )


def _no_folder(url: str) -> InvalidRequest:
    return InvalidRequest(f"{url} names no folder of this machine; write file:///path/to/folder.")


def refuse_secrets(store: str) -> None:
    """Raise InvalidRequest for a store's URL with a name, a password or a query, without repeating it."""
    if holds_secret(store):
        raise InvalidRequest(
            "The URL of a store must hold no name, no password and nothing after a `?` or a `#`, as others "
            f"can read it; this one ({store.partition('://')[0]}://) does. Name the store without them, and "
            "give secrets in files or the environment."
        )


def holds_secret(store: str) -> bool:
    """Whether a store's URL may hold a secret: a password may have any character, also a slash."""
    url = _URL.match(store)
    if url is None:
        return False
    scheme, rest = url.groups()
    authority = rest.partition("/")[0] if scheme.lower() == "file" else rest
    return "@" in authority or "?" in rest or "#" in rest


def without_secret(store: str) -> str:
    """A store's name, fit to be shown: of a URL that may hold a secret only what surely is none."""
    return f"{store.partition('://')[0]}://***@***" if holds_secret(store) else store
