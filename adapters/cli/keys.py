"""`reprieve key`: the key of a repository; its recovery code, passphrases, and bringing one in."""

from __future__ import annotations

import os
from argparse import Namespace

from reprieve.core.errors import InvalidRequest, NotFound

from .asking import secret
from .opening import place_of
from .output import Output
from .parser import Commands
from .recovery_code import indented, shown_code

NEW_PASSPHRASE_VARIABLE = "REPRIEVE_NEW_PASSPHRASE"
CODE_VARIABLE = "REPRIEVE_RECOVERY_CODE"

ALLOW_WEAK = "take a passphrase of less than 10 characters"


def add_to(commands: Commands) -> None:
    """Join the command line."""
    group = commands.group(
        "key", "The key that the backups of a store are encrypted with.", example="reprieve key show"
    )
    group.add(
        "show", show, "Show the recovery code: keep it where you keep passwords.", example="reprieve key show"
    )
    parser = group.add(
        "add-passphrase",
        add_passphrase,
        "Let a passphrase open the store too, where its key is not at hand.",
        secret=f"a passphrase is asked for, or read from {NEW_PASSPHRASE_VARIABLE}",
        more=f"It is asked for, or taken from {NEW_PASSPHRASE_VARIABLE}, or else from\n"
        "REPRIEVE_PASSPHRASE, which opens the store where its key is not at hand.",
        example="reprieve key add-passphrase --store /mnt/backups",
    )
    parser.add_argument("--allow-weak", action="store_true", help=ALLOW_WEAK)
    group.add(
        "import",
        import_key,
        "Bring a store's key to this machine, by its recovery code.",
        secret=f"the recovery code is asked for, or read from {CODE_VARIABLE}",
        more=f"The code is asked for, or taken from {CODE_VARIABLE}.",
        example="reprieve key import --store /mnt/backups",
    )


async def show(asked: Namespace, output: Output) -> None:
    """The recovery code, in words for people or as a member."""
    code = shown_code(place_of(asked))
    output.result({"recoveryCode": code}, lambda: indented(code))


async def add_passphrase(asked: Namespace, output: Output) -> None:
    """Ask twice, and add it."""
    place = place_of(asked)
    repository = place.repository()
    passphrase = _new_passphrase(asked)
    repository.add_passphrase(passphrase, allow_weak=asked.allow_weak)
    warn_of_weak(passphrase, output)
    output.result({"repository": repository.id}, lambda: f"The passphrase opens the store {place.store} now.")


async def import_key(asked: Namespace, output: Output) -> None:
    """Check the code against the repository, and keep its key."""
    from reprieve.transports.local.keys import import_code
    from reprieve.transports.local.repository.config import Config
    from reprieve.transports.local.stores import open_store

    place = place_of(asked)
    store = open_store(place.store)
    config = Config.read(store)
    if config is None:
        raise NotFound(f"There is no repository in {place.store}; check the name.")
    code = os.environ.get(CODE_VARIABLE) or secret(
        "Recovery code: ", json=asked.json, instead=f"give the code in {CODE_VARIABLE}"
    )
    import_code(store, place.home, config, code)
    output.result(
        {"repository": config.id}, lambda: f"The key of the store {place.store} is on this machine now."
    )


def warn_of_weak(passphrase: str | None, output: Output) -> None:
    """Say what --allow-weak has allowed, if anything."""
    from reprieve.transports.local.repository.config import LEAST_PASSPHRASE

    if passphrase and len(passphrase) < LEAST_PASSPHRASE:
        output.say(
            "A short passphrase is soon guessed by a thief of the store, who can try as many as they like: "
            "add a longer one, and keep the store where others cannot copy it."
        )


def _new_passphrase(asked: Namespace) -> str:
    from reprieve.transports.local.keys import given_passphrase

    given = os.environ.get(NEW_PASSPHRASE_VARIABLE) or given_passphrase()
    if given:
        return given
    instead = f"give the passphrase in {NEW_PASSPHRASE_VARIABLE}"
    first = secret("New passphrase: ", json=asked.json, instead=instead)
    if secret("The same again: ", json=asked.json, instead=instead) != first:
        raise InvalidRequest("The two are not the same; nothing was changed.")
    return first
