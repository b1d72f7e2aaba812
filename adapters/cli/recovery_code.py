"""The recovery code of a repository: whether it still has to be shown, and showing it.

A code is shown once, on a terminal, to a person; never to a program, a pipe or a log.
"""

from __future__ import annotations

import sys

from reprieve.transports.local.place import Place

from .screen import show

KEEP_IT = """
This is the first backup into a new store, and it is encrypted. Its key is kept on
this machine. If you lose the machine, this recovery code is the only way to your
backups: write it down, or put it into your password manager, now.

{code}

`reprieve key show` shows it again; `reprieve key add-passphrase` adds a passphrase."""


def recovery_code_pending(place: Place) -> bool:
    """Whether nobody has been shown the recovery code of the repository there."""
    from reprieve.transports.local.keys import code_pending
    from reprieve.transports.local.repository.config import Config
    from reprieve.transports.local.stores import open_store

    config = Config.read(open_store(place.store))
    return config is not None and code_pending(place.home, config.id)


def offer_recovery_code(place: Place, *, json: bool) -> None:
    """Show the code to whoever sits at the terminal, if nobody has seen it yet."""
    if json or not sys.stdout.isatty() or not recovery_code_pending(place):
        return
    show(KEEP_IT.format(code=indented(shown_code(place))), sys.stdout)


def shown_code(place: Place) -> str:
    """The recovery code, from now on not pending any more. Raises NotFound, KeyRequired."""
    from reprieve.transports.local.keys import recovery_code, remember_code_shown

    repository = place.repository()
    code = recovery_code(repository.master)
    remember_code_shown(place.home, repository.id)
    return code


def indented(code: str) -> str:
    """The code in lines of seven groups: 80 columns are enough, and nothing is cut."""
    groups = code.split("-")
    lines = ("-".join(groups[at : at + 7]) for at in range(0, len(groups), 7))
    return "\n".join(f"    {line}" for line in lines)
