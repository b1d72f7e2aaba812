"""The methods on the database itself: go back, what can be gone back to, and which databases there are."""

from __future__ import annotations

from functools import partial

from reprieve.core.job import Job
from reprieve.core.operations import Operation

from .. import wire
from ..wire import shaped
from .call import Call
from .carrying_out import carried_out
from .errors import CANCELLED, CONFIRMATION_REQUIRED, Refused
from .methods import Method
from .plans import unconfirmed
from .shapes import Database, Databases, ForgetUndo, Nothing, Revert, Started, UndoCopies


async def _revert(call: Call, asked: Revert) -> Job | Started:
    """Undo the last restoration; what was written since is kept. The answer is the job."""
    if not asked.confirm:
        raise Refused(unconfirmed("A revert replaces the whole database"))
    return await carried_out(call, asked, "Reverting", partial(call.library.revert, asked.undo))


async def _undo_copies(call: Call, asked: Nothing) -> UndoCopies:
    """What a revert can go back to, newest first."""
    return UndoCopies(tuple(shaped(copy) for copy in await call.library.undo_copies()))


async def _forget_undo(call: Call, asked: ForgetUndo) -> None:
    """Drop an undo copy for good."""
    if not asked.confirm:
        raise Refused(unconfirmed("This drops an undo copy for good"))
    await call.library.forget_undo(asked.undo)


async def _list(call: Call, asked: Nothing) -> Databases:
    """The databases that their owner has registered on this machine."""
    from reprieve.transports.local.home import Home
    from reprieve.transports.local.registered import RegisteredDatabases

    found = RegisteredDatabases(Home.find()).all()
    return Databases(tuple(Database(one.path, one.store) for one in found))


METHODS = (
    Method(
        name="database/revert",
        handler=_revert,
        summary="Undo the last restoration",
        params=Revert,
        gives=wire.Job | Started,
        operation=Operation.REVERT,
        errors=(1404, CONFIRMATION_REQUIRED, CANCELLED, 1409, 1423, 1507),
        starts_job=True,
    ),
    Method(
        name="database/undoCopies",
        handler=_undo_copies,
        summary="List what a revert can go back to",
        params=Nothing,
        gives=UndoCopies,
        operation=Operation.UNDO_COPIES,
    ),
    Method(
        name="database/forgetUndo",
        handler=_forget_undo,
        summary="Drop an undo copy for good",
        params=ForgetUndo,
        gives=None,
        operation=Operation.FORGET_UNDO,
        errors=(1404, CONFIRMATION_REQUIRED),
    ),
    Method(
        name="database/list",
        handler=_list,
        summary="List the registered databases",
        params=Nothing,
        gives=Databases,
    ),
)
