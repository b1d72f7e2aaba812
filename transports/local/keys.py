"""Keys of repositories on this machine: key files, recovery codes, passphrases.

A key file lies in the user's key folder, never in the store that it opens. Knows what a key opens (the
repository's config); must not know anything else of the repository.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from blake3 import blake3

from ...core.errors import InvalidRequest, KeyRequired, StorageError
from .files import make_folder, write_at, written
from .home import KEY_FOLDER, Home, unusable
from .os_lock import OsLock
from .repository.config import Config, unwrap
from .repository.vault import KEY_SIZE, Vault
from .stores import Store

PASSPHRASE_VARIABLE = "REPRIEVE_PASSPHRASE"

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that can be taken for a digit."""

PART = ".part"
PATIENCE = 10.0
"""Seconds to wait for another process that writes a key."""

CHECK_SIZE = 3
GROUP = 4
CODE_LENGTH = (KEY_SIZE + CHECK_SIZE) * 8 // 5


def require_apart(store: Store, home: Home) -> None:
    """Raise InvalidRequest where a key would lie in the store that it opens, or that store in the home.

    Real places are compared, not names; a store beside the home is fine. Nothing is made.
    """
    if "://" in store.url:
        return  # no folder of this machine
    root = Path(store.url)
    if _is_within(home.config / KEY_FOLDER, root):
        raise InvalidRequest(
            f"The key of {root} would lie in the store itself, for {home.config} is in it. Name another "
            "folder by --store, or another home by REPRIEVE_HOME."
        )
    if _is_within(root, home.config):
        raise InvalidRequest(
            f"The store {root} would lie in {home.config}, together with its key: a copy of that folder has "
            "both. Name a folder outside of it by --store."
        )


def _is_within(inner: Path, outer: Path) -> bool:
    """Whether a place is, or is below, another one: by what is on the disk; by name where nothing is yet."""
    place, outer = Path(os.path.realpath(inner)), Path(os.path.realpath(outer))
    return any(_is_same(folder, outer) for folder in (place, *place.parents))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them does not exist
        return os.path.normcase(one) == os.path.normcase(other)


def unlock(
    store: Store, config: Config, home: Home, passphrase: Callable[[], str | None] | None = None
) -> bytes:
    """The master key: from the key file if there is one, else by REPRIEVE_PASSPHRASE, else by asking.

    Raises KeyRequired if none of them gives the right key.
    """
    master = read_key(home, config.id)
    if master is None:
        phrase = given_passphrase(passphrase)
        if not phrase:
            raise KeyRequired(
                f"The repository in {store.url} is encrypted and there is no key for it here. Set "
                f"{PASSPHRASE_VARIABLE}, or import its recovery code with `reprieve key import`."
            )
        master = unwrap(store, config, phrase)
    Vault(config.id, master).check(config.key_check)
    return master


def given_passphrase(ask: Callable[[], str | None] | None = None) -> str | None:
    """REPRIEVE_PASSPHRASE, else what `ask` gives; None if that is nothing."""
    return os.environ.get(PASSPHRASE_VARIABLE) or (ask() if ask else None) or None


def read_key(home: Home, repository_id: str) -> bytes | None:
    """The key in this repository's key file; None if there is no file.

    Raises StorageError for a file that others can read, or that holds no key.
    """
    path = _key_file(home, repository_id)
    try:
        with path.open("r", encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name != "nt" and mode & 0o077:
                raise StorageError(
                    f"The key file {path} can be read by others ({mode:04o}). Run chmod 600 on it."
                )
            return _parsed(file.read())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(f"The key file {path}", error) from error
    except ValueError as error:
        raise StorageError(
            f"The key file {path} holds no key. Remove it, then give the "
            "recovery code to `reprieve key import`."
        ) from error


def keep_key(home: Home, repository_id: str, master: bytes) -> None:
    """Write the key file, durably, for this user only. One that is there already is replaced whole."""
    path = _key_file(home, repository_id)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}{PART}")
    try:
        make_folder(path.parent)
        lock = _writing(home)
        lock.acquire(PATIENCE)
        with lock, written(path, "key", part=part) as descriptor:
            write_at(descriptor, master.hex().encode() + b"\n", 0)
    except OSError as error:
        raise unusable(f"The key file {path}", error) from error


def clear_unfinished_keys(home: Home) -> None:
    """Remove what was left by processes that died while they wrote a key; waits for none that does."""
    parts = [path for path in home.keys.iterdir() if path.name.endswith(PART)]
    if not parts:
        return
    lock = _writing(home)
    if lock.try_acquire():
        with lock:
            for path in parts:
                path.unlink(missing_ok=True)


def forget_key(home: Home, repository_id: str) -> None:
    """Remove the key file, and what is remembered of its code."""
    for path in (_key_file(home, repository_id), _shown_file(home, repository_id)):
        path.unlink(missing_ok=True)


def recovery_code(master: bytes) -> str:
    """The key for people to keep: 56 characters in groups of four, with a checksum."""
    number = int.from_bytes(master + _checksum(master), "big")
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(CODE_LENGTH)))
    return "-".join(letters[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP))


def import_code(store: Store, home: Home, config: Config, code: str) -> None:
    """Write the key file from a recovery code.

    Raises InvalidRequest for a mistyped one, or where the key would lie in the store, KeyRequired for a code
    of another repository; writes nothing then.
    """
    require_apart(store, home)
    master = decode_code(code)
    Vault(config.id, master).check(config.key_check)
    keep_key(home, config.id, master)
    remember_code_shown(home, config.id)


def decode_code(code: str) -> bytes:
    """The key in a recovery code; spaces, hyphens, case and O, I, L for 0, 1, 1 do not matter."""
    letters = re.sub(r"[\s-]", "", code).upper().translate(str.maketrans("OIL", "011"))
    if len(letters) == CODE_LENGTH and set(letters) <= set(ALPHABET):
        number = 0
        for letter in letters:
            number = number << 5 | ALPHABET.index(letter)
        data = number.to_bytes(KEY_SIZE + CHECK_SIZE, "big")
        if data[KEY_SIZE:] == _checksum(data[:KEY_SIZE]):
            return data[:KEY_SIZE]
    raise InvalidRequest("The recovery code is mistyped or incomplete. Compare it with the one you kept.")


def code_pending(home: Home, repository_id: str) -> bool:
    """Whether this machine holds the key, and nobody has been shown its recovery code yet."""
    return _key_file(home, repository_id).exists() and not _shown_file(home, repository_id).exists()


def remember_code_shown(home: Home, repository_id: str) -> None:
    """The recovery code was shown; it is not pending any more."""
    path = _shown_file(home, repository_id)
    try:
        path.touch(0o600)
    except OSError as error:
        raise unusable(f"The key file {path}", error) from error


def _checksum(master: bytes) -> bytes:
    return blake3(b"reprieve recovery code" + master).digest(CHECK_SIZE)


def _parsed(text: str) -> bytes:
    master = bytes.fromhex(text.strip())
    if len(master) != KEY_SIZE:
        raise ValueError("a key has 32 bytes")
    return master


def _writing(home: Home) -> OsLock:
    """Held by a process that writes a key: what is unfinished while it is free was left by a dead process."""
    return OsLock(home.keys / "writing.lock")


def _key_file(home: Home, repository_id: str) -> Path:
    return home.keys / f"{repository_id}.key"


def _shown_file(home: Home, repository_id: str) -> Path:
    return home.keys / f"{repository_id}.shown"
