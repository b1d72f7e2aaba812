"""The reducer: all states by all messages; pure, counted, and the same when it is replayed."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import IllegalTransition, Problem
from reprieve.core.job import Backup, Job, JobKind, Progress, UndoCopy
from reprieve.core.lifecycle import OUTCOMES, JobState, Outcome, Trigger
from reprieve.core.messages import (
    Abort,
    Begin,
    Cancel,
    Cancelled,
    Completed,
    Effect,
    Failed,
    Interrupted,
    Message,
    Noted,
    Progressed,
    Recover,
    Start,
    StartAgain,
)
from reprieve.core.reducer import reduce

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BACKUP = Backup("b1", "1", "t", AT, 1, "db", "device", "linux")
UNDO = UndoCopy("u1", "db", AT, 1, "restored", "j")
PROBLEM = Problem("unreachable", "Nobody answers.", temporary=True)

progresses = st.builds(
    Progress, st.sampled_from(["", "copy"]), st.integers(-10, 10**12), st.integers(-1, 10**12)
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.just(Start(AT)),
    st.just(Cancel(AT)),
    st.builds(Progressed, progresses),
    st.builds(
        Noted,
        st.sampled_from(["a", "b"]),
        st.dictionaries(st.sampled_from("xyz"), st.integers()),
        st.sampled_from([None, BACKUP]),
        st.sampled_from([None, UNDO]),
        st.just(AT),
    ),
    st.builds(
        Completed,
        st.sampled_from([None, BACKUP]),
        st.sampled_from([None, UNDO]),
        st.booleans(),
        st.just(AT),
    ),
    st.just(Cancelled(AT)),
    st.just(Failed(PROBLEM, AT)),
    st.builds(Interrupted, st.just(PROBLEM), st.floats(0, 30), st.just(AT)),
)


def a_job(state: JobState = JobState.IDLE) -> Job:
    return Job("j", JobKind.RESTORATION, "db", AT, state=state, percentage=40.0, version=3)


@pytest.mark.parametrize("state", JobState)
@given(message=messages)
def test_every_state_takes_what_the_table_allows_and_nothing_else(state: JobState, message: Message) -> None:
    job = a_job(state)
    before = attrs.asdict(job)

    if (state, message.trigger) in OUTCOMES:
        after, _ = reduce(job, message)
        assert isinstance(after, Job)
    else:
        with pytest.raises(IllegalTransition):
            reduce(job, message)
    assert before == attrs.asdict(job)


@pytest.mark.parametrize(
    ("state", "message", "target", "outcome", "effects"),
    [
        ("idle", Start(AT), "running", None, (Begin(),)),
        ("idle", Cancel(AT), "done", Outcome.CANCELLED, ()),
        ("running", Cancel(AT), "cancelling", None, (Abort(),)),
        ("cancelling", Cancel(AT), "cancelling", None, ()),
        ("running", Completed(BACKUP), "done", Outcome.COMPLETED, ()),
        ("running", Completed(BACKUP, revocable=True), "done", Outcome.COMPLETED, ()),
        ("cancelling", Completed(BACKUP), "done", Outcome.COMPLETED, ()),
        ("cancelling", Completed(BACKUP, revocable=True), "cancelling", None, ()),
        ("cancelling", Cancelled(AT), "done", Outcome.CANCELLED, ()),
        ("running", Failed(PROBLEM), "failed", None, ()),
        ("cancelling", Failed(PROBLEM), "failed", None, ()),
        ("running", Interrupted(PROBLEM, 2.0), "idle", None, (StartAgain(2.0),)),
        ("cancelling", Interrupted(PROBLEM, 2.0), "cancelling", None, (Recover(2.0),)),
    ],
)
def test_what_follows(
    state: str, message: Message, target: str, outcome: Outcome | None, effects: tuple[Effect, ...]
) -> None:
    job, asked = reduce(a_job(JobState(state)), message)

    assert (target, outcome, effects) == (job.state, job.outcome, asked)


def test_a_completed_job_is_whole() -> None:
    job, _ = reduce(a_job(JobState.RUNNING), Completed(BACKUP, UNDO, at=AT))

    expected = (100.0, BACKUP, UNDO, AT, None)
    assert expected == (job.percentage, job.backup, job.undo, job.ended, job.error)


def test_notes_are_added_to_those_of_before_and_results_are_kept() -> None:
    job, _ = reduce(a_job(JobState.RUNNING), Noted("one", {"a": 1, "b": 1}, BACKUP, UNDO))
    job, _ = reduce(job, Noted("two", {"b": 2}))

    assert ("two", {"a": 1, "b": 2}, BACKUP, UNDO) == (job.step, job.notes, job.backup, job.undo)


def test_a_job_is_known_by_every_id_that_its_backup_has_had() -> None:
    first, second, last = (attrs.evolve(BACKUP, id=id) for id in ("first", "second", "last"))

    job, _ = reduce(a_job(JobState.RUNNING), Noted("create", backup=first))
    job, _ = reduce(job, Interrupted(PROBLEM, 1.0))
    job, _ = reduce(job, Start(AT))
    job, _ = reduce(job, Noted("create", backup=second))
    job, _ = reduce(job, Noted("create", backup=second))
    job, _ = reduce(job, Completed(last))

    assert (last, ("first", "second")) == (job.backup, job.former_ids)
    assert [True, True, True, False] == [job.is_of(id) for id in ("first", "second", "last", "another")]


def test_an_interrupted_attempt_says_why_until_the_job_ends() -> None:
    idle, _ = reduce(a_job(JobState.RUNNING), Interrupted(PROBLEM, 1.0))
    running, _ = reduce(idle, Start(AT))
    done, _ = reduce(running, Completed(BACKUP))

    assert (2, PROBLEM) == (idle.attempt, idle.error)
    assert (2, PROBLEM) == (running.attempt, running.error)
    assert (2, None) == (done.attempt, done.error)


@given(st.lists(messages, max_size=40))
def test_percentages_never_fall_and_versions_count_what_the_journal_keeps(told: list[Message]) -> None:
    """Also: folding only what was journalled gives the same job, but for its progress."""
    first = live = Job("j", JobKind.CREATION, "db", AT)
    journalled = []
    for message in told:
        try:
            after, _ = reduce(live, message)
        except IllegalTransition:
            continue
        assert 0.0 <= live.percentage <= after.percentage <= 100.0
        counted = (after is not live and message.trigger is not Trigger.PROGRESSED) or isinstance(
            message, Noted
        )
        assert live.version + counted == after.version
        if counted:
            journalled.append(message)
        live = after

    replayed = first
    for message in journalled:
        replayed, _ = reduce(replayed, message)

    assert attrs.evolve(live, progress=Progress(), percentage=0.0) == attrs.evolve(replayed, percentage=0.0)
