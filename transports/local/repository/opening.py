"""Opening a repository, or making one: the config, and the key from wherever it is.

Knows both the store and the user's key files, and is the only one that does.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import attrs

from ....core.errors import Conflict, InvalidRequest, NotFound, StorageError
from ..failpoints import reach
from ..home import Home
from ..keys import forget_key, given_passphrase, keep_key, require_apart, unlock
from ..known_stores import KnownStores
from ..stores import Store
from .config import DATA, KEYS, NAME, Config, add_passphrase, require_strong
from .damage import PREFIX as DAMAGED
from .records import HIDDEN
from .repository import Repository
from .vault import new_master_key

OWN = {prefix.rstrip("/") for prefix in (NAME, KEYS, *DATA, HIDDEN, DAMAGED)}
"""What another process may be making at this moment, or left when it was interrupted."""

Passphrase = Callable[[], str | None]


def open_repository(
    store: Store, home: Home, *, version: str, passphrase: Passphrase | None = None
) -> Repository:
    """The repository in a store. `passphrase` is asked only where there is no key file.

    Raises NotFound where there is none, StorageError where there was one that is gone, UpdateRequired for a
    newer format, KeyRequired without a key.
    """
    config = Config.read(store)
    if config is None:
        _refuse_vanished(store, home)
        raise NotFound(
            f"There is no repository in {store.url}. Make a first backup into it, or check the name."
        )
    repository = Repository(store, config, unlock(store, config, home, passphrase), version)
    KnownStores(home).remember(store.url, config.id)
    return repository


def create_repository(
    store: Store, home: Home, *, version: str, passphrase: str | None = None, allow_weak: bool = False
) -> Repository:
    """A new repository in a store, its key in the user's key folder. A passphrase, if given, opens it too.

    Raises Conflict if there is one already, InvalidRequest if the key would lie in the store, or both in the
    home, or if the passphrase is soon guessed and not `allow_weak`; changes nothing then.
    """
    repository = plan_repository(store, home, version=version, passphrase=passphrase, allow_weak=allow_weak)
    return _existing(repository)


def plan_repository(
    store: Store, home: Home, *, version: str, passphrase: str | None = None, allow_weak: bool = False
) -> Repository:
    """A new repository that exists from its `make` on, which raises Conflict if another was made meanwhile.

    Raises as `create_repository` does. Nothing is written yet.
    """
    repository_id, master = secrets.token_hex(16), new_master_key()
    config = Config.new(repository_id, master)
    require_apart(store, home)
    if passphrase is not None:
        require_strong(passphrase, allow_weak=allow_weak)
    if Config.read(store) is not None:
        raise Conflict(f"There is a repository in {store.url} already. Open it, or name another folder.")
    _refuse_foreign_files(store)
    made: list[Config] = []

    def make() -> None:
        if not made:
            _make(store, home, config, master, passphrase)
            made.append(config)

    return Repository(store, config, master, version, make)


def _existing(planned: Repository) -> Repository:
    planned.make()
    return attrs.evolve(planned, plan=None)


def _make(store: Store, home: Home, config: Config, master: bytes, passphrase: str | None) -> None:
    # The key first: a repository whose key was lost in a crash is useless, a key without one harms nobody.
    keep_key(home, config.id, master)
    reach("repository.key.kept")
    wrapped_key = None
    if passphrase is not None:  # it was judged when this was planned
        wrapped_key = add_passphrase(store, config, master, passphrase, allow_weak=True)
    try:
        config.write(store)
    except Conflict:
        forget_key(home, config.id)
        if wrapped_key is not None:
            store.delete(wrapped_key)
        raise
    reach("repository.config.stored")
    KnownStores(home).remember(store.url, config.id)


def _refuse_vanished(store: Store, home: Home) -> None:
    if KnownStores(home).repository_in(store.url) is not None:
        raise StorageError(
            f"The store {store.url} is not there: it held backups, and holds nothing now. Mount it, or "
            "name another store; if it was removed on purpose, `reprieve backup --new-store` (in Python, "
            "new_store=True) makes a new one there."
        )


def _refuse_foreign_files(store: Store) -> None:
    """Raise InvalidRequest where other things lie: whoever clears them up would clear up the backups."""
    foreign = sorted(set(store.tops()) - OWN)
    if foreign:
        raise InvalidRequest(
            f"{store.url} is no repository, and holds other files ({foreign[0]}). Name an "
            "empty or a new folder."
        )


def open_or_create_repository(
    store: Store,
    home: Home,
    *,
    version: str,
    passphrase: Passphrase | None = None,
    new_store: bool = False,
    allow_weak: bool = False,
) -> Repository:
    """The repository in a store, made now if there is none. Of several processes at once one makes it.

    A passphrase that is given opens a new one, too. `new_store` says that a repository which was there was
    removed on purpose; without it, its store is taken to be out of reach. Raises StorageError then, and
    InvalidRequest for a new passphrase that is soon guessed, unless `allow_weak`.
    """
    try:
        repository = open_or_plan_repository(
            store, home, version=version, passphrase=passphrase, new_store=new_store, allow_weak=allow_weak
        )
        return _existing(repository)
    except Conflict:
        return open_repository(store, home, version=version, passphrase=passphrase)


def open_or_plan_repository(
    store: Store,
    home: Home,
    *,
    version: str,
    passphrase: Passphrase | None = None,
    new_store: bool = False,
    allow_weak: bool = False,
) -> Repository:
    """As above, but a new one exists from its `make` on, which raises Conflict if that comes too late."""
    if Config.read(store) is None:
        if not new_store:
            _refuse_vanished(store, home)
        given = given_passphrase(passphrase)
        return plan_repository(store, home, version=version, passphrase=given, allow_weak=allow_weak)
    return open_repository(store, home, version=version, passphrase=passphrase)
