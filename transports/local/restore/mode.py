"""Leaving WAL mode for a restoration that cannot be made in it, and going back.

SQLite changes the page size of a database only in rollback mode, and leaves WAL mode only for the one
connection that nobody shares the database with: that it succeeds proves that nobody does.
"""

from __future__ import annotations

import apsw

from ....core.errors import BadTarget
from ..failpoints import reach
from .connections import Patience, checkpoint_on_close, live
from .target import Target


def leave_wal(target: Target, patience: Patience) -> None:
    """Put the target into rollback mode. Raises BadTarget while another program has it open."""
    try:
        _set_mode(target, patience, "delete")
    except apsw.BusyError:
        raise BadTarget(
            f"The backup's page size is not that of {target.path}, which another program has open in WAL "
            "mode; close every program that uses it, then try again."
        ) from None
    reach("mode.left")


def return_to_wal(target: Target, patience: Patience) -> None:
    """Put the target back into WAL mode, unless somebody who opened it meanwhile is using it.

    That one has it in rollback mode, in which nothing is lost; the next program that asks for WAL gets it.
    """
    try:
        _set_mode(target, patience, "wal")
    except apsw.BusyError:
        return
    reach("mode.returned")


def _set_mode(target: Target, patience: Patience, mode: str) -> None:
    with live(target.file, patience) as connection:
        checkpoint_on_close(connection)
        connection.pragma("journal_mode", mode)
