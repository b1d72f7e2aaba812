"""The lifecycle of a job: its states, what can happen to it, and the one table that joins them.

A job waits (idle), works (running), may be asked to stop (cancelling), and ends (done, failed).
Every change of state in reprieve is a row of TABLE; what is not a row is an IllegalTransition
and changes nothing. This is the only file that knows the `transitions` library, which executes
the rows that change a state; rows that stay are checked against the table itself. One plain
Machine serves all jobs: `AsyncMachine` was tried and drops a trigger when another comes, and a
registered model per job is memory that never comes back.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import attrs

from .errors import IllegalTransition, InvalidRequest

if TYPE_CHECKING:
    from transitions import Machine


class JobState(StrEnum):
    """Where a job is; `done` and `failed` are final."""

    IDLE = "idle"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether nothing can happen to the job any more."""
        return self in FINAL


class Trigger(StrEnum):
    """What can happen to a job."""

    START = "start"
    PROGRESSED = "progressed"
    CANCEL = "cancel"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Outcome(StrEnum):
    """How a job that is done ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"


@attrs.frozen
class Row:
    """One row of the table: on `trigger`, `source` becomes `target`, with `outcome` if it ends so."""

    trigger: Trigger
    source: JobState
    target: JobState
    outcome: Outcome | None = None
    note: str = ""


_T, _S = Trigger, JobState

TABLE: tuple[Row, ...] = (
    Row(_T.START, _S.IDLE, _S.RUNNING),
    Row(_T.PROGRESSED, _S.RUNNING, _S.RUNNING),
    Row(_T.PROGRESSED, _S.CANCELLING, _S.CANCELLING),
    Row(_T.CANCEL, _S.IDLE, _S.DONE, Outcome.CANCELLED),
    Row(_T.CANCEL, _S.RUNNING, _S.CANCELLING),
    Row(_T.CANCEL, _S.CANCELLING, _S.CANCELLING, note="asking twice is not an error"),
    Row(_T.CANCELLED, _S.CANCELLING, _S.DONE, Outcome.CANCELLED),
    Row(_T.COMPLETED, _S.RUNNING, _S.DONE, Outcome.COMPLETED),
    Row(_T.COMPLETED, _S.CANCELLING, _S.DONE, Outcome.COMPLETED, note="the cancel came too late"),
    Row(_T.FAILED, _S.RUNNING, _S.FAILED),
    Row(_T.FAILED, _S.CANCELLING, _S.FAILED),
    Row(_T.INTERRUPTED, _S.RUNNING, _S.IDLE, note="nothing was done; it may start again"),
    Row(_T.INTERRUPTED, _S.CANCELLING, _S.CANCELLING, note="recovery goes on cancelling"),
)

FINAL = frozenset({JobState.DONE, JobState.FAILED})
OUTCOMES = {(row.source, row.trigger): row.outcome for row in TABLE}
_STAYS = frozenset((row.source, row.trigger) for row in TABLE if row.source == row.target)


class _Cursor:
    """The one slot that the machine moves; a fresh one for each call, so nothing is shared."""

    __slots__ = ("state",)

    def __init__(self, state: JobState) -> None:
        self.state: str = state.value


@cache
def _machine() -> Machine:
    from transitions import Machine  # late: importing reprieve must not cost what running a job does

    machine = Machine(
        model=None, states=[state.value for state in JobState], initial=None, auto_transitions=False
    )
    for row in TABLE:
        if row.source != row.target:
            machine.add_transition(row.trigger.value, row.source.value, row.target.value)
    return machine


def advance(state: JobState | str, trigger: Trigger | str) -> JobState:
    """The state that follows `state` on `trigger`; plain strings are taken too.

    Raises IllegalTransition, and changes nothing, where the table has no such row, and InvalidRequest
    for a word that is no state or no trigger.
    """
    try:
        state, trigger = JobState(state), Trigger(trigger)
    except ValueError as error:
        raise InvalidRequest(f"The lifecycle has no such word: {error}.") from error
    if (state, trigger) in _STAYS:
        return state
    if (state, trigger) not in OUTCOMES:
        raise IllegalTransition(f"A job that is {state} cannot take '{trigger}'; nothing was changed.")
    cursor = _Cursor(state)
    _machine().events[trigger.value].trigger(cursor)
    return JobState(cursor.state)
